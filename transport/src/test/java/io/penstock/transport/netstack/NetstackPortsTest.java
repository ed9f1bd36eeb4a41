package io.penstock.transport.netstack;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.net.SocketException;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Who has which local port, and what those are told who come second.
class NetstackPortsTest {

  private static final InetSocketAddress ANY = new InetSocketAddress(0);

  private Stacks stacks;

  @BeforeEach
  void begin() throws Exception {
    stacks = new Stacks();
  }

  @AfterEach
  void end() throws Exception {
    stacks.close();
  }

  private static Channel listen(NetStackDriver driver, InetSocketAddress at, String owner)
      throws Exception {
    return new ServerBootstrap()
        .group(driver.eventLoop())
        .channelFactory(driver.serverChannels())
        .option(NetstackOption.OWNER, owner)
        .childHandler(new Inbox())
        .bind(at)
        .sync()
        .channel();
  }

  private static Bootstrap socket(NetStackDriver driver) {
    return new Bootstrap()
        .group(driver.eventLoop())
        .channelFactory(driver.channels())
        .handler(new Inbox());
  }

  private static Bootstrap udp(NetStackDriver driver) {
    return new Bootstrap()
        .group(driver.eventLoop())
        .channelFactory(driver.datagramChannels())
        .handler(new Inbox());
  }

  private static Channel bound(Bootstrap bootstrap, InetSocketAddress at) throws Exception {
    return bootstrap.register().sync().channel().bind(at).sync().channel();
  }

  private static InetSocketAddress local(Channel channel) {
    return (InetSocketAddress) channel.localAddress();
  }

  @Test
  void a_listener_that_comes_second_is_told_who_has_the_port() throws Exception {
    Channel first = listen(stacks.server, ANY, "the web server");
    InetSocketAddress same = local(first);
    assertThatThrownBy(() -> listen(stacks.server, same, "another"))
        .isInstanceOf(BindException.class)
        .hasMessage("Address already in use: " + text(same) + ", by the web server");
    first.close().sync();
    listen(stacks.server, same, "another");
  }

  private static String text(InetSocketAddress address) {
    return SocketAddresses.endpoint(address).toString();
  }

  @Test
  void an_exact_and_a_wildcard_listener_share_a_port() throws Exception {
    int port = local(listen(stacks.server, ANY, "wildcard")).getPort();
    InetSocketAddress exact = SocketAddresses.of(Stacks.SERVER_4.withPort(port));
    listen(stacks.server, exact, "exact");
    assertThatThrownBy(() -> listen(stacks.server, exact, "third")).hasMessageEndingWith(" exact");
  }

  @Test
  void a_socket_may_be_bound_long_before_it_connects() throws Exception {
    Channel listening = listen(stacks.server, ANY, "a server");
    Channel channel = bound(socket(stacks.client), ANY);
    int port = local(channel).getPort();
    assertThat(port).isPositive();
    assertThat(local(channel).getAddress().isAnyLocalAddress()).isTrue();

    channel.connect(Stacks.at(Stacks.SERVER_6, listening)).sync();

    assertThat(local(channel)).isEqualTo(SocketAddresses.of(Stacks.CLIENT_6.withPort(port)));
  }

  @Test
  void a_bound_socket_keeps_its_port_from_others() throws Exception {
    Channel channel = bound(socket(stacks.client), ANY);
    InetSocketAddress same = local(channel);
    assertThatThrownBy(() -> bound(socket(stacks.client), same))
        .isInstanceOf(BindException.class)
        .hasMessageEndingWith(", by a bound socket");
    assertThatThrownBy(() -> listen(stacks.client, same, "a server"))
        .isInstanceOf(BindException.class)
        .hasMessageEndingWith(", by a bound socket");
    channel.close().sync();
    Channel listening = listen(stacks.client, same, "a server");
    assertThatThrownBy(() -> bound(socket(stacks.client), same))
        .hasMessageEndingWith(", by a server");
    listening.close().sync();
    bound(socket(stacks.client), same);
  }

  @Test
  void a_socket_is_not_bound_to_what_is_not_ours() {
    assertThatThrownBy(() -> bound(socket(stacks.client), new InetSocketAddress("10.0.0.8", 0)))
        .isInstanceOf(BindException.class)
        .hasMessage("Cannot assign requested address: 10.0.0.8");
  }

  @Test
  void a_bound_socket_ends_with_its_stack() throws Exception {
    Channel channel = bound(socket(stacks.client), ANY);
    stacks.client.close().sync();
    assertThat(channel.closeFuture().await(5, SECONDS)).isTrue();
  }

  @Test
  void a_udp_port_is_another_than_that_of_tcp_and_has_an_owner_too() throws Exception {
    InetSocketAddress same = local(listen(stacks.client, ANY, "a server"));
    udp(stacks.client).option(NetstackOption.OWNER, "a resolver").bind(same).sync();
    assertThatThrownBy(() -> udp(stacks.client).bind(same).sync())
        .isInstanceOf(BindException.class)
        .hasMessageEndingWith(", by a resolver");
  }

  @Test
  void no_connection_is_made_to_a_group() {
    for (String group : new String[] {"224.0.0.1", "255.255.255.255", "10.0.0.255", "ff02::1"}) {
      assertThatThrownBy(
              () -> socket(stacks.client).connect(new InetSocketAddress(group, 80)).sync())
          .isInstanceOf(SocketException.class)
          .hasMessageStartingWith("Network is unreachable");
    }
  }

  @Test
  void without_auto_read_one_connection_is_accepted_for_each_read() throws Exception {
    BlockingQueue<Object> accepted = new LinkedBlockingQueue<>();
    Channel listening =
        new Bootstrap()
            .group(stacks.server.eventLoop())
            .channelFactory(stacks.server.serverChannels())
            .option(ChannelOption.AUTO_READ, false)
            .handler(
                new ChannelInboundHandlerAdapter() {
                  @Override
                  public void channelRead(ChannelHandlerContext ctx, Object msg) {
                    accepted.add(msg);
                    ctx.channel().eventLoop().register((Channel) msg);
                  }
                })
            .bind(ANY)
            .sync()
            .channel();
    for (int i = 0; i < 3; i++) {
      socket(stacks.client).connect(Stacks.at(Stacks.SERVER_4, listening)).sync();
    }
    for (int i = 0; i < 3; i++) {
      listening.read();
      assertThat(accepted.poll(10, SECONDS)).isNotNull();
      Stacks.ask(stacks.server, stack -> stack.tcp().connectionCount());
      assertThat(accepted).isEmpty();
    }
  }
}
