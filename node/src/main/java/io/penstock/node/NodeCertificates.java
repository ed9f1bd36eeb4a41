package io.penstock.node;

import io.penstock.api.IssuedCertificate;
import io.penstock.api.client.SessionClient;
import io.penstock.node.identity.NodeIdentity;
import io.penstock.node.serve.GatewayCertificates;
import java.io.IOException;
import java.time.InstantSource;
import java.util.HashSet;
import java.util.Set;
import javax.net.ssl.SSLContext;

/// Asks the gateway for certificates as the node, each time over a connection of its own. Any
/// thread may call this, and is blocked.
final class NodeCertificates implements GatewayCertificates.Authority, AutoCloseable {

  private final NodeConfig config;
  private final NodeIdentity identity;
  private final SSLContext tls;

  // Guarded by this.
  private final Set<SessionClient> asking = new HashSet<>();
  private boolean closed;

  NodeCertificates(NodeConfig config, NodeIdentity identity, SSLContext tls) {
    this.config = config;
    this.identity = identity;
    this.tls = tls;
  }

  @Override
  public IssuedCertificate certify(String csr) throws IOException {
    String token = config.token().get();
    SessionClient client = new SessionClient(config.gateway(), tls, token, InstantSource.system());
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
