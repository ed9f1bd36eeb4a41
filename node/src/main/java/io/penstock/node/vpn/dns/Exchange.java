package io.penstock.node.vpn.dns;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.FixedRecvByteBufAllocator;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.socket.DatagramPacket;
import io.netty.util.concurrent.Future;
import io.penstock.transport.NativeSupport;
import java.net.InetSocketAddress;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/// One query to servers, one after the other, until one answers.
///
/// Each try has a socket and an id of its own, both by chance, and an answer counts only when it
/// comes from the server that was asked and repeats the question: so it is hard to answer in its
/// place (RFC 5452, section 9). A try ends with its socket, however that ends, and at its limit at
/// the latest, whatever a server sends meanwhile. All of it happens on one event loop.
final class Exchange {

  /// What carries the messages.
  enum Carrier {
    UDP,
    TCP
  }

  /// More than servers send: clients ask for 4096 at most (RFC 6891, section 6.2.5).
  private static final int UDP_BYTES = 8192;

  private static final SecureRandom RANDOM = new SecureRandom();

  private final EventLoop loop;
  private final Carrier carrier;
  private final Iterator<InetSocketAddress> servers;
  private final Duration limit;
  private final ByteBuf query;
  private final int id;
  private final Consumer<ByteBuf> done;
  private boolean finished;

  private Exchange(
      EventLoop loop,
      Carrier carrier,
      List<InetSocketAddress> servers,
      Duration limit,
      ByteBuf query,
      Consumer<ByteBuf> done) {
    this.loop = loop;
    this.carrier = carrier;
    this.servers = servers.iterator();
    this.limit = limit;
    this.query = query;
    this.id = DnsMessage.id(query);
    this.done = done;
  }

  /// Asks the servers.
  ///
  /// @param limit for each of them
  /// @param query is taken
  /// @param done gets the one answer, which it owns
  static void start(
      EventLoop loop,
      Carrier carrier,
      List<InetSocketAddress> servers,
      Duration limit,
      ByteBuf query,
      Consumer<ByteBuf> done) {
    new Exchange(loop, carrier, servers, limit, query, done).askNext();
  }

  private void askNext() {
    if (finished) {
      return;
    }
    if (!servers.hasNext() || loop.isShuttingDown()) {
      DnsMessage.setId(query, id);
      finish(DnsMessage.failure(query, DnsMessage.SERVER_FAILURE));
      return;
    }
    DnsMessage.setId(query, RANDOM.nextInt(1 << Short.SIZE));
    ChannelFuture connected = bootstrap().connect(servers.next());
    if (connected.cause() != null) {
      // There is no socket at all (none may be left), so none will close.
      askNext();
      return;
    }
    Channel channel = connected.channel();
    Future<?> end = loop.schedule(() -> channel.close(), limit.toMillis(), TimeUnit.MILLISECONDS);
    channel
        .closeFuture()
        .addListener(
            _ -> {
              end.cancel(false);
              askNext();
            });
  }

  private Bootstrap bootstrap() {
    Bootstrap bootstrap = new Bootstrap().group(loop);
    return switch (carrier) {
      case UDP ->
          bootstrap
              .channel(NativeSupport.datagramChannel())
              .option(ChannelOption.RECVBUF_ALLOCATOR, new FixedRecvByteBufAllocator(UDP_BYTES))
              .handler(new Try(new Datagrams()));
      case TCP -> bootstrap.channel(NativeSupport.socketChannel()).handler(new Try(new Stream()));
    };
  }

  private void received(ByteBuf message, boolean whole) {
    if (finished || !DnsMessage.answers(message, query)) {
      return;
    }
    DnsMessage.setId(query, id);
    DnsMessage.setId(message, id);
    finish(whole ? message.retain() : DnsMessage.truncated(query));
  }

  private void finish(ByteBuf answer) {
    finished = true;
    query.release();
    done.accept(answer);
  }

  /// The pipeline of a try.
  private final class Try extends ChannelInitializer<Channel> {

    private final Asking<?> asking;

    private Try(Asking<?> asking) {
      this.asking = asking;
    }

    @Override
    protected void initChannel(Channel channel) {
      if (carrier == Carrier.TCP) {
        SplitResolver.addFraming(channel.pipeline());
      }
      channel.pipeline().addLast(asking);
    }
  }

  /// Sends the query and waits for what comes.
  private abstract class Asking<T> extends SimpleChannelInboundHandler<T> {

    @Override
    public void channelActive(ChannelHandlerContext ctx) {
      ctx.writeAndFlush(query.retainedDuplicate());
    }

    @Override
    protected void channelRead0(ChannelHandlerContext ctx, T message) {
      take(message);
      if (finished) {
        ctx.close();
      }
    }

    abstract void take(T message);

    /// Nobody listens there, or what came is no DNS: it is the next server's turn.
    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      ctx.close();
    }
  }

  private final class Datagrams extends Asking<DatagramPacket> {

    @Override
    void take(DatagramPacket packet) {
      received(packet.content(), packet.content().readableBytes() < UDP_BYTES);
    }
  }

  private final class Stream extends Asking<ByteBuf> {

    @Override
    void take(ByteBuf message) {
      received(message, true);
    }
  }
}
