package io.penstock.gateway.overlay;

import io.netty.handler.codec.quic.QuicChannel;
import io.penstock.api.IpAddress;
import io.penstock.gateway.overlay.peer.PeerDirectory;
import io.penstock.gateway.overlay.router.Attached;
import io.penstock.gateway.overlay.router.LeasedAddress;
import io.penstock.gateway.overlay.router.NodeTunnel;
import io.penstock.gateway.overlay.router.Router;
import io.penstock.gateway.overlay.session.LiveTunnels;
import io.penstock.gateway.overlay.session.NodeClaims;
import io.penstock.protocol.snaptun.AddressRange;
import io.penstock.transport.snaptun.AcceptResult;
import io.penstock.transport.snaptun.SnapTunServer;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Lets nodes in: makes each QUIC connection a tunnel, attaches it to the router, and takes it out
/// again when it ends.
///
/// Called on the event loops of the connections.
final class NodeDoor {

  private static final Logger LOG = LoggerFactory.getLogger(NodeDoor.class);

  private final SnapTunServer<TunnelSession> server;
  private final Router router;
  private final LiveTunnels tunnels;
  private final PeerDirectory peers;
  private final Consumer<UUID> handshaken;

  /// @param handshaken hears of each node whose tunnel has come about, or whose session was renewed
  NodeDoor(
      SnapTunServer<TunnelSession> server,
      Router router,
      LiveTunnels tunnels,
      PeerDirectory peers,
      Consumer<UUID> handshaken) {
    this.server = server;
    this.router = router;
    this.tunnels = tunnels;
    this.peers = peers;
    this.handshaken = handshaken;
  }

  void connected(QuicChannel connection) {
    server
        .acceptWithTimeout(connection)
        .thenAccept(
            result -> {
              switch (result) {
                case AcceptResult.Accepted<TunnelSession> accepted -> accepted(accepted);
                case AcceptResult.Refused<TunnelSession>(var end) ->
                    LOG.info(
                        "node refused remote={} reason=\"{}\"",
                        connection.remoteSocketAddress(),
                        end.logText());
              }
            });
  }

  private void accepted(AcceptResult.Accepted<TunnelSession> tunnel) {
    NodeLink link = new NodeLink(tunnel);
    NodeClaims claims = link.claims();
    String name = peers.byId(claims.node()).map(peer -> peer.name()).orElse("");
    Attached attached =
        router.attach(
            new NodeTunnel(
                claims.node(),
                name,
                claims.user(),
                NodeTunnel.Kind.NODE,
                leased(link, tunnel.control().addresses()),
                link));
    if (!attached.isCurrent()) {
      // A newer tunnel of the node was faster, and has what this one was granted.
      attached.detach();
      link.end(LiveTunnels.EndCause.REPLACED);
      return;
    }
    tunnel.receiver().onPacket(attached::receive);
    tunnel.control().onAssigned(addresses -> attached.reassign(leased(link, addresses)));
    tunnels.add(link);
    handshaken.accept(claims.node());
    tunnel.control().onRenewed(() -> handshaken.accept(claims.node()));
    LOG.info(
        "node connected id={} name={} user={} addresses={}",
        claims.node(),
        name,
        claims.user(),
        tunnel.control().addresses().stream().map(AddressRange::addressText).toList());
    tunnel
        .control()
        .closed()
        .thenAccept(
            end -> {
              attached.detach();
              tunnels.remove(link);
              LOG.info("node gone id={} name={} reason=\"{}\"", claims.node(), name, end.logText());
            });
  }

  /// The addresses with the generations in which this very tunnel was granted them.
  private static List<LeasedAddress> leased(NodeLink link, List<AddressRange> addresses) {
    TunnelSession session = link.control().claims();
    return addresses.stream()
        .map(each -> session.lease(IpAddress.of(each.addressBytes())))
        .flatMap(Optional::stream)
        .map(lease -> new LeasedAddress(lease.address().inet(), lease.generation()))
        .toList();
  }
}
