package io.penstock.transport.netstack;

import static io.netty.buffer.Unpooled.copiedBuffer;
import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.ConnectTimeoutException;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.DuplexChannel;
import io.penstock.protocol.netstack.ip.LinkTraits;
import io.penstock.protocol.netstack.tcp.TcpCloseReason;
import io.penstock.protocol.netstack.wire.IpEndpoint;
import java.net.BindException;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.NoRouteToHostException;
import java.net.SocketException;
import java.nio.channels.ClosedChannelException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Connections between two stacks, as their users see them.
class NetstackChannelTest {

  private static final LinkTraits OFFLOADING = new LinkTraits(1500, 65_000, true);

  private Stacks stacks;

  @BeforeEach
  void begin() throws Exception {
    stacks = new Stacks();
  }

  @AfterEach
  void end() throws Exception {
    stacks.close();
  }

  private static ByteBuf text(String text) {
    return copiedBuffer(text, UTF_8);
  }

  /// Gives back what comes, and ends when the peer ends.
  private static final class Echo extends ChannelInboundHandlerAdapter {

    static void to(Channel channel) {
      channel.config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
      channel.config().setAutoRead(false);
      channel.pipeline().addLast(new Echo());
    }

    @Override
    public void channelActive(ChannelHandlerContext ctx) {
      ctx.read();
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object msg) {
      ctx.write(msg);
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
      ctx.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(_ -> ctx.read());
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
      if (event == ChannelInputShutdownEvent.INSTANCE) {
        ((DuplexChannel) ctx.channel()).shutdownOutput();
      }
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void bytes_come_back_exact_and_both_ends_end(boolean offload) throws Exception {
    stacks.close();
    stacks = new Stacks(offload ? OFFLOADING : LinkTraits.plain(1500));
    Channel listening = stacks.listen(Echo::to);
    byte[] letters = new byte[3_000_000];
    Random random = new Random(7);
    for (int i = 0; i < letters.length; i++) {
      letters[i] = (byte) ('a' + random.nextInt(26));
    }
    String sent = new String(letters, UTF_8);
    Inbox inbox = new Inbox();

    NetstackChannel channel =
        stacks.dial(
            listening,
            made -> {
              made.config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
              made.pipeline().addLast(inbox);
            });
    channel.writeAndFlush(text(sent));
    channel.shutdownOutput().sync();

    assertThat(inbox.finished.get(20, SECONDS)).isEqualTo(sent);
    channel.closeFuture().await(10, SECONDS);
    assertThat(channel.closeReason().orElse(TcpCloseReason.FINISHED))
        .isEqualTo(TcpCloseReason.FINISHED);
    listening.close().sync();
    stacks.awaitNothingLeft();
  }

  @Test
  void the_server_may_end_first_and_still_hear_the_client() throws Exception {
    Inbox atServer = new Inbox();
    Channel listening =
        stacks.listen(
            made -> {
              made.config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
              made.pipeline()
                  .addLast(
                      new ChannelInboundHandlerAdapter() {
                        @Override
                        public void channelActive(ChannelHandlerContext ctx) {
                          ctx.writeAndFlush(text("hello"));
                          ((DuplexChannel) ctx.channel()).shutdownOutput();
                        }
                      },
                      atServer);
            });
    Inbox inbox = new Inbox();
    NetstackChannel channel =
        stacks.dial(
            listening,
            made -> {
              made.config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
              made.pipeline().addLast(inbox);
            });

    assertThat(inbox.finished.get(10, SECONDS)).isEqualTo("hello");
    channel.writeAndFlush(text("good")).sync();
    channel.writeAndFlush(text(" bye")).sync();
    channel.shutdownOutput();

    assertThat(atServer.finished.get(10, SECONDS)).isEqualTo("good bye");
    assertThat(channel.closeFuture().await(10, SECONDS)).isTrue();
    stacks.awaitNothingLeft();
  }

  @Test
  void a_thousand_connections_at_once_leave_nothing_behind() throws Exception {
    AtomicInteger accepted = new AtomicInteger();
    Channel listening =
        stacks.listen(
            made -> {
              accepted.incrementAndGet();
              Echo.to(made);
            });
    List<Inbox> inboxes = new ArrayList<>();
    List<ChannelFuture> dialled = new ArrayList<>();
    for (int i = 0; i < 1_000; i++) {
      Inbox inbox = new Inbox();
      inboxes.add(inbox);
      IpEndpoint to = i % 2 == 0 ? Stacks.SERVER_4 : Stacks.SERVER_6;
      dialled.add(
          stacks.dialer(made -> made.pipeline().addLast(inbox)).connect(Stacks.at(to, listening)));
    }
    for (int i = 0; i < dialled.size(); i++) {
      Channel channel = dialled.get(i).sync().channel();
      channel.writeAndFlush(text("from " + i));
      ((DuplexChannel) channel).shutdownOutput();
    }
    for (int i = 0; i < inboxes.size(); i++) {
      assertThat(inboxes.get(i).closed.get(20, SECONDS)).isEqualTo("from " + i);
    }
    assertThat(accepted).hasValue(1_000);
    stacks.awaitNothingLeft();
  }

  @Test
  void a_reader_that_pauses_stops_the_writer() throws Exception {
    CompletableFuture<Channel> accepted = new CompletableFuture<>();
    Inbox atServer = new Inbox();
    Channel listening =
        stacks.listen(
            made -> {
              made.config().setAutoRead(false);
              made.pipeline().addLast(atServer);
              accepted.complete(made);
            });
    NetstackChannel channel = stacks.dial(listening, _ -> {});
    int total = 0;
    ByteBuf piece = Unpooled.wrappedBuffer(new byte[32 * 1024]);
    while (channel.isWritable()) {
      ChannelFuture written = channel.writeAndFlush(piece.retainedDuplicate());
      total += piece.readableBytes();
      written.await(200);
    }
    piece.release();
    long held = Stacks.ask(stacks.server, stack -> stack.tcp().heldBytes());
    assertThat(held).isPositive().isLessThan(8L * 1024 * 1024);

    accepted.get().config().setAutoRead(true);
    await().until(channel::isWritable);
    channel.close().sync();
    assertThat(atServer.closed.get(20, SECONDS)).hasSize(total);
    stacks.awaitNothingLeft();
  }

  @Test
  void to_close_with_bytes_unread_resets_the_peer() throws Exception {
    CompletableFuture<Channel> accepted = new CompletableFuture<>();
    Channel listening =
        stacks.listen(
            made -> {
              made.config().setAutoRead(false);
              accepted.complete(made);
            });
    Inbox inbox = new Inbox();
    NetstackChannel channel = stacks.dial(listening, made -> made.pipeline().addLast(inbox));
    channel.writeAndFlush(text("nobody reads this")).sync();
    await().until(() -> Stacks.ask(stacks.server, stack -> stack.tcp().heldBytes()) > 0);

    accepted.get().close().sync();

    assertThat(inbox.failed.get(10, SECONDS))
        .isInstanceOf(SocketException.class)
        .hasMessage("Connection reset");
    inbox.closed.get(10, SECONDS);
    assertThat(channel.closeReason()).contains(TcpCloseReason.RESET);
    stacks.awaitNothingLeft();
  }

  @Test
  void linger_zero_resets_when_closing() throws Exception {
    Inbox atServer = new Inbox();
    Channel listening = stacks.listen(made -> made.pipeline().addLast(atServer));
    NetstackChannel channel = stacks.dial(listening, _ -> {});
    assertThat(channel.config().setOption(ChannelOption.SO_LINGER, 0)).isTrue();
    await().until(() -> Stacks.ask(stacks.server, stack -> stack.tcp().connectionCount()) == 1);

    channel.close().sync();

    assertThat(atServer.failed.get(10, SECONDS)).hasMessage("Connection reset");
    stacks.awaitNothingLeft();
  }

  @Test
  void nobody_listening_is_a_refused_connection() {
    assertThatThrownBy(
            () ->
                stacks
                    .dialer(_ -> {})
                    .connect(SocketAddresses.of(Stacks.SERVER_6.withPort(9)))
                    .sync())
        .isInstanceOf(ConnectException.class)
        .hasMessage("Connection refused");
  }

  @Test
  void nobody_answering_is_a_timeout() {
    ChannelFuture dialled =
        stacks
            .dialer(_ -> {})
            .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, 100)
            .connect(new InetSocketAddress("10.0.0.9", 80));
    assertThatThrownBy(dialled::sync).isInstanceOf(ConnectTimeoutException.class);
    assertThat(dialled.channel().closeFuture().awaitUninterruptibly(5, SECONDS)).isTrue();
    stacks.awaitNothingLeft();
  }

  @Test
  void to_close_while_connecting_ends_the_attempt() throws Exception {
    ChannelFuture dialled = stacks.dialer(_ -> {}).connect(new InetSocketAddress("10.0.0.9", 80));
    dialled.channel().close().sync();
    assertThatThrownBy(dialled::sync).isInstanceOf(ClosedChannelException.class);
    stacks.awaitNothingLeft();
  }

  @Test
  void an_address_that_is_not_ours_is_not_used() throws Exception {
    InetSocketAddress to = SocketAddresses.of(Stacks.SERVER_4.withPort(80));
    assertThatThrownBy(
            () -> stacks.dialer(_ -> {}).connect(to, new InetSocketAddress("10.0.0.8", 0)).sync())
        .isInstanceOf(BindException.class)
        .hasMessage("Cannot assign requested address");
    Stacks.ask(stacks.client, stack -> stack.removeAddress(Stacks.CLIENT_4));
    assertThatThrownBy(() -> stacks.dialer(_ -> {}).connect(to).sync())
        .isInstanceOf(NoRouteToHostException.class);
  }

  @Test
  void a_message_may_be_written_as_soon_as_the_connection_is_there() throws Exception {
    Inbox atServer = new Inbox();
    Channel listening = stacks.listen(made -> made.pipeline().addLast(atServer));
    stacks
        .dialer(_ -> {})
        .connect(Stacks.at(Stacks.SERVER_6, listening))
        .addListener(
            (ChannelFutureListener)
                done ->
                    done.channel()
                        .writeAndFlush(text("early"))
                        .addListener(ChannelFutureListener.CLOSE));
    assertThat(atServer.closed.get(10, SECONDS)).isEqualTo("early");
  }

  @Test
  void options_reach_the_connection_and_others_are_refused() throws Exception {
    Channel listening = stacks.listen(_ -> {});
    NetstackChannel channel =
        (NetstackChannel)
            stacks
                .dialer(_ -> {})
                .option(ChannelOption.TCP_NODELAY, true)
                .option(ChannelOption.SO_KEEPALIVE, true)
                .connect(Stacks.at(Stacks.SERVER_4, listening))
                .sync()
                .channel();
    assertThat(keepsAliveWithoutDelay(true)).isEqualTo(1);

    assertThat(channel.config().setOption(ChannelOption.TCP_NODELAY, false)).isTrue();
    assertThat(channel.config().setOption(ChannelOption.SO_KEEPALIVE, false)).isTrue();
    await().untilAsserted(() -> assertThat(keepsAliveWithoutDelay(false)).isEqualTo(1));
    assertThat(channel.config().getOption(ChannelOption.TCP_NODELAY)).isFalse();
    assertThat(channel.config().setOption(ChannelOption.SO_LINGER, 3)).isFalse();
    assertThat(channel.config().setOption(ChannelOption.SO_SNDBUF, 3)).isFalse();
  }

  @Test
  void a_silent_peer_is_asked_as_often_as_the_options_say() throws Exception {
    Channel listening = stacks.listen(_ -> {});
    NetstackChannel channel =
        (NetstackChannel)
            stacks
                .dialer(_ -> {})
                .option(ChannelOption.SO_KEEPALIVE, true)
                .option(NetstackOption.TCP_KEEPIDLE, 1)
                .option(NetstackOption.TCP_KEEPINTERVAL, 1)
                .option(NetstackOption.TCP_KEEPCOUNT, 2)
                .connect(Stacks.at(Stacks.SERVER_4, listening))
                .sync()
                .channel();
    assertThat(channel.config().getOption(NetstackOption.TCP_KEEPCOUNT)).isEqualTo(2);
    assertThat(channel.config().setOption(NetstackOption.TCP_KEEPCOUNT, 128)).isFalse();
    assertThat(channel.config().setOption(NetstackOption.TCP_KEEPIDLE, 0)).isFalse();
    // The link stays, and nobody is at its other end any more.
    stacks.server.close().sync();
    assertThat(channel.closeFuture().await(60, SECONDS)).isTrue();
    assertThat(channel.closeReason()).contains(TcpCloseReason.KEEP_ALIVE_TIMEOUT);
  }

  @Test
  void a_peer_that_acknowledges_nothing_is_given_up_after_the_user_timeout() throws Exception {
    Channel listening = stacks.listen(_ -> {});
    NetstackChannel channel =
        (NetstackChannel)
            stacks
                .dialer(_ -> {})
                .option(NetstackOption.TCP_USER_TIMEOUT, 1_000)
                .connect(Stacks.at(Stacks.SERVER_4, listening))
                .sync()
                .channel();
    assertThat(channel.config().getOption(NetstackOption.TCP_USER_TIMEOUT)).isEqualTo(1_000);
    assertThat(channel.config().setOption(NetstackOption.TCP_USER_TIMEOUT, 999)).isFalse();
    stacks.server.close().sync();
    channel.writeAndFlush(Unpooled.copyInt(1));
    assertThat(channel.closeFuture().await(60, SECONDS)).isTrue();
    assertThat(channel.closeReason()).contains(TcpCloseReason.USER_TIMEOUT);
  }

  @Test
  void whoever_ends_is_told_when_the_peer_has_received_it_all() throws Exception {
    Channel listening = stacks.listen(made -> made.config().setAutoRead(false));
    CompletableFuture<Object> told = new CompletableFuture<>();
    NetstackChannel channel =
        stacks.dial(
            listening,
            made ->
                made.pipeline()
                    .addLast(
                        new ChannelInboundHandlerAdapter() {
                          @Override
                          public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
                            told.complete(event);
                          }
                        }));
    channel.writeAndFlush(text("all of this")).sync();
    assertThat(told).isNotDone();
    channel.shutdownOutput().sync();
    assertThat(told.get(10, SECONDS)).isEqualTo(EndAcknowledged.INSTANCE);
  }

  private int keepsAliveWithoutDelay(boolean on) throws Exception {
    AtomicInteger count = new AtomicInteger();
    Stacks.ask(
        stacks.client,
        stack -> {
          stack
              .tcp()
              .forEachConnection(
                  connection -> {
                    if (connection.noDelay() == on && connection.keepAliveIdleNanos() > 0 == on) {
                      count.incrementAndGet();
                    }
                  });
          return true;
        });
    return count.get();
  }

  @Test
  void a_stack_that_closes_closes_channels_whose_connection_is_over_but_not_read()
      throws Exception {
    CompletableFuture<Channel> accepted = new CompletableFuture<>();
    Channel listening =
        stacks.listen(
            made -> {
              made.config().setAutoRead(false);
              accepted.complete(made);
            });
    NetstackChannel channel = stacks.dial(listening, _ -> {});
    channel.writeAndFlush(Unpooled.copyInt(1)).sync();
    NetstackChannel unread = (NetstackChannel) accepted.get(10, SECONDS);
    unread.shutdownOutput().sync();
    channel.close().sync();
    await()
        .untilAsserted(
            () ->
                assertThat(Stacks.count(stacks.server, stack -> stack.tcp().connectionCount()))
                    .isZero());
    assertThat(unread.isOpen()).isTrue();

    stacks.server.close().sync();

    assertThat(unread.closeFuture().await(5, SECONDS)).isTrue();
  }

  @Test
  void a_stack_that_closes_closes_its_channels() throws Exception {
    Channel listening = stacks.listen(_ -> {});
    Inbox inbox = new Inbox();
    NetstackChannel channel = stacks.dial(listening, made -> made.pipeline().addLast(inbox));

    stacks.client.close().sync();
    stacks.server.close().sync();

    assertThat(channel.closeFuture().await(5, SECONDS)).isTrue();
    assertThat(inbox.failed.get(5, SECONDS)).hasMessage("Network is down");
    assertThat(listening.closeFuture().await(5, SECONDS)).isTrue();
    assertThatThrownBy(() -> stacks.dial(listening, _ -> {})).hasMessage("Network is down");
  }

  @Test
  void a_flow_that_nobody_listens_for_may_be_taken_by_whoever_asks() throws Exception {
    Inbox inbox = new Inbox();
    stacks.server.onFlow(flow -> stacks.server.accept(flow, inbox));
    Channel channel =
        stacks
            .dialer(_ -> {})
            .connect(SocketAddresses.of(Stacks.SERVER_6.withPort(777)))
            .sync()
            .channel();
    channel.writeAndFlush(text("unasked")).addListener(ChannelFutureListener.CLOSE);
    assertThat(inbox.closed.get(10, SECONDS)).isEqualTo("unasked");
    stacks.awaitNothingLeft();
  }

  @Test
  void a_channel_on_another_event_loop_is_refused() {
    assertThatThrownBy(
            () ->
                new Bootstrap()
                    .group(stacks.server.eventLoop())
                    .channelFactory(stacks.client.channels())
                    .handler(new Inbox())
                    .connect(new InetSocketAddress("10.0.0.2", 1))
                    .sync())
        .isInstanceOf(IllegalStateException.class);
  }
}
