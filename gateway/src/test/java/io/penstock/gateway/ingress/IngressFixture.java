package io.penstock.gateway.ingress;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.util.concurrent.Promise;
import io.penstock.testkit.wire.WireServer;
import io.penstock.testkit.wire.WireSocket;
import io.penstock.transport.NativeSupport;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// An ingress on a free port whose agents are plain sockets: each stream is a TCP connection that
/// the test plays.
final class IngressFixture implements AutoCloseable {

  static final String HOST = "app.test";

  /// Whether the streams live on the event loop of the visitors or on another one.
  enum Loops {
    SAME,
    DIFFERENT
  }

  final WireServer agent;
  final IngressCounters counters = new IngressCounters();
  final RouteTable routes = new RouteTable();
  final AtomicInteger finished = new AtomicInteger();
  final AtomicInteger chosen = new AtomicInteger();
  final Ingress ingress;
  private final IngressConfig config;
  private final EventLoopGroup visitorLoop = NativeSupport.newEventLoops(1, "visitors");
  private final EventLoopGroup otherLoop = NativeSupport.newEventLoops(1, "streams");
  private final EventLoop streamLoop;
  private final int port;
  volatile boolean ownProtocol = true;
  volatile boolean agentThere = true;
  final AtomicInteger failingOpens = new AtomicInteger();

  /// What stands between the next streams and their sockets, if anything.
  volatile @Nullable Valve valve;

  IngressFixture(IngressConfig config, Loops loops, WireServer agent) {
    this.agent = agent;
    this.config = config;
    this.streamLoop = (loops == Loops.SAME ? visitorLoop : otherLoop).next();
    routes.replaceAll(List.of(Route.parse(HOST, "ada")));
    ingress = new Ingress(config, routes, this::choose, counters);
    InetSocketAddress any = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    Channel bound = ingress.listen(visitorLoop, any).syncUninterruptibly().channel();
    port = ((InetSocketAddress) bound.localAddress()).getPort();
  }

  static IngressFixture start() {
    return new IngressFixture(IngressConfig.DEFAULT, Loops.DIFFERENT, WireServer.start());
  }

  static IngressFixture start(IngressConfig config) {
    return new IngressFixture(config, Loops.DIFFERENT, WireServer.start());
  }

  /// An ingress whose agent plays `script` on every stream.
  static IngressFixture answering(Consumer<WireSocket> script) {
    return new IngressFixture(IngressConfig.DEFAULT, Loops.DIFFERENT, WireServer.start(script));
  }

  static IngressFixture answering(IngressConfig config, Consumer<WireSocket> script) {
    return new IngressFixture(config, Loops.DIFFERENT, WireServer.start(script));
  }

  WireSocket visit() {
    return WireSocket.connect(port);
  }

  RoundTrip roundTrip() {
    return new RoundTrip(config, routes, this::choose);
  }

  int port() {
    return port;
  }

  EventLoopGroup visitorLoop() {
    return visitorLoop;
  }

  private Upstreams.Choice choose(Route route) {
    if (!agentThere) {
      return Upstreams.None.NO_AGENT;
    }
    chosen.incrementAndGet();
    return new Upstreams.Chosen(new SocketUpstream());
  }

  private ChannelHandler behindValve(ChannelHandler initializer) {
    Valve slow = valve;
    if (slow == null) {
      return initializer;
    }
    return new ChannelInitializer<Channel>() {
      @Override
      protected void initChannel(Channel stream) {
        stream.pipeline().addLast(slow, initializer);
      }
    };
  }

  @Override
  public void close() {
    ingress.close();
    agent.close();
    NativeSupport.endEventLoops(otherLoop, Duration.ofSeconds(2)).syncUninterruptibly();
    NativeSupport.endEventLoops(visitorLoop, Duration.ofSeconds(2)).syncUninterruptibly();
  }

  private final class SocketUpstream implements Upstream {

    @Override
    public boolean ownProtocol() {
      return ownProtocol;
    }

    @Override
    public EventLoop eventLoop() {
      return streamLoop;
    }

    @Override
    public void open(ChannelHandler initializer, Promise<Channel> opened) {
      if (failingOpens.getAndUpdate(left -> Math.max(0, left - 1)) > 0) {
        opened.setFailure(new ConnectException("this agent has just left"));
        return;
      }
      var connecting =
          new Bootstrap()
              .group(streamLoop)
              .channel(NativeSupport.socketChannel())
              .option(ChannelOption.AUTO_READ, false)
              .handler(behindValve(initializer))
              .connect(InetAddress.getLoopbackAddress(), agent.port());
      connecting.addListener(
          _ -> {
            if (connecting.isSuccess()) {
              opened.setSuccess(connecting.channel());
            } else {
              opened.setFailure(connecting.cause());
            }
          });
    }

    @Override
    public void finished() {
      finished.incrementAndGet();
    }
  }
}
