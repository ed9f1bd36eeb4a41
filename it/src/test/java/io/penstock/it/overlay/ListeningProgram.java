package io.penstock.it.overlay;

import io.penstock.node.Node;
import io.penstock.node.NodeConfig;
import io.penstock.node.fallback.FlowAnswer;
import io.penstock.node.proxy.LoopbackProxy;
import io.penstock.node.proxy.ProxyConfig;
import io.penstock.transport.tls.Fingerprint;
import io.penstock.transport.tls.Trust;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.ServerSocket;
import java.net.Socket;

/// A program whose node listens for TCP and UDP, takes flows that nobody listens for, and lets
/// others into the overlay by a proxy, until it is killed: `GATEWAY FINGERPRINT TOKEN`.
///
/// It sends back what comes. On standard output it says `proxy PORT USER PASSWORD`, and then
/// [#READY].
final class ListeningProgram {

  static final String NAME = "app";
  static final String READY = "it has joined";

  /// Of its listeners; every other port is for its fallback handlers.
  static final int PORT = 7;

  private static final int DATAGRAM_BYTES = 100;

  private ListeningProgram() {}

  public static void main(String[] arguments) throws Exception {
    NodeConfig config =
        NodeConfig.builder(arguments[0], NAME)
            .trust(new Trust.Pinned(Fingerprint.parse(arguments[1])))
            .token(arguments[2])
            .nameLimit(OverlayNode.LIMIT)
            .build();
    try (Node node = Node.start(config);
        ServerSocket listener = node.listen(PORT);
        DatagramSocket datagrams = node.listenUdp(PORT);
        LoopbackProxy proxy = node.loopbackProxy(ProxyConfig.random())) {
      node.fallbackTcp((_, _) -> FlowAnswer.accept(ListeningProgram::echo));
      node.fallbackUdp((_, _) -> FlowAnswer.accept(ListeningProgram::echoOnce));
      Thread.startVirtualThread(() -> serve(listener));
      Thread.startVirtualThread(() -> serve(datagrams));
      node.awaitRunning(OverlayNode.LIMIT);
      System.out.println(
          "proxy " + proxy.address().getPort() + " " + proxy.user() + " " + proxy.password());
      System.out.println(READY);
      node.awaitStopped();
    }
  }

  private static void echo(Socket flow) throws IOException {
    flow.getInputStream().transferTo(flow.getOutputStream());
  }

  private static void echoOnce(DatagramSocket flow) throws IOException {
    DatagramPacket asked = receive(flow);
    flow.send(new DatagramPacket(asked.getData(), asked.getLength()));
  }

  private static DatagramPacket receive(DatagramSocket socket) throws IOException {
    DatagramPacket packet = new DatagramPacket(new byte[DATAGRAM_BYTES], DATAGRAM_BYTES);
    socket.receive(packet);
    return packet;
  }

  private static void serve(ServerSocket listener) {
    try {
      while (true) {
        try (Socket accepted = listener.accept()) {
          echo(accepted);
        }
      }
    } catch (IOException _) {
      // The node has ended.
    }
  }

  private static void serve(DatagramSocket socket) {
    try {
      while (true) {
        DatagramPacket asked = receive(socket);
        socket.send(
            new DatagramPacket(asked.getData(), asked.getLength(), asked.getSocketAddress()));
      }
    } catch (IOException _) {
      // The node has ended.
    }
  }
}
