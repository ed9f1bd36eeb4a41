package io.penstock.transport.kcp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.penstock.protocol.kcp.KcpCloseReason;
import io.penstock.protocol.kcp.KcpConfig;
import io.penstock.protocol.kcp.KcpHeader;
import io.penstock.transport.NativeSupport;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// What addresses that have proven nothing can and cannot do to a server.
class KcpServerLimitsTest {

  private final MultiThreadIoEventLoopGroup loops = NativeSupport.newEventLoops(2, "kcp-test");
  private final List<KcpChannel> children = new CopyOnWriteArrayList<>();
  private final List<RawPeer> peers = new ArrayList<>();

  @AfterEach
  void stop() {
    peers.forEach(RawPeer::close);
    NativeSupport.endEventLoops(loops, Duration.ofSeconds(5)).syncUninterruptibly();
  }

  @Test
  void more_addresses_than_allowed_push_out_the_oldest_and_never_a_good_one() throws Exception {
    KcpServerChannel server = listen(KcpServerLimits.defaults().withUnprovenPeers(20));
    RawPeer answering = opened(server, 1);
    provesItsAddress(answering, 1);

    for (int i = 0; i < 200; i++) {
      peer(server).push(1000 + i, 0, 100);
    }
    await().until(() -> children.size() == 201);

    assertThat(onLoop(server, server::unprovenPeers)).isEqualTo(20);
    assertThat(children.get(0).isOpen()).isTrue();
    assertThat(children.get(1).closeReason()).contains(KcpCloseReason.EVICTED);
    assertThat(children.get(200).isOpen()).isTrue();
    assertThat(echoes(server)).isTrue();
  }

  @Test
  void a_newcomer_is_dropped_when_every_unproven_address_has_answered() throws Exception {
    KcpServerChannel server = listen(KcpServerLimits.defaults().withUnprovenPeers(2));
    provesItsAddress(opened(server, 1), 1);
    provesItsAddress(opened(server, 2), 2);

    peer(server).push(3, 0, 10);

    await().until(() -> server.dropped(KcpDrop.UNPROVEN_PEERS) == 1);
    assertThat(children).hasSize(2).allMatch(Channel::isOpen);
  }

  @Test
  void all_unproven_addresses_together_stay_under_one_cap() throws Exception {
    long cap = 64 * 1024;
    KcpServerChannel server = listen(KcpServerLimits.defaults().withUnprovenBytes(cap));
    paused = true;
    for (int i = 0; i < 50; i++) {
      RawPeer peer = peer(server);
      for (int sn = 0; sn < 40; sn++) {
        peer.push(i, sn, 1000);
      }
      long held = onLoop(server, server::unprovenBytes);
      assertThat(held).isLessThan(cap + 20 * 1300);
    }
    assertThat(children.stream().filter(Channel::isOpen).count()).isLessThan(10);
  }

  @Test
  void one_unproven_address_gets_no_more_than_its_segments() throws Exception {
    KcpServerChannel server = listen(KcpServerLimits.defaults());
    paused = true;
    RawPeer peer = peer(server);
    for (int sn = 0; sn < 100; sn++) {
      peer.push(7, sn, 1000);
    }
    await()
        .untilAsserted(
            () -> assertThat(onLoop(server, server::unprovenBytes)).isEqualTo(16 * 1256));
  }

  @Test
  void an_address_that_does_not_prove_itself_in_time_is_ended() throws Exception {
    KcpServerChannel server =
        listen(KcpServerLimits.defaults().withProveWithin(Duration.ofMillis(200)));
    opened(server, 1);

    await().until(() -> !children.getFirst().isOpen());
    assertThat(children.getFirst().closeReason()).contains(KcpCloseReason.UNPROVEN);
    assertThat(onLoop(server, server::unprovenPeers)).isZero();
  }

  @Test
  void a_proven_session_outlives_the_limit() throws Exception {
    KcpServerChannel server =
        listen(KcpServerLimits.defaults().withProveWithin(Duration.ofSeconds(1)));
    RawPeer peer = opened(server, 1);
    children.getFirst().markProven();
    opened(server, 2);

    await().until(() -> !children.get(1).isOpen());
    assertThat(children.getFirst().isOpen()).isTrue();
    peer.push(1, 1, 10);
    assertThat(peer.await(KcpHeader.ACK)).isNotNull();
  }

  @Test
  void a_proven_session_gets_no_more_than_its_segments_until_it_is_admitted() throws Exception {
    KcpServerChannel server = listen(KcpServerLimits.defaults());
    paused = true;
    RawPeer peer = opened(server, 7);
    KcpChannel child = children.getFirst();

    child.markProven();
    pushes(peer, 100);
    await().until(() -> onLoop(child, () -> child.session().heldBytes()) >= 15 * 1256);
    pushes(peer, 100);
    onLoop(server, () -> null);
    assertThat(onLoop(child, () -> child.session().heldBytes())).isLessThanOrEqualTo(16 * 1256);
    assertThat(onLoop(server, server::unprovenPeers)).isZero();

    child.markAdmitted();
    await()
        .untilAsserted(
            () -> {
              pushes(peer, 100);
              assertThat(onLoop(child, () -> child.session().heldBytes()))
                  .isGreaterThanOrEqualTo(99 * 1256);
            });
  }

  @Test
  void an_admitted_session_is_proven_too() throws Exception {
    KcpServerChannel server =
        listen(KcpServerLimits.defaults().withProveWithin(Duration.ofSeconds(1)));
    opened(server, 1);
    children.getFirst().markAdmitted();
    opened(server, 2);

    await().until(() -> !children.get(1).isOpen());
    assertThat(children.getFirst().isOpen()).isTrue();
    assertThat(onLoop(server, server::unprovenPeers)).isZero();
  }

  @Test
  void only_segment_0_opens_a_conversation() throws Exception {
    KcpServerChannel server = listen(KcpServerLimits.defaults());
    RawPeer peer = peer(server);
    peer.push(1, 5, 10);
    peer.ack(1, 0, 0);

    await().until(() -> server.dropped(KcpDrop.NO_CONVERSATION) == 2);
    assertThat(children).isEmpty();
    assertThat(peer.hearsNothingFor(100)).isTrue();
  }

  @Test
  void garbage_is_counted_and_disturbs_nobody() throws Exception {
    KcpServerChannel server = listen(KcpServerLimits.defaults());
    RawPeer peer = opened(server, 1);
    Random random = new Random(1);
    for (int i = 0; i < 500; i++) {
      byte[] garbage = new byte[random.nextInt(1500)];
      random.nextBytes(garbage);
      peer.send(garbage);
    }
    byte[] badCommand = new byte[24];
    badCommand[0] = 1;
    peer.send(badCommand);
    peer.send(new byte[3]);
    peer.push(1, 1, 10);

    assertThat(peer.await(KcpHeader.ACK)).isNotNull();
    await().until(() -> server.dropped(KcpDrop.REJECTED) > 1);
    assertThat(server.dropped(KcpDrop.OTHER_CONVERSATION)).isPositive();
    assertThat(children).hasSize(1).allMatch(Channel::isOpen);
  }

  @Test
  void another_conversation_replaces_an_unproven_one_if_it_starts_at_segment_0() throws Exception {
    KcpServerChannel server = listen(KcpServerLimits.defaults());
    RawPeer peer = opened(server, 1);

    peer.push(2, 3, 10);
    await().until(() -> server.dropped(KcpDrop.OTHER_CONVERSATION) == 1);
    assertThat(children.getFirst().isOpen()).isTrue();

    peer.push(2, 0, 10);
    await().until(() -> children.size() == 2);
    assertThat(children.getFirst().closeReason()).contains(KcpCloseReason.REPLACED);
    assertThat(children.get(1).isOpen()).isTrue();
  }

  @Test
  void another_conversation_replaces_a_proven_one_only_when_it_is_proven_too() throws Exception {
    KcpServerChannel server = listen(KcpServerLimits.defaults());
    RawPeer peer = opened(server, 1);
    children.getFirst().markProven();
    onLoop(server, () -> null);

    peer.push(2, 0, 10);
    await().until(() -> children.size() == 2);
    assertThat(children.getFirst().isOpen()).isTrue();
    peer.push(1, 1, 10);
    assertThat(peer.await(KcpHeader.ACK)).isNotNull();

    children.get(1).markProven();
    await().until(() -> !children.getFirst().isOpen());
    assertThat(children.getFirst().closeReason()).contains(KcpCloseReason.REPLACED);
    assertThat(children.get(1).isOpen()).isTrue();
  }

  @Test
  void a_limit_that_makes_no_sense_is_named() {
    assertThatThrownBy(() -> KcpServerLimits.defaults().withUnprovenPeers(0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("kcp.unproven_peers is 0, allowed is 1 to");
  }

  // ---- fixture ----

  private volatile boolean paused;

  private KcpServerChannel listen(KcpServerLimits limits) {
    return (KcpServerChannel)
        new ServerBootstrap()
            .group(loops.next())
            .channelFactory(KcpServerChannel.factory(KcpConfig.defaults(), limits))
            .childHandler(
                new ChannelInitializer<KcpChannel>() {
                  @Override
                  protected void initChannel(KcpChannel child) {
                    child.config().setAutoRead(!paused);
                    child.pipeline().addLast(new Echo());
                    children.add(child);
                  }
                })
            .bind("127.0.0.1", 0)
            .syncUninterruptibly()
            .channel();
  }

  private RawPeer peer(KcpServerChannel server) throws IOException {
    RawPeer peer = new RawPeer((InetSocketAddress) server.localAddress());
    peers.add(peer);
    return peer;
  }

  private RawPeer opened(KcpServerChannel server, int conv) throws IOException {
    int before = children.size();
    RawPeer peer = peer(server);
    peer.push(conv, 0, 10);
    await().until(() -> children.size() == before + 1);
    return peer;
  }

  private static void pushes(RawPeer peer, int segments) throws IOException {
    for (int sn = 1; sn < segments; sn++) {
      peer.push(7, sn, 1000);
    }
  }

  /// Echoes the time of the server's first segment, and waits until the server has noticed.
  private void provesItsAddress(RawPeer peer, int conv) throws Exception {
    int ts = peer.await(KcpHeader.PUSH).getInt(8);
    peer.ack(conv, ts, 0);
    KcpChannel child = children.getLast();
    await().until(() -> onLoop(child, () -> child.session().isReturnProven()));
  }

  private boolean echoes(KcpServerChannel server) {
    AtomicInteger received = new AtomicInteger();
    Channel client =
        new Bootstrap()
            .group(loops)
            .channelFactory(KcpChannel.factory(KcpConfig.defaults()))
            .handler(
                new ChannelInboundHandlerAdapter() {
                  @Override
                  public void channelRead(ChannelHandlerContext ctx, Object msg) {
                    ByteBuf bytes = (ByteBuf) msg;
                    received.addAndGet(bytes.readableBytes());
                    bytes.release();
                  }
                })
            .connect(server.localAddress())
            .syncUninterruptibly()
            .channel();
    client.writeAndFlush(Unpooled.buffer().writeZero(30_000)).syncUninterruptibly();
    await().until(() -> received.get() == 30_000);
    client.close().syncUninterruptibly();
    return true;
  }

  private static <T> T onLoop(Channel channel, Callable<T> question) throws Exception {
    return channel.eventLoop().submit(question).get();
  }
}
