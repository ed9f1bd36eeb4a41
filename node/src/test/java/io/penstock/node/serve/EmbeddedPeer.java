package io.penstock.node.serve;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.awaitility.Awaitility;

/// An embedder who has taken a connection and plays it byte by byte, on the thread of a test.
final class EmbeddedPeer extends ChannelInboundHandlerAdapter {

  private final StringBuilder received = new StringBuilder();
  private final Channel channel;
  private volatile boolean ended;

  private EmbeddedPeer(Channel channel) {
    this.channel = channel;
  }

  static EmbeddedPeer on(Channel channel) {
    EmbeddedPeer peer = new EmbeddedPeer(channel);
    channel
        .eventLoop()
        .submit(
            () -> {
              channel.pipeline().addLast(peer);
              channel.config().setAutoRead(true);
            })
        .syncUninterruptibly();
    return peer;
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    ByteBuf bytes = (ByteBuf) message;
    synchronized (received) {
      received.append(bytes.toString(StandardCharsets.ISO_8859_1));
    }
    bytes.release();
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
    if (event == ChannelInputShutdownEvent.INSTANCE) {
      ended = true;
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    ended = true;
  }

  String readHead() {
    await(() -> text().contains("\r\n\r\n"));
    return text();
  }

  String readToEnd() {
    await(() -> ended);
    return text();
  }

  private String text() {
    synchronized (received) {
      return received.toString();
    }
  }

  void send(String text) {
    channel
        .writeAndFlush(Unpooled.copiedBuffer(text, StandardCharsets.ISO_8859_1))
        .syncUninterruptibly();
  }

  private static void await(java.util.concurrent.Callable<Boolean> condition) {
    Awaitility.await().atMost(Duration.ofSeconds(30)).until(condition);
  }
}
