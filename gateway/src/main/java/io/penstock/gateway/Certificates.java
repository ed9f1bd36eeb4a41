package io.penstock.gateway;

import io.netty.handler.codec.quic.QuicSslContext;
import io.netty.handler.ssl.SslContext;
import io.netty.util.AsyncMapping;
import io.penstock.api.tunnel.TunnelNames;
import io.penstock.gateway.certificate.CertificateAuthority;
import io.penstock.gateway.certificate.GatewayCertificate;
import io.penstock.gateway.certificate.Identity;
import io.penstock.gateway.certificate.VisitorCertificates;
import io.penstock.gateway.config.GatewayConfig;
import io.penstock.transport.tls.Fingerprint;
import io.penstock.transport.tls.QuicTls;
import io.penstock.transport.tls.ServerTls;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.function.Predicate;

/// What the gateway's listeners show of themselves: certificates from files where the configuration
/// names them, from the own authority elsewhere.
final class Certificates {

  private static final List<String> AGENT_PROTOCOLS =
      List.of(TunnelNames.ALPN_AGENT, TunnelNames.ALPN_CLIENT_API);
  private static final List<String> VISITOR_PROTOCOLS = List.of("http/1.1");

  private final GatewayConfig config;
  private final CertificateAuthority authority;
  private final Identity agents;
  private final Optional<Identity> admin;

  private Certificates(
      GatewayConfig config,
      CertificateAuthority authority,
      Identity agents,
      Optional<Identity> admin) {
    this.config = config;
    this.authority = authority;
    this.agents = agents;
    this.admin = admin;
  }

  static Certificates of(GatewayConfig config, Path directory, Clock clock) throws IOException {
    CertificateAuthority authority = CertificateAuthority.loadOrCreate(directory, clock);
    Optional<Identity> given = fromFiles(config.tunnel().certificate(), config.tunnel().key());
    Identity agents =
        given.isPresent()
            ? given.get()
            : GatewayCertificate.loadOrIssue(
                directory, authority, config.gateway().hostname(), clock);
    return new Certificates(
        config, authority, agents, fromFiles(config.admin().certificate(), config.admin().key()));
  }

  private static Optional<Identity> fromFiles(Optional<Path> certificate, Optional<Path> key)
      throws IOException {
    return certificate.isPresent() && key.isPresent()
        ? Optional.of(Identity.read(certificate.get(), key.get()))
        : Optional.empty();
  }

  /// The own authority, which certifies nodes whatever agents meet.
  CertificateAuthority authority() {
    return authority;
  }

  /// The own authority, if agents meet a certificate of it.
  Optional<CertificateAuthority> ownAuthority() {
    return config.tunnel().certificate().isPresent() ? Optional.empty() : Optional.of(authority);
  }

  /// The fingerprint by which agents may pin this gateway, if its certificate is of its own
  /// authority: that of another one changes when it likes.
  Optional<String> fingerprint() {
    return ownAuthority().map(own -> Fingerprint.of(own.certificate()).toString());
  }

  SslContext forAgents() throws IOException {
    return ServerTls.context(agents.key(), agents.chain(), AGENT_PROTOCOLS);
  }

  QuicSslContext forNodes() {
    return QuicTls.server(agents.key(), agents.chain(), List.of(TunnelNames.ALPN_NODE));
  }

  Optional<SslContext> forAdmin() throws IOException {
    return admin.isPresent()
        ? Optional.of(ServerTls.context(admin.get().key(), admin.get().chain(), VISITOR_PROTOCOLS))
        : Optional.empty();
  }

  /// The fingerprint of the admin listener's own certificate, if it speaks TLS.
  Optional<Fingerprint> adminFingerprint() {
    return admin.map(identity -> Fingerprint.of(identity.chain().getFirst()));
  }

  AsyncMapping<String, SslContext> forVisitors(Predicate<String> hasRoute, Executor executor)
      throws IOException {
    Optional<Identity> given = fromFiles(config.ingress().certificate(), config.ingress().key());
    if (given.isPresent()) {
      SslContext one = ServerTls.context(given.get().key(), given.get().chain(), VISITOR_PROTOCOLS);
      return (_, promise) -> promise.setSuccess(one);
    }
    return new VisitorCertificates(authority, hasRoute, VISITOR_PROTOCOLS, executor);
  }
}
