package io.penstock.node.serve;

import io.netty.handler.ssl.ApplicationProtocolNames;
import io.netty.handler.ssl.SslContext;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;
import io.penstock.transport.tls.ServerTls;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/// The TLS contexts by name, made anew when the [CertificateSource] has another certificate.
///
/// Any thread may call this.
final class TlsContexts {

  /// How long a certificate is shown before its source is asked again: files are looked at seldom
  /// enough not to be felt, and soon enough for whoever waits for a renewed one to be seen.
  private static final long FRESH_NANOS = Duration.ofSeconds(10).toNanos();

  /// What is negotiated inside of TLS.
  enum Inside {
    /// HTTP/2 or HTTP/1.1, by ALPN.
    HTTP,
    /// Bytes whose directions end one by one.
    BYTES
  }

  private record Key(String name, Inside inside) {}

  private record Made(
      CertificateSource.Certificate certificate, SslContext context, long atNanos) {}

  private final CertificateSource source;
  private final Map<Key, Made> made = new ConcurrentHashMap<>();

  TlsContexts(CertificateSource source) {
    this.source = source;
  }

  /// Makes the context now; blocks.
  ///
  /// @throws IOException when there is no certificate for the name
  SslContext require(String name, Inside inside) throws IOException {
    CertificateSource.Certificate certificate = source.certificate(name);
    Key key = new Key(name, inside);
    Made known = made.get(key);
    SslContext context =
        known != null && known.certificate().equals(certificate)
            ? known.context()
            : context(certificate, inside);
    made.put(key, new Made(certificate, context, System.nanoTime()));
    return context;
  }

  /// Finds the context for a handshake, perhaps on another thread.
  Future<SslContext> find(String name, Inside inside, Promise<SslContext> promise) {
    Made known = made.get(new Key(name, inside));
    if (known != null && System.nanoTime() - known.atNanos() < FRESH_NANOS) {
      return promise.setSuccess(known.context());
    }
    Thread.startVirtualThread(() -> findAgain(name, inside, known, promise));
    return promise;
  }

  private void findAgain(
      String name, Inside inside, @Nullable Made known, Promise<SslContext> promise) {
    try {
      promise.trySuccess(require(name, inside));
    } catch (IOException | RuntimeException e) {
      if (known == null) {
        promise.tryFailure(e);
      } else {
        // What was good a moment ago is better than no answer; its end is in itself.
        promise.trySuccess(known.context());
      }
    }
  }

  private static SslContext context(CertificateSource.Certificate certificate, Inside inside)
      throws IOException {
    return switch (inside) {
      case HTTP ->
          ServerTls.context(
              certificate.key(),
              certificate.chain(),
              List.of(ApplicationProtocolNames.HTTP_2, ApplicationProtocolNames.HTTP_1_1));
      case BYTES -> ServerTls.halfClosable(certificate.key(), certificate.chain());
    };
  }
}
