package io.penstock.transport.netstack;

import static io.netty.buffer.Unpooled.copiedBuffer;
import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.socket.DatagramPacket;
import io.penstock.protocol.netstack.NetStackConfig;
import io.penstock.protocol.netstack.ip.LinkTraits;
import io.penstock.protocol.netstack.udp.UdpConfig;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.net.PortUnreachableException;
import java.net.SocketException;
import java.nio.channels.NotYetConnectedException;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// UDP between two stacks, as its users see it.
class NetstackDatagramChannelTest {

  private Stacks stacks;

  @BeforeEach
  void begin() throws Exception {
    stacks = new Stacks();
  }

  @AfterEach
  void end() throws Exception {
    stacks.close();
  }

  /// Collects datagrams as `text from sender`, and failures.
  private static final class Post extends SimpleChannelInboundHandler<DatagramPacket> {

    final BlockingQueue<String> texts = new LinkedBlockingQueue<>();
    final BlockingQueue<InetSocketAddress> senders = new LinkedBlockingQueue<>();
    final BlockingQueue<Throwable> failures = new LinkedBlockingQueue<>();

    @Override
    protected void channelRead0(ChannelHandlerContext ctx, DatagramPacket datagram) {
      senders.add(datagram.sender());
      texts.add(datagram.content().toString(UTF_8));
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      failures.add(cause);
    }
  }

  private static Bootstrap udp(NetStackDriver driver, ChannelInboundHandlerAdapter handler) {
    return new Bootstrap()
        .group(driver.eventLoop())
        .channelFactory(driver.datagramChannels())
        .handler(handler);
  }

  private static Bootstrap answering(NetStackDriver driver) {
    return udp(
        driver,
        new ChannelInboundHandlerAdapter() {
          @Override
          public void channelRead(ChannelHandlerContext ctx, Object msg) {
            DatagramPacket in = (DatagramPacket) msg;
            ctx.writeAndFlush(new DatagramPacket(in.content(), in.sender()));
          }
        });
  }

  private static DatagramPacket datagram(String text, InetSocketAddress to) {
    return new DatagramPacket(copiedBuffer(text, UTF_8), to);
  }

  @Test
  void datagrams_of_both_versions_are_answered() throws Exception {
    Channel server = answering(stacks.server).bind(new InetSocketAddress(0)).sync().channel();
    Post post = new Post();
    Channel client = udp(stacks.client, post).bind(new InetSocketAddress(0)).sync().channel();

    client.writeAndFlush(datagram("four", Stacks.at(Stacks.SERVER_4, server))).sync();
    assertThat(post.texts.poll(10, SECONDS)).isEqualTo("four");
    client.writeAndFlush(datagram("six", Stacks.at(Stacks.SERVER_6, server))).sync();
    assertThat(post.texts.poll(10, SECONDS)).isEqualTo("six");
    assertThat(post.senders)
        .containsExactly(Stacks.at(Stacks.SERVER_4, server), Stacks.at(Stacks.SERVER_6, server));
  }

  @Test
  void a_connected_socket_sends_plain_buffers_and_hears_of_closed_ports() throws Exception {
    Channel server = answering(stacks.server).bind(new InetSocketAddress(0)).sync().channel();
    InetSocketAddress to = Stacks.at(Stacks.SERVER_4, server);
    Post post = new Post();
    Channel client = udp(stacks.client, post).connect(to).sync().channel();
    assertThat(client.remoteAddress()).isEqualTo(to);

    client.writeAndFlush(copiedBuffer("plain", UTF_8)).sync();
    assertThat(post.texts.poll(10, SECONDS)).isEqualTo("plain");
    server.close().sync();
    client.writeAndFlush(copiedBuffer("lost", UTF_8)).sync();

    assertThat(post.failures.poll(10, SECONDS)).isInstanceOf(PortUnreachableException.class);
    assertThat(client.isOpen()).isTrue();
  }

  @Test
  void many_datagrams_written_at_once_all_arrive_in_order() throws Exception {
    stacks.close();
    UdpConfig roomy = new UdpConfig(100, 16 << 20, 16 << 20, 32_768, 64);
    stacks = new Stacks(LinkTraits.plain(1500), NetStackConfig.builder().udp(roomy).build());
    Post post = new Post();
    Channel server = udp(stacks.server, post).bind(new InetSocketAddress(0)).sync().channel();
    Channel client =
        udp(stacks.client, new Post()).connect(Stacks.at(Stacks.SERVER_6, server)).sync().channel();
    // More than the queue of the stack holds.
    int count = 3_000;
    byte[] padding = new byte[1_000];
    for (int i = 0; i < count; i++) {
      client.write(
          Unpooled.wrappedBuffer(copiedBuffer(i + "#", UTF_8), Unpooled.wrappedBuffer(padding)));
    }
    client.flush();

    for (int i = 0; i < count; i++) {
      String text = post.texts.poll(20, SECONDS);
      assertThat(text).isNotNull();
      assertThat(text.substring(0, text.indexOf('#'))).isEqualTo("" + i);
    }
  }

  @Test
  void without_auto_read_datagrams_wait() throws Exception {
    Post post = new Post();
    Channel server =
        udp(stacks.server, post)
            .option(ChannelOption.AUTO_READ, false)
            .bind(new InetSocketAddress(0))
            .sync()
            .channel();
    Channel client = udp(stacks.client, new Post()).bind(new InetSocketAddress(0)).sync().channel();
    client.writeAndFlush(datagram("waits", Stacks.at(Stacks.SERVER_4, server))).sync();
    long deadline = System.nanoTime() + 10_000_000_000L;
    while (Stacks.count(stacks.server, stack -> stack.udp().heldBytes()) == 0) {
      assertThat(System.nanoTime()).isLessThan(deadline);
    }
    assertThat(post.texts).isEmpty();

    server.read();
    assertThat(post.texts.poll(10, SECONDS)).isEqualTo("waits");
    assertThat(Stacks.count(stacks.server, stack -> stack.udp().heldBytes())).isZero();
  }

  @Test
  void what_cannot_be_sent_fails_alone() throws Exception {
    Channel client = udp(stacks.client, new Post()).bind(new InetSocketAddress(0)).sync().channel();
    InetSocketAddress to = SocketAddresses.of(Stacks.SERVER_4.withPort(7));
    assertThatThrownBy(
            () ->
                client
                    .writeAndFlush(new DatagramPacket(Unpooled.wrappedBuffer(new byte[65_508]), to))
                    .sync())
        .isInstanceOf(SocketException.class)
        .hasMessage("Message too long");
    assertThatThrownBy(() -> client.writeAndFlush(copiedBuffer("to whom", UTF_8)).sync())
        .isInstanceOf(NotYetConnectedException.class);
    client.writeAndFlush(datagram("fine", to)).sync();
  }

  @Test
  void a_port_has_one_socket_until_it_is_closed() throws Exception {
    Channel first = udp(stacks.client, new Post()).bind(new InetSocketAddress(0)).sync().channel();
    InetSocketAddress same = (InetSocketAddress) first.localAddress();
    assertThatThrownBy(() -> udp(stacks.client, new Post()).bind(same).sync())
        .isInstanceOf(BindException.class);
    first.close().sync();
    udp(stacks.client, new Post()).bind(same).sync();
  }

  @Test
  void a_first_datagram_that_nobody_waits_for_may_be_taken() throws Exception {
    Post post = new Post();
    stacks.server.onFlow(flow -> stacks.server.accept(flow, post));
    Channel client =
        udp(stacks.client, new Post())
            .connect(SocketAddresses.of(Stacks.SERVER_6.withPort(53)))
            .sync()
            .channel();
    client.writeAndFlush(copiedBuffer("first", UTF_8)).sync();
    client.writeAndFlush(copiedBuffer("second", UTF_8)).sync();
    assertThat(post.texts.poll(10, SECONDS)).isEqualTo("first");
    assertThat(post.texts.poll(10, SECONDS)).isEqualTo("second");
  }
}
