package io.penstock.it.kcp;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.penstock.protocol.kcp.KcpConfig;
import io.penstock.transport.NativeSupport;
import io.penstock.transport.kcp.KcpChannel;
import io.penstock.transport.kcp.KcpException;
import io.penstock.transport.kcp.KcpServerChannel;
import io.penstock.transport.kcp.KcpServerLimits;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;

/// Our ends of KCP sessions: echoing ones, and ones that send and verify what comes back.
final class KcpEnds implements AutoCloseable {

  private static final int LIMIT_SECONDS = 60;

  private final MultiThreadIoEventLoopGroup loops = NativeSupport.newEventLoops(2, "kcp-it");

  /// A server that sends to the first client as soon as it has said a byte.
  record Accepted(Channel server, Verifier verifier) {
    void awaitEcho() {
      verifier.await();
    }
  }

  Channel listenEcho(KcpConfig config) {
    return listen(config, Echo::new);
  }

  Accepted listenSending(KcpConfig config, int bytes) {
    Verifier verifier = new Verifier();
    Channel server =
        listen(
            config,
            () ->
                new ChannelInboundHandlerAdapter() {
                  @Override
                  public void channelRead(ChannelHandlerContext ctx, Object msg) {
                    ((ByteBuf) msg).skipBytes(1);
                    ctx.pipeline().replace(this, "verifier", verifier);
                    verifier.send(ctx.channel(), bytes);
                    ctx.pipeline().fireChannelRead(msg);
                  }
                });
    return new Accepted(server, verifier);
  }

  private Channel listen(KcpConfig config, Supplier<ChannelHandler> handler) {
    return new ServerBootstrap()
        .group(loops.next())
        .channelFactory(KcpServerChannel.factory(config, KcpServerLimits.defaults()))
        .childHandler(
            new ChannelInitializer<KcpChannel>() {
              @Override
              protected void initChannel(KcpChannel child) {
                child.markAdmitted();
                child.pipeline().addLast(handler.get());
              }
            })
        .bind("127.0.0.1", 0)
        .syncUninterruptibly()
        .channel();
  }

  Channel connect(InetSocketAddress server, KcpConfig config) {
    return connect(server, config, new Verifier());
  }

  /// Connects, says the byte that opens the session, and echoes.
  void connectEcho(InetSocketAddress server, KcpConfig config) {
    Channel client = connect(server, config, new Echo());
    client.writeAndFlush(Unpooled.wrappedBuffer(new byte[1])).syncUninterruptibly();
  }

  private Channel connect(InetSocketAddress server, KcpConfig config, ChannelHandler handler) {
    return new Bootstrap()
        .group(loops)
        .channelFactory(KcpChannel.factory(config))
        .handler(handler)
        .connect(server)
        .syncUninterruptibly()
        .channel();
  }

  void sendAndVerify(Channel client, int bytes) {
    Verifier verifier = client.pipeline().get(Verifier.class);
    verifier.send(client, bytes);
    verifier.await();
  }

  void write(Channel client, int bytes) {
    var _ = client.writeAndFlush(Unpooled.buffer().writeZero(bytes));
  }

  @Override
  public void close() {
    NativeSupport.endEventLoops(loops, Duration.ofSeconds(5)).syncUninterruptibly();
  }

  private static final class Echo extends ChannelInboundHandlerAdapter {
    @Override
    public void channelRead(ChannelHandlerContext ctx, Object msg) {
      var _ = ctx.writeAndFlush(msg);
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      assertThat(cause).isInstanceOf(KcpException.class);
    }
  }

  static final class Verifier extends ChannelInboundHandlerAdapter {
    private final CompletableFuture<Void> done = new CompletableFuture<>();
    private volatile byte[] expected = new byte[0];
    private int verified;

    void send(Channel channel, int bytes) {
      byte[] sent = new byte[bytes];
      new Random(bytes).nextBytes(sent);
      expected = sent;
      var _ = channel.writeAndFlush(Unpooled.wrappedBuffer(sent));
    }

    void await() {
      assertThat(done).succeedsWithin(LIMIT_SECONDS, SECONDS);
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object msg) {
      ByteBuf bytes = (ByteBuf) msg;
      byte[] all = expected;
      while (bytes.isReadable() && !done.isDone()) {
        if (verified == all.length || bytes.readByte() != all[verified]) {
          done.completeExceptionally(new AssertionError("wrong byte at " + verified));
        } else if (++verified == all.length) {
          done.complete(null);
        }
      }
      bytes.release();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      done.completeExceptionally(cause);
    }
  }
}
