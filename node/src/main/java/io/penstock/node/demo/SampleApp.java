package io.penstock.node.demo;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.flow.FlowControlHandler;
import io.netty.handler.stream.ChunkedWriteHandler;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.netty.util.concurrent.GlobalEventExecutor;
import io.penstock.transport.NativeSupport;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/// A small web app on loopback that shows what a tunnel carries.
///
/// | Path | Answer |
/// |---|---|
/// | `/` | a page that uses all the others from the browser |
/// | `/ws` | a WebSocket that echoes every frame |
/// | `/events?count=N&millis=M` | server-sent events, one each M ms; without end if N is missing |
/// | `/download?bytes=N` | N deterministic bytes, their SHA-256 in `Content-Sha256` |
/// | `/upload` | length and SHA-256 of what was sent, as JSON |
/// | `/slow?millis=N` | an answer that takes N ms |
///
/// Bodies stream in both directions: a connection reads nothing while it answers and writes only
/// when the socket takes more, so a transfer of any size holds a few hundred KiB. One event loop
/// thread serves all connections. [#close()] closes them and frees the port.
public final class SampleApp implements AutoCloseable {

  private static final Duration END_LIMIT = Duration.ofSeconds(1);

  private final EventLoopGroup loop;
  private final ChannelGroup visitors;
  private final Channel listener;

  private SampleApp(EventLoopGroup loop, ChannelGroup visitors, Channel listener) {
    this.loop = loop;
    this.visitors = visitors;
    this.listener = listener;
  }

  /// Starts the app on a free port of the loopback interface.
  ///
  /// @throws IOException if no port can be bound
  public static SampleApp start() throws IOException {
    EventLoopGroup loop =
        new MultiThreadIoEventLoopGroup(
            1, new DefaultThreadFactory("sample-app", true), NioIoHandler.newFactory());
    ChannelGroup visitors = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE, true);
    var bound =
        new ServerBootstrap()
            .group(loop)
            .channel(NioServerSocketChannel.class)
            .childHandler(
                new ChannelInitializer<SocketChannel>() {
                  @Override
                  protected void initChannel(SocketChannel visitor) {
                    visitors.add(visitor);
                    visitor
                        .pipeline()
                        .addLast(
                            new HttpServerCodec(),
                            new FlowControlHandler(),
                            new ChunkedWriteHandler(),
                            new SampleAppHandler());
                  }
                })
            .bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
            .awaitUninterruptibly();
    if (!bound.isSuccess()) {
      NativeSupport.endEventLoops(loop, END_LIMIT).awaitUninterruptibly();
      throw new IOException("the sample app cannot listen on loopback", bound.cause());
    }
    return new SampleApp(loop, visitors, bound.channel());
  }

  /// Where the app listens.
  public InetSocketAddress address() {
    return (InetSocketAddress) listener.localAddress();
  }

  /// The URL under which this machine reaches the app.
  public URI uri() {
    return URI.create("http://127.0.0.1:" + address().getPort());
  }

  /// Closes the listener and every connection; returns when the thread is gone or after 2 s.
  @Override
  public void close() {
    listener.close().awaitUninterruptibly();
    visitors.close().awaitUninterruptibly();
    NativeSupport.endEventLoops(loop, END_LIMIT).awaitUninterruptibly(2, TimeUnit.SECONDS);
  }
}
