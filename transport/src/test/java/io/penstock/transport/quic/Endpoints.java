package io.penstock.transport.quic;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.handler.codec.quic.QuicChannel;
import io.netty.handler.codec.quic.QuicSslContext;
import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import io.netty.util.ReferenceCountUtil;
import io.penstock.transport.NativeSupport;
import io.penstock.transport.tls.QuicTls;
import io.penstock.transport.tls.Trust;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import java.util.function.Function;

/// A QUIC server and clients of it on the loopback interface.
final class Endpoints implements AutoCloseable {

  static final String PROTOCOL = "test";

  final EventLoopGroup loops;
  final QuicServer server;
  final QuicConfig config;
  final X509Bundle identity;
  private final QuicSslContext tls;
  private final QuicHandlers handlers;
  final BlockingQueue<QuicChannel> accepted = new LinkedBlockingQueue<>();

  private Endpoints(EventLoopGroup loops, QuicConfig config, Deliver deliver) throws Exception {
    this.loops = loops;
    this.config = config;
    identity =
        new CertificateBuilder()
            .subject("CN=localhost")
            .addSanDnsName("localhost")
            .setIsCertificateAuthority(true)
            .buildSelfSigned();
    tls =
        QuicTls.server(
            identity.getKeyPair().getPrivate(),
            List.of(identity.getCertificatePath()),
            List.of(PROTOCOL));
    handlers = new QuicHandlers(new Receiver(accepted, deliver), new Ignore());
    server = bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
  }

  /// Binds another server with the same settings; the caller closes it.
  QuicServer bind(InetSocketAddress address) throws IOException {
    return QuicServer.bind(loops, address, tls, config, handlers);
  }

  static QuicHandlers nothing() {
    return new QuicHandlers(new Ignore(), new Ignore());
  }

  static Endpoints start(int loops, QuicConfig config, Deliver deliver) throws Exception {
    return new Endpoints(NativeSupport.newEventLoops(loops, "quic-test"), config, deliver);
  }

  /// What happens with a datagram, on the connection's event loop; it owns the datagram.
  interface Deliver extends BiConsumer<QuicChannel, ByteBuf> {}

  static Deliver discard() {
    return (_, datagram) -> datagram.release();
  }

  static Deliver echo(DatagramConfig config) {
    return (connection, datagram) -> {
      DatagramSender sender = DatagramSender.install(connection, config);
      if (sender.send(datagram) == DatagramSender.Sent.FULL) {
        datagram.release();
      }
      sender.flush();
    };
  }

  CompletionStage<QuicChannel> dial(InetSocketAddress to, Deliver deliver) throws Exception {
    return dial(to, new Trust.Anybody(), PROTOCOL, deliver);
  }

  CompletionStage<QuicChannel> dial(
      InetSocketAddress to, Trust trust, String protocol, Deliver deliver) throws Exception {
    QuicDialer dialer = new QuicDialer(QuicTls.client(trust, List.of(protocol)), config);
    return dialer.dial(
        loops.next(),
        to,
        "localhost",
        new QuicHandlers(new Receiver(new LinkedBlockingQueue<>(), deliver), new Ignore()));
  }

  QuicChannel connect(InetSocketAddress to, Deliver deliver) throws Exception {
    return dial(to, deliver).toCompletableFuture().get(10, TimeUnit.SECONDS);
  }

  QuicChannel accepted() throws InterruptedException {
    QuicChannel connection = accepted.poll(10, TimeUnit.SECONDS);
    if (connection == null) {
      throw new AssertionError("no connection came");
    }
    return connection;
  }

  /// Does something on a connection's event loop.
  static <T> T on(QuicChannel connection, Function<QuicChannel, T> action) throws Exception {
    EventLoop loop = connection.eventLoop();
    return loop.submit(() -> action.apply(connection)).get(10, TimeUnit.SECONDS);
  }

  static QuicEnd endOf(QuicChannel connection) throws Exception {
    return QuicEnd.of(connection).toCompletableFuture().get(15, TimeUnit.SECONDS);
  }

  static QuicConfig.Builder quick() {
    return QuicConfig.builder().handshakeTimeout(Duration.ofSeconds(5));
  }

  @Override
  public void close() {
    server.close();
    NativeSupport.endEventLoops(loops, Duration.ofSeconds(5)).awaitUninterruptibly();
  }

  private static final class Receiver extends ChannelInboundHandlerAdapter {

    private final BlockingQueue<QuicChannel> established;
    private final Deliver deliver;

    Receiver(BlockingQueue<QuicChannel> established, Deliver deliver) {
      this.established = established;
      this.deliver = deliver;
    }

    @Override
    public boolean isSharable() {
      return true;
    }

    @Override
    public void channelActive(ChannelHandlerContext ctx) {
      established.add((QuicChannel) ctx.channel());
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object msg) {
      if (msg instanceof ByteBuf datagram) {
        deliver.accept((QuicChannel) ctx.channel(), datagram);
      } else {
        ctx.fireChannelRead(msg);
      }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      // What ended the connection is told by QuicEnd.
    }
  }

  private static final class Ignore extends ChannelInboundHandlerAdapter {

    @Override
    public boolean isSharable() {
      return true;
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object msg) {
      ReferenceCountUtil.release(msg);
    }
  }
}
