package io.penstock.cli;

import io.penstock.node.identity.IdentityInUseException;
import io.penstock.node.identity.NodeIdentity;
import io.penstock.node.tunnel.PacketTunnel;
import io.penstock.node.tunnel.PacketTunnelConfig;
import io.penstock.node.tunnel.TunnelStatus;
import io.penstock.node.tunnel.TunnelStoppedException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.function.Consumer;

/// The tiny node as which `penstock ping` joins the overlay network, the same each time.
///
/// A gateway remembers every node that it has seen, so this one keeps its identity. Pings at the
/// same time, and pings as different users of the same gateway, are different nodes.
record PingNode(NodeIdentity identity, PacketTunnel tunnel) implements AutoCloseable {

  /// How many pings may run at the same time.
  private static final int MOST = 16;

  private static final int NAME_CHARS = 8;

  /// Joins the network.
  ///
  /// @param news is told each status of the tunnel
  static PingNode join(
      Console console, GatewayAccess.Resolved gateway, String token, Consumer<TunnelStatus> news)
      throws IOException, InterruptedException {
    Path directory = UserFiles.pingIdentity(console);
    for (int number = 1; number < MOST; number++) {
      try {
        return join(directory.resolve(Integer.toString(number)), gateway, token, news);
      } catch (IdentityInUseException _) {
        // Another ping runs as this node.
      } catch (TunnelStoppedException e) {
        if (!e.code().equals("wrong_user")) {
          throw e;
        }
      }
    }
    return join(directory.resolve(Integer.toString(MOST)), gateway, token, news);
  }

  private static PingNode join(
      Path directory, GatewayAccess.Resolved gateway, String token, Consumer<TunnelStatus> news)
      throws IOException, InterruptedException {
    NodeIdentity identity = NodeIdentity.open(directory);
    try {
      String name = "ping-" + identity.id().toString().substring(0, NAME_CHARS);
      return new PingNode(
          identity,
          PacketTunnel.connect(
              PacketTunnelConfig.builder(gateway.address(), identity, name)
                  .trust(gateway.trust())
                  .token(token)
                  .build(),
              news));
    } catch (IOException | InterruptedException | RuntimeException e) {
      identity.close();
      throw e;
    }
  }

  @Override
  public void close() {
    tunnel.close();
    identity.close();
  }
}
