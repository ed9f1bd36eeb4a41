package io.penstock.node.serve;

import io.netty.channel.Channel;
import io.penstock.api.PeerInfo;
import io.penstock.node.backend.BackendConfig;
import io.penstock.node.backend.BackendConnections;
import io.penstock.node.overlay.OverlayPorts;
import io.penstock.transport.relay.ExchangeLimits;
import io.penstock.transport.relay.HeadReader;
import io.penstock.transport.relay.HttpConnection;
import io.penstock.transport.tls.Trust;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.Optional;
import javax.net.ssl.SSLException;

/// What the ports of one [ServeManager] share. Any thread may call this.
record ServingParts(
    OverlayPorts node, ServeLimits limits, TlsContexts certificates, AcceptedConnections accepted) {

  /// The zone of the node's name; empty before it has joined for the first time.
  Optional<String> zone() {
    String label = node.name() + ".";
    return node.domainName()
        .filter(name -> name.startsWith(label))
        .map(name -> name.substring(label.length()));
  }

  Visitor visitor(Channel accepted) {
    return Visitor.of(accepted, node.whoIs(accepted));
  }

  HttpConnection.Limits connectionLimits() {
    return new HttpConnection.Limits(
        new HeadReader.Limits(limits.maxHeadBytes(), limits.maxHeaders(), limits.maxHeadBytes()),
        limits.headTimeout().toNanos(),
        limits.keepAliveTimeout().toNanos(),
        exchangeLimits().checkNanos(),
        limits.drainTimeout().toNanos(),
        limits.maxDrainBytes(),
        limits.stallTimeout().toNanos());
  }

  ExchangeLimits exchangeLimits() {
    return new ExchangeLimits(
        limits.connectTimeout().toNanos(),
        limits.bodyTimeout().toNanos(),
        limits.responseTimeout().toNanos(),
        limits.stallTimeout().toNanos(),
        limits.upgradedTimeout().toNanos());
  }

  /// @throws SSLException when the JDK has no trusted authorities
  BackendConnections backend(ProxyTarget target) throws SSLException {
    Optional<BackendConfig.Tls> tls =
        switch (target.tls()) {
          case NONE -> Optional.empty();
          case CHECKED ->
              Optional.of(new BackendConfig.Tls(new Trust.SystemRoots(), target.serverName()));
          case UNCHECKED ->
              Optional.of(new BackendConfig.Tls(new Trust.Anybody(), target.serverName()));
        };
    return new BackendConnections(config(target.address(), tls, limits.maxIdleConnections()));
  }

  /// A way to where bytes are forwarded.
  BackendConnections forward(SocketAddress address) throws SSLException {
    return new BackendConnections(config(address, Optional.empty(), 0));
  }

  /// A way to the embedder for one request.
  BackendConnections embedder(int port, String mount, Optional<PeerInfo> peer) {
    return new BackendConnections(
        config(InetSocketAddress.createUnresolved("127.0.0.1", 1), Optional.empty(), 0),
        accepted.dialer(port, mount, peer));
  }

  private BackendConfig config(
      SocketAddress address, Optional<BackendConfig.Tls> tls, int maxIdleConnections) {
    return new BackendConfig(
        address,
        tls,
        limits.maxHeadBytes(),
        limits.maxHeaders(),
        maxIdleConnections,
        limits.maxIdle(),
        limits.connectTimeout());
  }
}
