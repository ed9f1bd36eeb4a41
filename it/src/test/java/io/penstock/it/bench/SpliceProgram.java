package io.penstock.it.bench;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.AdaptiveRecvByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.util.InsecureTrustManagerFactory;
import io.penstock.api.HostPort;
import io.penstock.transport.NativeSupport;
import java.io.File;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Map;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/// One half of a plain TLS splice, the yardstick for a tunnel: the same hops, TLS and sockets as
/// gateway and agent have, and nothing else. Every connection of a visitor has its own.
///
/// Its arguments are `front TARGET`, which adds TLS, or `back TARGET CERTIFICATE KEY`, which takes
/// it off. It says where it listens.
final class SpliceProgram {

  private static final int READ_BYTES = 64 * 1024;
  private static final WriteBufferWaterMark WATER_MARK =
      new WriteBufferWaterMark(64 * 1024, 256 * 1024);

  private SpliceProgram() {}

  static void main(String[] arguments) throws Exception {
    MeasuredProgram program = MeasuredProgram.begin();
    boolean front = arguments[0].equals("front");
    InetSocketAddress target = HostPort.parse(arguments[1]).resolve();
    SslContext tls = front ? client() : server(new File(arguments[2]), new File(arguments[3]));
    try (MultiThreadIoEventLoopGroup loops =
        NativeSupport.newEventLoops(NativeSupport.defaultEventLoops(), "splice")) {
      Channel listener =
          new ServerBootstrap()
              .group(loops)
              .channel(NativeSupport.serverSocketChannel())
              .option(ChannelOption.SO_BACKLOG, 1024)
              .childOption(ChannelOption.ALLOCATOR, PooledByteBufAllocator.DEFAULT)
              .childOption(ChannelOption.TCP_NODELAY, true)
              .childOption(ChannelOption.AUTO_READ, false)
              .childOption(ChannelOption.WRITE_BUFFER_WATER_MARK, WATER_MARK)
              .childHandler(
                  new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel near) {
                      near.config().setRecvByteBufAllocator(reads());
                      if (!front) {
                        near.pipeline().addLast(tls.newHandler(near.alloc()));
                      }
                      connect(near, target, front ? tls : null);
                    }
                  })
              .bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
              .sync()
              .channel();
      program.say(
          Map.of(
              "listening", "127.0.0.1:" + ((InetSocketAddress) listener.localAddress()).getPort()));
      program.serve();
    }
  }

  private static SslContext client() throws SSLException {
    return SslContextBuilder.forClient()
        .sslProvider(NativeSupport.sslProvider())
        .trustManager(InsecureTrustManagerFactory.INSTANCE)
        .endpointIdentificationAlgorithm("")
        .build();
  }

  private static SslContext server(File certificate, File key) throws IOException {
    return SslContextBuilder.forServer(certificate, key)
        .sslProvider(NativeSupport.sslProvider())
        .build();
  }

  private static AdaptiveRecvByteBufAllocator reads() {
    AdaptiveRecvByteBufAllocator allocator =
        new AdaptiveRecvByteBufAllocator(512, 2048, READ_BYTES);
    allocator.maxMessagesPerRead(4);
    return allocator;
  }

  private static void connect(Channel near, InetSocketAddress target, @Nullable SslContext tls) {
    var connecting =
        new Bootstrap()
            .group(near.eventLoop())
            .channel(NativeSupport.socketChannel())
            .option(ChannelOption.ALLOCATOR, PooledByteBufAllocator.DEFAULT)
            .option(ChannelOption.TCP_NODELAY, true)
            .option(ChannelOption.AUTO_READ, false)
            .option(ChannelOption.WRITE_BUFFER_WATER_MARK, WATER_MARK)
            .option(ChannelOption.RECVBUF_ALLOCATOR, reads())
            .handler(
                new ChannelInitializer<>() {
                  @Override
                  protected void initChannel(Channel far) {
                    if (tls != null) {
                      far.pipeline().addLast(tls.newHandler(far.alloc()));
                    }
                    far.pipeline().addLast(new Pour(near));
                  }
                })
            .connect(target);
    connecting.addListener(
        _ -> {
          if (connecting.isSuccess()) {
            near.pipeline().addLast(new Pour(connecting.channel()));
            near.read();
            connecting.channel().read();
          } else {
            near.close();
          }
        });
  }

  /// Pours what its channel reads into the other one, as fast as that takes it.
  private static final class Pour extends ChannelInboundHandlerAdapter {

    private final Channel other;

    Pour(Channel other) {
      this.other = other;
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
      other.write(message, other.voidPromise());
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
      other.flush();
      if (other.isWritable()) {
        ctx.read();
      }
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
      if (ctx.channel().isWritable()) {
        other.read();
      }
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
      other.close();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      ctx.close();
    }
  }
}
