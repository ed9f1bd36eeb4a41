package io.penstock.node.vpn.dns;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.EventLoop;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.channel.socket.DatagramPacket;
import io.netty.handler.codec.LengthFieldBasedFrameDecoder;
import io.netty.handler.codec.LengthFieldPrepender;
import io.netty.handler.flow.FlowControlHandler;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.ImmediateEventExecutor;
import io.penstock.node.vpn.dns.Exchange.Carrier;
import io.penstock.node.vpn.dns.SplitRules.Side;
import io.penstock.transport.NativeSupport;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/// A DNS server for the programs of this machine: passes each query on to the servers of its name,
/// over the carrier on which it came, and the answer back.
///
/// A query that cannot be read is answered with a format error; one without an answer in time, or
/// beyond the bounds, with a server failure, so that programs need not wait. A name of the overlay
/// is never asked of other servers, not even when those of the overlay do not answer.
///
/// Any thread may start, change and close it; starting and closing block for a moment.
public final class SplitResolver implements AutoCloseable {

  private static final int LENGTH_BYTES = 2;
  private static final long CLOSE_LIMIT_SECONDS = 5;

  private final EventLoop loop;
  private final SplitResolverConfig config;
  private final ChannelGroup channels;
  private volatile SplitRules rules;

  /// How many wait for an answer. Servers of the overlay that do not answer hold up no other names.
  private final Map<Side, Integer> waiting = new EnumMap<>(Side.class);

  private SplitResolver(EventLoop loop, SplitResolverConfig config, SplitRules rules) {
    this.loop = loop;
    this.config = config;
    this.rules = rules;
    this.channels = new DefaultChannelGroup(loop, true);
  }

  /// Starts one; its sockets are in the network namespace of the calling thread.
  ///
  /// @param loop where it runs
  /// @throws IOException when the address cannot be used, with the reason and what to do
  public static SplitResolver start(EventLoop loop, SplitResolverConfig config, SplitRules rules)
      throws IOException {
    SplitResolver resolver = new SplitResolver(loop, config, rules);
    try {
      resolver.bind(
          new Bootstrap()
              .group(loop)
              .channel(NativeSupport.datagramChannel())
              .handler(resolver.new Datagrams())
              .bind(config.address()));
      resolver.bind(
          new ServerBootstrap()
              .group(loop)
              .channel(NativeSupport.serverSocketChannel())
              .childHandler(resolver.new Clients())
              .bind(config.address()));
      return resolver;
    } catch (IOException e) {
      resolver.close();
      throw e;
    }
  }

  private void bind(ChannelFuture bound) throws IOException {
    if (!bound.awaitUninterruptibly().isSuccess()) {
      throw new IOException(
          "cannot answer DNS on %s: %s; another DNS server may have the address, or this user may not use the port"
              .formatted(config.address(), bound.cause().getMessage()),
          bound.cause());
    }
    channels.add(bound.channel());
  }

  /// Replaces the rules for the queries that come from now on.
  public void change(SplitRules other) {
    rules = other;
  }

  private void resolve(ByteBuf query, Carrier carrier, Consumer<ByteBuf> done) {
    Optional<String> name = DnsMessage.name(query);
    if (name.isEmpty()) {
      refuse(query, DnsMessage.FORMAT_ERROR, done);
      return;
    }
    SplitRules now = rules;
    Side side = now.sideOf(name.get());
    List<InetSocketAddress> servers = now.servers(side);
    if (servers.isEmpty() || waiting.getOrDefault(side, 0) >= config.maxQueries()) {
      refuse(query, DnsMessage.SERVER_FAILURE, done);
      return;
    }
    waiting.merge(side, 1, Integer::sum);
    Exchange.start(
        loop,
        carrier,
        servers,
        config.serverLimit(),
        query,
        answer -> {
          waiting.merge(side, -1, Integer::sum);
          done.accept(answer);
        });
  }

  private static void refuse(ByteBuf query, int code, Consumer<ByteBuf> done) {
    ByteBuf answer = DnsMessage.failure(query, code);
    query.release();
    done.accept(answer);
  }

  /// Gives the address up, and ends the connections of clients.
  @Override
  public void close() {
    channels.close().awaitUninterruptibly(CLOSE_LIMIT_SECONDS, TimeUnit.SECONDS);
  }

  /// Each message behind its length (RFC 1035, section 4.2.2).
  static void addFraming(ChannelPipeline pipeline) {
    pipeline
        .addLast(
            new LengthFieldBasedFrameDecoder(
                DnsMessage.MAX_BYTES + LENGTH_BYTES, 0, LENGTH_BYTES, 0, LENGTH_BYTES))
        .addLast(new LengthFieldPrepender(LENGTH_BYTES));
  }

  private final class Datagrams extends SimpleChannelInboundHandler<DatagramPacket> {

    @Override
    protected void channelRead0(ChannelHandlerContext ctx, DatagramPacket packet) {
      if (DnsMessage.isQuery(packet.content())) {
        InetSocketAddress client = packet.sender();
        resolve(
            packet.content().retain(),
            Carrier.UDP,
            answer -> ctx.writeAndFlush(new DatagramPacket(answer, client)));
      }
    }

    /// A client that has gone before its answer is no reason to end.
    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {}
  }

  private final class Clients extends ChannelInitializer<Channel> {

    @Override
    protected void initChannel(Channel client) {
      if (channels.size() > config.maxConnections() + 1) {
        client.close();
        return;
      }
      channels.add(client);
      addFraming(client.pipeline());
      // One read may hold thousands of queries.
      client.pipeline().addLast(new FlowControlHandler(), new Connection());
    }
  }

  /// A client over TCP, with some queries at a time, answered as answers come (RFC 7766, section
  /// 7).
  ///
  /// No more are taken while that many wait, or while the client does not read its answers. One
  /// that has no query waiting has the idle limit to send the next, and to read what it was sent.
  private final class Connection extends SimpleChannelInboundHandler<ByteBuf> {

    private int waiting;
    private Future<?> idle = ImmediateEventExecutor.INSTANCE.newSucceededFuture(null);

    @Override
    public void channelActive(ChannelHandlerContext ctx) {
      rest(ctx);
    }

    @Override
    protected void channelRead0(ChannelHandlerContext ctx, ByteBuf query) {
      if (!DnsMessage.isQuery(query)) {
        ctx.close();
        return;
      }
      idle.cancel(false);
      waiting++;
      resolve(
          query.retain(),
          Carrier.TCP,
          answer -> {
            ctx.writeAndFlush(answer);
            waiting--;
            if (waiting == 0) {
              rest(ctx);
            }
            takeOrWait(ctx.channel());
          });
      takeOrWait(ctx.channel());
    }

    private void rest(ChannelHandlerContext ctx) {
      idle =
          ctx.executor()
              .schedule(() -> ctx.close(), config.idleLimit().toMillis(), TimeUnit.MILLISECONDS);
    }

    private void takeOrWait(Channel client) {
      client.config().setAutoRead(waiting < config.maxPipelined() && client.isWritable());
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
      takeOrWait(ctx.channel());
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
      idle.cancel(false);
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      ctx.close();
    }
  }
}
