package io.penstock.it.bench;

import io.penstock.api.CreateTokenRequest;
import io.penstock.api.HostPort;
import io.penstock.api.RouteName;
import io.penstock.api.Scope;
import io.penstock.gateway.Gateway;
import io.penstock.gateway.config.GatewayConfig;
import io.penstock.gateway.config.OverlaySettings;
import io.penstock.gateway.config.OverlayTunnelBounds;
import io.penstock.gateway.config.OverlayTunnelSettings;
import io.penstock.gateway.config.OverlayTunnelTimes;
import io.penstock.transport.NativeSupport;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// The measured gateway: the defaults on free ports of the loopback, one user, one route.
///
/// Its arguments are the data directory and, where it is not to be what the loopback carries, the
/// largest packet of a tunnel in bytes, and the address for nodes and agents where that is not to
/// be the loopback's. It says where it listens and what an agent needs to know.
final class GatewayProgram {

  static final String DOMAIN = "hello.localhost";
  private static final String USER = "bench";

  /// What QUIC puts around a packet.
  private static final int QUIC_BYTES = 44;

  private GatewayProgram() {}

  static void main(String[] arguments) throws Exception {
    MeasuredProgram program = MeasuredProgram.begin();
    GatewayConfig config = config(arguments);
    // The route is there before the gateway reads them, so nobody has to be told of it.
    try (Gateway first = Gateway.start(config)) {
      first.storage().addRoute(RouteName.parse(DOMAIN), USER);
    }
    try (Gateway gateway = Gateway.start(config)) {
      String token =
          gateway
              .storage()
              .createToken(
                  new CreateTokenRequest(
                      USER, Set.of(Scope.CONNECT, Scope.OVERLAY), Optional.empty()))
              .token();
      Map<String, Object> ready = new LinkedHashMap<>();
      ready.put("http", "127.0.0.1:" + gateway.addresses().http().orElseThrow().getPort());
      ready.put("tunnel", address(gateway.addresses().tunnel()));
      ready.put("fingerprint", gateway.fingerprint().orElseThrow());
      ready.put("token", token);
      ready.put("epoll", NativeSupport.epoll());
      ready.put("openssl", NativeSupport.openSsl());
      ready.put("quic", NativeSupport.quic());
      program.say(ready);
      program.serve();
    }
  }

  private static String address(InetSocketAddress at) {
    return new HostPort(at.getAddress().getHostAddress(), at.getPort()).toString();
  }

  private static GatewayConfig config(String[] arguments) {
    GatewayConfig.Builder config = GatewayConfig.builder().data(Path.of(arguments[0]));
    if (arguments.length > 1) {
      config.overlay(OverlaySettings.DEFAULT.withTunnel(tunnel(Integer.parseInt(arguments[1]))));
    }
    config.onFreePorts();
    if (arguments.length > 2) {
      GatewayConfig free = config.build();
      HostPort address = new HostPort(arguments[2], 0);
      config
          .tunnel(free.tunnel().listeningOn(address))
          .overlay(free.overlay().listeningOn(address));
    }
    return config.build();
  }

  private static OverlayTunnelSettings tunnel(int packetBytes) {
    OverlayTunnelBounds usual = OverlayTunnelBounds.DEFAULT;
    return new OverlayTunnelSettings(
        OverlayTunnelTimes.DEFAULT,
        new OverlayTunnelBounds(
            usual.maxConnections(),
            usual.maxStreams(),
            usual.streamWindowBytes(),
            packetBytes + QUIC_BYTES,
            usual.quicQueueDatagrams(),
            usual.pendingDatagrams(),
            usual.maxQueuedBytes(),
            usual.socketReceiveBytes(),
            usual.socketSendBytes()));
  }
}
