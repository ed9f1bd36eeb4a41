package io.penstock.transport;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A channel of a socket whose peer has ended its half, on the event loops that we make.
class HalfClosedSocketTest {

  /// Many times what the buffers of a socket hold.
  private static final int REPLY_BYTES = 32 << 20;

  private final EventLoopGroup loops = NativeSupport.newEventLoops(1, "half-closed");

  @TempDir private Path directory;

  @AfterEach
  void end() throws InterruptedException {
    NativeSupport.endEventLoops(loops, Duration.ofSeconds(5)).await();
  }

  /// Answers the end of what a peer sends, when nothing is asked of the socket any more.
  private static final class AnswerTheEnd extends ChannelInboundHandlerAdapter {

    @Override
    public void channelActive(ChannelHandlerContext ctx) {
      ctx.read();
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
      if (event == ChannelInputShutdownEvent.INSTANCE) {
        // A turn later the loop has done all that follows from the end.
        ctx.executor()
            .execute(
                () ->
                    ctx.writeAndFlush(Unpooled.wrappedBuffer(new byte[REPLY_BYTES]))
                        .addListener(ChannelFutureListener.CLOSE));
      }
    }
  }

  private ServerBootstrap answering() {
    return new ServerBootstrap()
        .group(loops)
        .childOption(ChannelOption.AUTO_READ, false)
        .childOption(ChannelOption.ALLOW_HALF_CLOSURE, true)
        .childHandler(
            new ChannelInitializer<>() {
              @Override
              protected void initChannel(Channel channel) {
                channel.pipeline().addLast(new AnswerTheEnd());
              }
            });
  }

  private static long replyOf(SocketAddress server) throws Exception {
    try (SocketChannel client = SocketChannel.open(server)) {
      client.shutdownOutput();
      ByteBuffer in = ByteBuffer.allocate(64 * 1024);
      long bytes = 0;
      for (int read = client.read(in); read >= 0; read = client.read(in)) {
        bytes += read;
        in.clear();
      }
      return bytes;
    }
  }

  @Test
  void a_unix_socket_takes_a_long_reply_after_its_peer_has_ended() throws Exception {
    UnixDomainSocketAddress address = UnixDomainSocketAddress.of(directory.resolve("s"));
    answering()
        .channel(NativeSupport.serverUnixSocketChannel())
        .bind(NativeSupport.unixAddress(address))
        .sync();
    assertThat(replyOf(address)).isEqualTo(REPLY_BYTES);
  }

  @Test
  void a_tcp_socket_takes_a_long_reply_after_its_peer_has_ended() throws Exception {
    Channel server =
        answering()
            .channel(NativeSupport.serverSocketChannel())
            .bind("127.0.0.1", 0)
            .sync()
            .channel();
    assertThat(replyOf(server.localAddress())).isEqualTo(REPLY_BYTES);
  }
}
