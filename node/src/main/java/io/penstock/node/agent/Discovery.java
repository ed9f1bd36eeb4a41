package io.penstock.node.agent;

import io.netty.channel.EventLoop;
import io.penstock.api.HostPort;
import io.penstock.api.client.DiscoveryClient;
import io.penstock.transport.tls.ClientTls;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Asks a gateway, through the client API on its tunnel port, where its other doors are.
final class Discovery {

  private static final Logger LOG = LoggerFactory.getLogger(Discovery.class);

  private final AgentConfig config;
  private final EventLoop loop;
  private final ExecutorService blocking;

  Discovery(AgentConfig config, EventLoop loop, ExecutorService blocking) {
    this.config = config;
    this.loop = loop;
    this.blocking = blocking;
  }

  /// Finds the gateway's KCP address; empty when it has none or does not answer. The result comes
  /// on the event loop.
  void kcpAddress(Consumer<Optional<InetSocketAddress>> result) {
    try {
      blocking.execute(
          () -> {
            Optional<InetSocketAddress> found = ask();
            loop.execute(() -> result.accept(found));
          });
    } catch (RejectedExecutionException _) {
      result.accept(Optional.empty());
    }
  }

  private Optional<InetSocketAddress> ask() {
    return switch (config.security()) {
      case GatewaySecurity.Plaintext() -> Optional.empty();
      case GatewaySecurity.Tls(var trust) -> {
        var gateway = new HostPort(config.gateway().getHostString(), config.gateway().getPort());
        try (var client = new DiscoveryClient(gateway, ClientTls.jdkContext(trust))) {
          yield client
              .discover()
              .kcp()
              .map(kcp -> InetSocketAddress.createUnresolved(kcp.host(), kcp.port()));
        } catch (IOException e) {
          LOG.info("no discovery gateway={} cause=\"{}\"", gateway, e.getMessage());
          yield Optional.empty();
        }
      }
    };
  }
}
