package io.penstock.transport.netstack;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.penstock.protocol.Deadlines;
import io.penstock.protocol.netstack.NetStack;
import io.penstock.protocol.netstack.NetStackConfig;
import io.penstock.protocol.netstack.ip.LinkTraits;
import io.penstock.protocol.netstack.tcp.TcpConfig;
import io.penstock.protocol.netstack.wire.IpEndpoint;
import io.penstock.transport.NativeSupport;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.ToLongFunction;

/// Two stacks on event loops of their own, with a link in memory between them.
public final class Stacks implements AutoCloseable {

  public static final IpEndpoint CLIENT_4 = IpEndpoint.of4(0x0a000001, 0);
  public static final IpEndpoint SERVER_4 = IpEndpoint.of4(0x0a000002, 0);
  public static final IpEndpoint CLIENT_6 = IpEndpoint.of6(0xfd00L << 48, 1, 0);
  public static final IpEndpoint SERVER_6 = IpEndpoint.of6(0xfd00L << 48, 2, 0);

  final MultiThreadIoEventLoopGroup loops = NativeSupport.newEventLoops(2, "stacks");
  public final NetStackDriver client;
  public final NetStackDriver server;

  public Stacks() throws Exception {
    this(LinkTraits.plain(1500));
  }

  public Stacks(LinkTraits traits) throws Exception {
    this(traits, config().build());
  }

  public Stacks(LinkTraits traits, NetStackConfig config) throws Exception {
    MemoryLink.Pair links = MemoryLink.pair(loops.next(), loops.next(), traits);
    client = NetStackDriver.start(links.first(), config);
    server = NetStackDriver.start(links.second(), config);
    client.addAddress(CLIENT_4, 24).sync();
    client.addAddress(CLIENT_6, 64).sync();
    server.addAddress(SERVER_4, 24).sync();
    server.addAddress(SERVER_6, 64).sync();
  }

  /// Ends of connections are forgotten soon, so that a test can wait for it.
  public static NetStackConfig.Builder config() {
    return NetStackConfig.builder().tcp(TcpConfig.builder().timeWaitMillis(1_000).build());
  }

  /// Listens on a free port of all addresses.
  NetstackServerChannel listen(Consumer<Channel> child) throws Exception {
    return (NetstackServerChannel)
        new ServerBootstrap()
            .group(server.eventLoop())
            .channelFactory(server.serverChannels())
            .childHandler(initializer(child))
            .bind(new InetSocketAddress(0))
            .sync()
            .channel();
  }

  Bootstrap dialer(Consumer<Channel> init) {
    return new Bootstrap()
        .group(client.eventLoop())
        .channelFactory(client.channels())
        .handler(initializer(init));
  }

  /// Connects to a port of the server.
  NetstackChannel dial(Channel listening, Consumer<Channel> init) throws Exception {
    return (NetstackChannel) dialer(init).connect(at(SERVER_4, listening)).sync().channel();
  }

  static InetSocketAddress at(IpEndpoint address, Channel listening) {
    int port = ((InetSocketAddress) listening.localAddress()).getPort();
    return SocketAddresses.of(address.withPort(port));
  }

  static ChannelHandler initializer(Consumer<Channel> init) {
    return new ChannelInitializer<>() {
      @Override
      protected void initChannel(Channel channel) {
        init.accept(channel);
      }
    };
  }

  public static <T> T ask(NetStackDriver driver, Function<NetStack, T> question) throws Exception {
    return driver.call(question).get(10, TimeUnit.SECONDS);
  }

  public static long count(NetStackDriver driver, ToLongFunction<NetStack> what) throws Exception {
    return ask(driver, what::applyAsLong);
  }

  /// Waits until neither stack has a connection, a byte or a timer.
  public void awaitNothingLeft() {
    for (NetStackDriver driver : new NetStackDriver[] {client, server}) {
      await()
          .atMost(Duration.ofSeconds(20))
          .untilAsserted(
              () -> {
                assertThat(count(driver, stack -> stack.tcp().connectionCount())).isZero();
                assertThat(count(driver, stack -> stack.tcp().timeWaitCount())).isZero();
                assertThat(count(driver, stack -> stack.tcp().heldBytes())).isZero();
                assertThat(count(driver, NetStack::nextDeadlineNanos)).isEqualTo(Deadlines.NONE);
              });
    }
  }

  @Override
  public void close() {
    client.close().syncUninterruptibly();
    server.close().syncUninterruptibly();
    NativeSupport.endEventLoops(loops, Duration.ofSeconds(5)).syncUninterruptibly();
  }
}
