package io.penstock.transport.tls;

import io.netty.handler.codec.quic.QuicSslContext;
import io.netty.handler.codec.quic.QuicSslContextBuilder;
import io.netty.handler.ssl.util.InsecureTrustManagerFactory;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.List;
import javax.net.ssl.SSLException;

/// TLS for QUIC (RFC 9001) at both ends; it is always version 1.3, and without a protocol in common
/// there is no connection.
public final class QuicTls {

  private QuicTls() {}

  /// Makes a server's context that shows this chain and selects from these protocols.
  ///
  /// @param chain the leaf first; for clients that pin our authority it has to hold that too
  public static QuicSslContext server(
      PrivateKey key, List<X509Certificate> chain, List<String> protocols) {
    return QuicSslContextBuilder.forServer(key, null, chain.toArray(X509Certificate[]::new))
        .applicationProtocols(protocols.toArray(String[]::new))
        .build();
  }

  /// Makes a client's context that offers these protocols.
  ///
  /// @throws SSLException when the certificate file cannot be read, with the file in its message
  public static QuicSslContext client(Trust trust, List<String> protocols) throws SSLException {
    QuicSslContextBuilder builder =
        QuicSslContextBuilder.forClient()
            .applicationProtocols(protocols.toArray(String[]::new))
            .endpointIdentificationAlgorithm(trust.checksName() ? "HTTPS" : "");
    switch (trust) {
      case Trust.SystemRoots() -> {
        // The builder's default.
      }
      case Trust.CaFile(var file) -> builder.trustManager(ClientTls.authorities(file));
      case Trust.Pinned(var fingerprint) ->
          builder.trustManager(new PinnedTrustManager(fingerprint));
      case Trust.Anybody() -> builder.trustManager(InsecureTrustManagerFactory.INSTANCE);
    }
    return builder.build();
  }
}
