package io.penstock.it.overlay;

import static org.awaitility.Awaitility.await;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.penstock.api.CreatedToken;
import io.penstock.api.IpAddress;
import io.penstock.api.IpFamily;
import io.penstock.node.Node;
import io.penstock.node.NodeConfig;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;

/// Nodes with a stack, for tests: how to make one, and small servers and clients on channels.
public final class OverlayNode {

  public static final Duration LIMIT = Duration.ofSeconds(30);

  private OverlayNode() {}

  /// A node before it is started, quick to come back.
  public static NodeConfig.Builder config(TestOverlay overlay, String name, CreatedToken token) {
    InetSocketAddress tunnel = overlay.gateway().addresses().tunnel();
    return NodeConfig.builder("127.0.0.1:" + tunnel.getPort(), name)
        .trust(overlay.trust())
        .token(token.token())
        .nameLimit(LIMIT)
        .backoff(Duration.ofMillis(50), Duration.ofMillis(500));
  }

  /// Starts a node and waits for both of its addresses; IPv6 may come a little later.
  static Node join(NodeConfig config) throws IOException {
    Node node = Node.start(config);
    awaitAddresses(node);
    return node;
  }

  public static Node join(TestOverlay overlay, String name, CreatedToken token) throws IOException {
    return join(config(overlay, name, token).build());
  }

  static void awaitAddresses(Node node) {
    await("the node's addresses")
        .atMost(LIMIT)
        .until(() -> node.addresses().size() == IpFamily.values().length);
  }

  static IpAddress address(Node node, IpFamily family) {
    return node.addresses().stream()
        .filter(each -> each.family() == family)
        .findFirst()
        .orElseThrow();
  }

  /// Whether somebody takes connections at a port of a node.
  static boolean isServed(Node from, String host, int port)
      throws IOException, InterruptedException {
    try (Socket _ = from.dial(host, port)) {
      return true;
    } catch (ConnectException _) {
      return false;
    }
  }

  /// Connects to another node, and waits.
  static Channel connect(Node from, IpAddress to, int port, ChannelHandler handler)
      throws InterruptedException {
    return dial(from, to, port, handler).sync().channel();
  }

  static ChannelFuture dial(Node from, IpAddress to, int port, ChannelHandler handler) {
    return from.bootstrap()
        .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, (int) LIMIT.toMillis())
        .handler(handler)
        .connect(new InetSocketAddress(to.inet(), port));
  }

  /// Sends back what comes.
  static ChannelHandler echo() {
    return new ChannelInitializer<>() {
      @Override
      protected void initChannel(Channel channel) {
        channel
            .pipeline()
            .addLast(
                new ChannelInboundHandlerAdapter() {
                  @Override
                  public void channelRead(ChannelHandlerContext ctx, Object msg) {
                    ctx.writeAndFlush(msg instanceof ByteBuf bytes ? bytes : answer(msg));
                  }

                  @Override
                  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
                    ctx.close();
                  }
                });
      }
    };
  }

  private static Object answer(Object msg) {
    var packet = (io.netty.channel.socket.DatagramPacket) msg;
    return new io.netty.channel.socket.DatagramPacket(packet.content(), packet.sender());
  }
}
