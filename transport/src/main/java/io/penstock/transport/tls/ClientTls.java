package io.penstock.transport.tls;

import io.netty.buffer.ByteBufAllocator;
import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.util.InsecureTrustManagerFactory;
import io.penstock.transport.NativeSupport;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;

/// The client's half of TLS: one trust decision and one list of protocols, for many connections.
public final class ClientTls {

  private final SslContext context;
  private final Trust trust;

  private ClientTls(SslContext context, Trust trust) {
    this.context = context;
    this.trust = trust;
  }

  /// Makes a context that offers the protocols in order of preference (RFC 7301); none is fine.
  ///
  /// @throws SSLException when the certificate file cannot be read, with the file in its message
  public static ClientTls of(Trust trust, List<String> protocols) throws SSLException {
    SslContextBuilder builder =
        SslContextBuilder.forClient()
            .sslProvider(NativeSupport.sslProvider())
            .protocols(TlsVersions.ALL)
            .endpointIdentificationAlgorithm(trust.checksName() ? "HTTPS" : "");
    switch (trust) {
      case Trust.SystemRoots() -> {
        // The builder's default.
      }
      case Trust.CaFile(var file) -> {
        if (!Files.isReadable(file)) {
          throw new SSLException("cannot read the CA file " + file);
        }
        try {
          builder.trustManager(file.toFile());
        } catch (IllegalArgumentException e) {
          throw new SSLException("no certificate in the CA file " + file, e);
        }
      }
      case Trust.Pinned(var fingerprint) ->
          builder.trustManager(new PinnedTrustManager(fingerprint));
      case Trust.Anybody() -> builder.trustManager(InsecureTrustManagerFactory.INSTANCE);
    }
    if (!protocols.isEmpty()) {
      builder.applicationProtocolConfig(TlsVersions.alpn(protocols));
    } else {
      builder.applicationProtocolConfig(ApplicationProtocolConfig.DISABLED);
    }
    return new ClientTls(builder.build(), trust);
  }

  /// Makes the same trust decision for a client that uses the JDK's TLS, such as `java.net.http`.
  ///
  /// @throws SSLException when the certificate file cannot be read, with the file in its message
  public static SSLContext jdkContext(Trust trust) throws SSLException {
    try {
      TrustManager[] managers =
          switch (trust) {
            case Trust.SystemRoots() -> null;
            case Trust.CaFile(var file) -> trustManagers(file);
            case Trust.Pinned(var fingerprint) ->
                new TrustManager[] {new PinnedTrustManager(fingerprint)};
            case Trust.Anybody() -> InsecureTrustManagerFactory.INSTANCE.getTrustManagers();
          };
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(null, managers, null);
      return context;
    } catch (GeneralSecurityException e) {
      throw new SSLException("cannot set up TLS: " + e.getMessage(), e);
    }
  }

  private static TrustManager[] trustManagers(Path file)
      throws GeneralSecurityException, SSLException {
    return factory(file).getTrustManagers();
  }

  /// Trusts the authorities in a PEM file.
  ///
  /// @throws SSLException when the file cannot be read or holds none, with the file in its message
  static TrustManagerFactory authorities(Path file) throws SSLException {
    try {
      return factory(file);
    } catch (GeneralSecurityException e) {
      throw new SSLException("no certificate in the CA file " + file, e);
    }
  }

  private static TrustManagerFactory factory(Path file)
      throws GeneralSecurityException, SSLException {
    KeyStore roots = KeyStore.getInstance(KeyStore.getDefaultType());
    try (InputStream in = Files.newInputStream(file)) {
      roots.load(null, null);
      int number = 0;
      for (var each : CertificateFactory.getInstance("X.509").generateCertificates(in)) {
        roots.setCertificateEntry("ca-" + number++, each);
      }
    } catch (IOException e) {
      throw new SSLException("cannot read the CA file " + file, e);
    }
    TrustManagerFactory factory =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    factory.init(roots);
    return factory;
  }

  /// Makes the handler for one connection.
  ///
  /// @param host the server's name, for SNI and, where the trust asks for it, the name check
  /// @param limit how long the handshake may take before it fails and the connection closes
  public SslHandler handler(ByteBufAllocator allocator, String host, int port, Duration limit) {
    SslHandler handler = context.newHandler(allocator, host, port);
    handler.setHandshakeTimeout(limit.toNanos(), TimeUnit.NANOSECONDS);
    SSLEngine engine = handler.engine();
    SSLParameters parameters = engine.getSSLParameters();
    parameters.setEndpointIdentificationAlgorithm(trust.checksName() ? "HTTPS" : "");
    engine.setSSLParameters(parameters);
    return handler;
  }
}
