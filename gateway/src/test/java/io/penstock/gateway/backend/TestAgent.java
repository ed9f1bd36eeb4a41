package io.penstock.gateway.backend;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.ssl.SslHandler;
import io.penstock.protocol.kcp.KcpConfig;
import io.penstock.protocol.smux.SmuxCloseReason;
import io.penstock.protocol.smux.SmuxConfig;
import io.penstock.protocol.smux.SmuxRole;
import io.penstock.transport.NativeSupport;
import io.penstock.transport.kcp.KcpChannel;
import io.penstock.transport.smux.SmuxConnection;
import io.penstock.transport.smux.SmuxStreamChannel;
import io.penstock.transport.tls.ClientTls;
import io.penstock.transport.tls.Trust;
import java.net.SocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/// An agent that says on the control stream what a test tells it, and answers every other stream
/// with a fixed response. It is written on the smux driver alone, so that it can also say what no
/// agent says.
final class TestAgent implements SmuxConnection.Listener, AutoCloseable {

  private static final String OK = "HTTP/1.1 204 No Content\r\n\r\n";

  private final String greeting;
  private final boolean answersPings;
  private final Channel channel;
  private final BlockingQueue<String> control = new LinkedBlockingQueue<>();
  private final BlockingQueue<String> requests = new LinkedBlockingQueue<>();
  private boolean sawControl;

  private TestAgent(String greeting, boolean answersPings, Channel channel) {
    this.greeting = greeting;
    this.answersPings = answersPings;
    this.channel = channel;
  }

  /// Connects over TLS.
  ///
  /// @param protocols what to offer; empty speaks the original dialect
  static TestAgent connect(
      EventLoopGroup loops, SocketAddress gateway, List<String> protocols, String greeting)
      throws Exception {
    return connect(loops, gateway, protocols, greeting, true);
  }

  static TestAgent connect(
      EventLoopGroup loops,
      SocketAddress gateway,
      List<String> protocols,
      String greeting,
      boolean answersPings)
      throws Exception {
    return connect(
        new Bootstrap().channel(NativeSupport.socketChannel()),
        loops,
        gateway,
        protocols,
        greeting,
        answersPings);
  }

  /// Connects over KCP.
  static TestAgent connectKcp(
      EventLoopGroup loops, SocketAddress gateway, List<String> protocols, String greeting)
      throws Exception {
    Bootstrap kcp = new Bootstrap().channelFactory(KcpChannel.factory(KcpConfig.defaults()));
    return connect(kcp, loops, gateway, protocols, greeting, true);
  }

  private static TestAgent connect(
      Bootstrap bootstrap,
      EventLoopGroup loops,
      SocketAddress gateway,
      List<String> protocols,
      String greeting,
      boolean answersPings)
      throws Exception {
    ClientTls tls = ClientTls.of(new Trust.Anybody(), protocols);
    SmuxConfig config = protocols.isEmpty() ? SmuxConfig.original() : SmuxConfig.own();
    Channel channel =
        bootstrap
            .group(loops)
            .handler(new ChannelInboundHandlerAdapter())
            .register()
            .sync()
            .channel();
    TestAgent agent = new TestAgent(greeting, answersPings, channel);
    SslHandler handler = tls.handler(channel.alloc(), "gateway", 1, Duration.ofSeconds(10));
    channel.pipeline().addLast(handler).addLast(new SmuxConnection(config, SmuxRole.CLIENT, agent));
    channel.connect(gateway).sync();
    handler.handshakeFuture().sync();
    return agent;
  }

  /// What the gateway said on the control stream, as it came.
  String controlText() throws InterruptedException {
    String text = control.poll(10, TimeUnit.SECONDS);
    if (text == null) {
      throw new AssertionError("the gateway said nothing on the control stream");
    }
    return text;
  }

  /// Whether the gateway has said anything on the control stream so far.
  boolean wasAnswered() {
    return !control.isEmpty();
  }

  /// The next request that came in, as text.
  String nextRequest() throws InterruptedException {
    String text = requests.poll(10, TimeUnit.SECONDS);
    if (text == null) {
      throw new AssertionError("no request came");
    }
    return text;
  }

  boolean isConnected() {
    return channel.isActive();
  }

  @Override
  public void streamAccepted(SmuxStreamChannel stream) {
    if (sawControl) {
      stream.pipeline().addLast(new Answer());
    } else {
      sawControl = true;
      stream.pipeline().addLast(new Control());
    }
  }

  @Override
  public void closed(SmuxCloseReason reason) {
    channel.close();
  }

  @Override
  public void close() {
    channel.close().syncUninterruptibly();
  }

  private static ByteBuf text(String text) {
    return Unpooled.copiedBuffer(text, StandardCharsets.UTF_8);
  }

  private final class Control extends SimpleChannelInboundHandler<ByteBuf> {

    @Override
    public void channelActive(ChannelHandlerContext ctx) {
      ctx.writeAndFlush(text(greeting));
    }

    @Override
    protected void channelRead0(ChannelHandlerContext ctx, ByteBuf bytes) {
      control.add(bytes.toString(StandardCharsets.UTF_8));
    }
  }

  private final class Answer extends SimpleChannelInboundHandler<ByteBuf> {

    @Override
    protected void channelRead0(ChannelHandlerContext ctx, ByteBuf bytes) {
      requests.add(bytes.toString(StandardCharsets.UTF_8));
      if (answersPings) {
        ctx.writeAndFlush(text(OK));
      }
    }
  }
}
