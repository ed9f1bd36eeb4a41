package io.penstock.transport.tls;

import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import io.penstock.transport.NativeSupport;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.List;
import javax.net.ssl.SSLException;

/// The server's half of TLS.
public final class ServerTls {

  private ServerTls() {}

  /// Makes a context that shows this chain and selects from these protocols (RFC 7301).
  ///
  /// A client that offers none of them is served without one; what that means, the caller decides.
  ///
  /// @param chain the leaf first; for clients that pin our authority it has to hold that too
  public static SslContext context(
      PrivateKey key, List<X509Certificate> chain, List<String> protocols) throws SSLException {
    return SslContextBuilder.forServer(key, chain.toArray(X509Certificate[]::new))
        .sslProvider(NativeSupport.sslProvider())
        .protocols(TlsVersions.ALL)
        .applicationProtocolConfig(TlsVersions.alpn(protocols))
        .build();
  }

  /// Makes a context on the JDK's engine, whose connections can end one direction under TLS 1.3
  /// (RFC 8446 section 6.1); it selects no protocol.
  ///
  /// @param chain the leaf first
  public static SslContext halfClosable(PrivateKey key, List<X509Certificate> chain)
      throws SSLException {
    return SslContextBuilder.forServer(key, chain.toArray(X509Certificate[]::new))
        .sslProvider(SslProvider.JDK)
        .protocols(TlsVersions.ALL)
        .build();
  }
}
