package io.penstock.node.stack;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.penstock.node.fallback.FallbackConfig;
import io.penstock.node.overlay.OverlayPort;
import io.penstock.node.overlay.PortRequest;
import io.penstock.protocol.netstack.tcp.TcpCounters;
import io.penstock.testkit.LinkFaults;
import io.penstock.testkit.SimulatedNetwork;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;

/// A client and a server, both nodes in virtual time, 10 ms apart.
final class VirtualPair implements AutoCloseable {

  static final String CLIENT_4 = "10.86.0.1";
  static final String CLIENT_6 = "fd7c::1";
  static final String SERVER_4 = "10.86.0.2";
  static final String SERVER_6 = "fd7c::2";

  static final long SECOND = TimeUnit.SECONDS.toNanos(1);
  static final long DELAY_MILLIS = 10;

  final SimulatedNetwork network;
  final VirtualNode client;
  final VirtualNode server;
  final SimulatedNetwork.Node clientEnd;
  final SimulatedNetwork.Node serverEnd;

  VirtualPair(FallbackConfig limits) {
    network = new SimulatedNetwork(1);
    client = new VirtualNode(network, limits, CLIENT_4, CLIENT_6);
    server = new VirtualNode(network, limits, SERVER_4, SERVER_6);
    clientEnd = network.attach("client", client);
    serverEnd = network.attach("server", server);
    network.connect(clientEnd, serverEnd, LinkFaults.none(DELAY_MILLIS));
  }

  VirtualPair() {
    this(FallbackConfig.DEFAULT);
  }

  /// Begins to connect from the client.
  ChannelFuture dial(String host, int port) {
    return client
        .stack
        .dialer()
        .handler(new ChannelInboundHandlerAdapter())
        .connect(new InetSocketAddress(host, port));
  }

  /// Connects, or says what happened instead; at most a minute passes.
  ChannelFuture dialled(String host, int port) {
    ChannelFuture dial = dial(host, port);
    network.runUntil(dial::isDone, 60 * SECOND);
    return dial;
  }

  OverlayPort listen(PortRequest request, ChannelHandler child) {
    CompletionStage<OverlayPort> bound = server.stack.listen(request, child);
    network.runUntil(bound.toCompletableFuture()::isDone, SECOND);
    return bound.toCompletableFuture().join();
  }

  TcpCounters clientTcp() {
    return client.ask(stack -> stack.tcp().counters());
  }

  TcpCounters serverTcp() {
    return server.ask(stack -> stack.tcp().counters());
  }

  /// Reads what a channel is sent, as text.
  static final class Reader extends ChannelInboundHandlerAdapter {
    final StringBuilder text = new StringBuilder();

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object msg) {
      ByteBuf bytes = (ByteBuf) msg;
      text.append(bytes.toString(StandardCharsets.UTF_8));
      bytes.release();
    }
  }

  /// Sends a word as soon as a connection is there.
  static ChannelHandler saying(String word) {
    return new ChannelInitializer<>() {
      @Override
      protected void initChannel(Channel channel) {
        channel
            .pipeline()
            .addLast(
                new ChannelInboundHandlerAdapter() {
                  @Override
                  public void channelActive(ChannelHandlerContext ctx) {
                    ctx.writeAndFlush(
                        ctx.alloc().buffer().writeBytes(word.getBytes(StandardCharsets.UTF_8)));
                  }
                });
      }
    };
  }

  /// Connects and returns the first word of the other side.
  String wordOf(String host, int port) {
    Reader reader = new Reader();
    ChannelFuture dial = dialled(host, port);
    if (!dial.isSuccess()) {
      throw new AssertionError("no connection to " + host + ":" + port, dial.cause());
    }
    dial.channel().pipeline().addLast(reader);
    network.runUntil(() -> !reader.text.isEmpty(), SECOND);
    return reader.text.toString();
  }

  @Override
  public void close() {
    client.close();
    server.close();
    network.close();
  }
}
