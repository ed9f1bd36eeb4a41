package io.penstock.gateway.certificate;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.netty.handler.ssl.SslContext;
import io.netty.util.AsyncMapping;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;
import io.penstock.transport.tls.ServerTls;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Predicate;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/// The certificates that visitors see: one per host name (SNI, RFC 6066), issued by the own
/// authority when a visitor first asks for it, and only for names that have a route.
///
/// Called on event loops; the signature is made on the executor and the handshake waits for it
/// without holding the loop.
public final class VisitorCertificates implements AsyncMapping<String, SslContext> {

  /// Names kept at most; a wildcard route makes any number of them possible.
  private static final int MAX_NAMES = 1024;

  /// A kept certificate is issued anew long before it runs out.
  private static final Duration KEPT = Duration.ofDays(30);

  private final CertificateAuthority authority;
  private final Predicate<String> hasRoute;
  private final List<String> protocols;
  private final Executor executor;
  private final Cache<String, SslContext> contexts =
      Caffeine.newBuilder().maximumSize(MAX_NAMES).expireAfterWrite(KEPT).build();

  /// @param hasRoute says for a lower-case host whether a route answers for it; called on event
  ///   loops
  /// @param protocols the application protocols that the listener speaks
  public VisitorCertificates(
      CertificateAuthority authority,
      Predicate<String> hasRoute,
      List<String> protocols,
      Executor executor) {
    this.authority = authority;
    this.hasRoute = hasRoute;
    this.protocols = List.copyOf(protocols);
    this.executor = executor;
  }

  @Override
  public Future<SslContext> map(@Nullable String serverName, Promise<SslContext> promise) {
    String host = serverName == null ? "" : serverName.toLowerCase(Locale.ROOT);
    if (!hasRoute.test(host)) {
      return promise.setFailure(new SSLException("no route for this host name"));
    }
    SslContext known = contexts.getIfPresent(host);
    if (known != null) {
      return promise.setSuccess(known);
    }
    try {
      executor.execute(() -> issue(host, promise));
    } catch (RejectedExecutionException e) {
      promise.tryFailure(e);
    }
    return promise;
  }

  private void issue(String host, Promise<SslContext> promise) {
    try {
      Identity identity = authority.issue(List.of(host), List.of());
      SslContext context = ServerTls.context(identity.key(), identity.chain(), protocols);
      contexts.put(host, context);
      promise.trySuccess(context);
    } catch (IOException e) {
      promise.tryFailure(e);
    }
  }
}
