package io.penstock.node;

import io.penstock.api.HostPort;
import io.penstock.api.IssuedCertificate;
import io.penstock.api.client.SessionClient;
import io.penstock.node.identity.NodeIdentity;
import io.penstock.node.serve.CertificateSource;
import io.penstock.node.serve.GatewayCertificates;
import io.penstock.node.tunnel.PacketTunnel;
import io.penstock.transport.tls.Trust;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.InstantSource;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;

/// The certificates of a node: of its own source, or those for which it asks the gateway, each time
/// over a connection of its own. Any thread may call this, and is blocked.
final class NodeCertificates implements GatewayCertificates.Authority, AutoCloseable {

  /// In the state directory.
  private static final String FILE = "certificate.pem";

  private final NodeConfig config;
  private final NodeIdentity identity;
  private final Supplier<PacketTunnel> tunnel;
  private final CertificateSource source;

  // Guarded by this.
  private final Set<SessionClient> asking = new HashSet<>();
  private boolean closed;

  /// @param tunnel which is not asked for before a certificate is
  /// @param ownName the node's full name, once it is known
  NodeCertificates(
      NodeConfig config,
      NodeIdentity identity,
      Supplier<PacketTunnel> tunnel,
      Supplier<Optional<String>> ownName)
      throws IOException {
    this.config = config;
    this.identity = identity;
    this.tunnel = tunnel;
    source = config.certificates().isPresent() ? config.certificates().get() : issued(ownName);
  }

  private CertificateSource issued(Supplier<Optional<String>> ownName) throws IOException {
    InstantSource clock = InstantSource.system();
    if (config.state().isEmpty()) {
      return new GatewayCertificates(ownName, this, clock);
    }
    Path file = config.state().get().resolve(FILE);
    return new GatewayCertificates(
        ownName,
        this,
        clock,
        new GatewayCertificates.Kept(file, known(config.gateway(), config.trust())));
  }

  /// One line that says how the gateway is known; with another authority in the same file it is
  /// another gateway.
  static String known(HostPort gateway, Trust trust) throws IOException {
    String known = gateway + ", " + trust;
    return trust instanceof Trust.CaFile(Path file) ? known + ", " + digest(file) : known;
  }

  private static String digest(Path file) throws IOException {
    try {
      byte[] digest = MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(file));
      return HexFormat.of().formatHex(digest);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }

  /// Where the node's certificates come from.
  CertificateSource source() {
    return source;
  }

  @Override
  public IssuedCertificate certify(String csr) throws IOException {
    try {
      return ask(csr);
    } catch (RuntimeException e) {
      // The token's supplier and the look-up of the gateway are the owner's code.
      String why = e.getMessage() == null ? e.toString() : e.getMessage();
      throw new IOException("cannot ask the gateway for a certificate: " + why, e);
    }
  }

  private IssuedCertificate ask(String csr) throws IOException {
    String token = tunnel.get().apiToken();
    SessionClient client = new SessionClient(tunnel.get().access(), token, InstantSource.system());
    begin(client);
    try {
      return identity.certify(client, config.name(), csr);
    } finally {
      end(client);
    }
  }

  private synchronized void begin(SessionClient client) throws IOException {
    if (closed) {
      client.close();
      throw new IOException("the node was closed");
    }
    asking.add(client);
  }

  private synchronized void end(SessionClient client) {
    asking.remove(client);
    client.close();
  }

  /// Ends the requests that are on their way.
  @Override
  public synchronized void close() {
    closed = true;
    asking.forEach(SessionClient::close);
  }
}
