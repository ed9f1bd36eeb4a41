package io.penstock.transport.netstack;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.DatagramPacket;
import io.netty.util.ReferenceCountUtil;
import io.penstock.protocol.netstack.wire.IpEndpoint;
import io.penstock.testkit.leak.LeakCheck;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/// Who has which port of a stack, and what happens when the stack gets another address.
@ExtendWith(LeakCheck.class)
class ChangedAddressTest {

  private static final IpEndpoint OTHER_4 = IpEndpoint.of4(0x0a000003, 0);

  private Stacks stacks;

  @BeforeEach
  void start() throws Exception {
    stacks = new Stacks();
  }

  @AfterEach
  void close() {
    stacks.close();
  }

  private ServerBootstrap listener() {
    return new ServerBootstrap()
        .group(stacks.server.eventLoop())
        .channelFactory(stacks.server.serverChannels())
        .childHandler(Stacks.initializer(_ -> {}));
  }

  private Bootstrap socket() {
    return new Bootstrap()
        .group(stacks.server.eventLoop())
        .channelFactory(stacks.server.datagramChannels())
        .handler(Stacks.initializer(_ -> {}));
  }

  private static InetSocketAddress at(IpEndpoint address, int port) {
    return SocketAddresses.of(address.withPort(port));
  }

  @Test
  void a_port_that_is_taken_is_refused_with_its_owners_name() throws Exception {
    listener()
        .option(NetstackOption.OWNER, "serve")
        .option(NetstackOption.EXCLUSIVE, true)
        .bind(new InetSocketAddress(443))
        .sync();

    assertThatThrownBy(() -> listener().bind(new InetSocketAddress(443)).sync())
        .isInstanceOf(BindException.class)
        .hasMessageContaining("by serve");
    assertThatThrownBy(() -> listener().bind(at(Stacks.SERVER_4, 443)).sync())
        .isInstanceOf(BindException.class)
        .hasMessage("Address already in use: 10.0.0.2:443, by serve");
  }

  @Test
  void an_exact_and_a_wildcard_listener_share_a_port_and_each_only_once() throws Exception {
    listener().bind(new InetSocketAddress(80)).sync();
    Channel exact = listener().bind(at(Stacks.SERVER_4, 80)).sync().channel();
    listener().bind(at(Stacks.SERVER_6, 80)).sync();

    assertThatThrownBy(() -> listener().bind(at(Stacks.SERVER_4, 80)).sync())
        .isInstanceOf(BindException.class);
    socket().bind(at(Stacks.SERVER_4, 80)).sync();
    assertThatThrownBy(() -> socket().bind(at(Stacks.SERVER_4, 80)).sync())
        .isInstanceOf(BindException.class);

    exact.close().sync();
    listener().bind(at(Stacks.SERVER_4, 80)).sync();
  }

  @Test
  void connections_end_with_the_reason_and_listeners_and_sockets_move() throws Exception {
    Channel server = listener().bind(at(Stacks.SERVER_4, 0)).sync().channel();
    int port = ((InetSocketAddress) server.localAddress()).getPort();
    CompletableFuture<DatagramPacket> received = new CompletableFuture<>();
    Channel udp =
        socket()
            .handler(
                new ChannelInboundHandlerAdapter() {
                  @Override
                  public void channelRead(ChannelHandlerContext ctx, Object msg) {
                    received.complete((DatagramPacket) msg);
                  }
                })
            .bind(at(Stacks.SERVER_4, 53))
            .sync()
            .channel();
    CompletableFuture<Throwable> failure = new CompletableFuture<>();
    NetstackChannel outgoing =
        (NetstackChannel)
            new Bootstrap()
                .group(stacks.server.eventLoop())
                .channelFactory(stacks.server.channels())
                .handler(
                    new ChannelInboundHandlerAdapter() {
                      @Override
                      public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
                        failure.complete(cause);
                      }
                    })
                .connect(clientListener())
                .sync()
                .channel();

    stacks.server.replaceAddress(Stacks.SERVER_4, OTHER_4, 24).sync();

    assertThat(failure.get(10, TimeUnit.SECONDS)).isInstanceOf(AddressChangedException.class);
    await().until(() -> !outgoing.isOpen());
    assertThat(server.localAddress()).isEqualTo(at(OTHER_4, port));
    assertThat(udp.localAddress()).isEqualTo(at(OTHER_4, 53));
    stacks.dialer(_ -> {}).connect(at(OTHER_4, port)).sync();
    Channel sender =
        new Bootstrap()
            .group(stacks.client.eventLoop())
            .channelFactory(stacks.client.datagramChannels())
            .handler(Stacks.initializer(_ -> {}))
            .connect(at(OTHER_4, 53))
            .sync()
            .channel();
    sender.writeAndFlush(Unpooled.copyShort(1)).sync();
    ReferenceCountUtil.release(received.get(10, TimeUnit.SECONDS));
  }

  private InetSocketAddress clientListener() throws Exception {
    Channel listening =
        new ServerBootstrap()
            .group(stacks.client.eventLoop())
            .channelFactory(stacks.client.serverChannels())
            .childHandler(Stacks.initializer(_ -> {}))
            .bind(at(Stacks.CLIENT_4, 0))
            .sync()
            .channel();
    return (InetSocketAddress) listening.localAddress();
  }
}
