package io.penstock.transport.snaptun;

import static io.penstock.transport.snaptun.Addresses.OTHER_V4;
import static io.penstock.transport.snaptun.Addresses.V4;
import static io.penstock.transport.snaptun.Tunnels.packet;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.penstock.protocol.snaptun.TunnelEnd;
import io.penstock.testkit.FaultyUdpRelay;
import io.penstock.testkit.LinkFaults;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// Packets through a tunnel, in both directions and at its edges.
class TunnelPacketsTest {

  private static final SendResult SENT = SendResult.Outcome.SENT;

  @SuppressWarnings("NullAway.Init") // each test starts its own
  private Tunnels tunnels;

  private final BlockingQueue<String> received = new LinkedBlockingQueue<>();

  @AfterEach
  void close() {
    if (tunnels != null) {
      tunnels.close();
    }
  }

  @Test
  void sixty_four_datagrams_are_echoed_in_order() throws Exception {
    tunnels = Tunnels.start();
    var client = echoed();
    for (int i = 1; i <= 64; i++) {
      assertThat(client.sender().send(packet("Packet " + i + "/64"))).isEqualTo(SENT);
      assertThat(received.poll(5, TimeUnit.SECONDS)).isEqualTo("Packet " + i + "/64");
    }
    assertThat(tunnels.metrics().datagramsReceived()).isEqualTo(64);
    assertThat(tunnels.metrics().datagramsSent()).isEqualTo(64);
  }

  @Test
  void packets_that_wait_for_room_are_all_sent_and_come_in_order() throws Exception {
    tunnels = Tunnels.start();
    var client = tunnels.connected(V4);
    var server = tunnels.tunnel();
    server.receiver().onPacket(datagram -> received.add(Tunnels.text(datagram)));
    for (int round = 0; round < 20; round++) {
      List<CompletionStage<SendResult>> sent = new ArrayList<>();
      for (int i = 0; i < 100; i++) {
        sent.add(client.sender().sendWhenWritable(packet(round * 100 + i + "x".repeat(1000))));
      }
      for (CompletionStage<SendResult> one : sent) {
        assertThat(Tunnels.get(one)).isEqualTo(SENT);
      }
    }
    // A busy machine may lose a few between two sockets, as datagrams may be lost.
    await().until(() -> received.size() >= 1900);
    assertThat(received)
        .map(text -> Integer.parseInt(text.substring(0, text.indexOf('x'))))
        .isSorted();
    assertThat(tunnels.metrics().datagramsUnclaimed()).isZero();
  }

  @Test
  void packets_before_there_is_a_consumer_are_dropped_and_counted() throws Exception {
    tunnels = Tunnels.start();
    var client = tunnels.connected(V4);
    tunnels.tunnel();
    client.sender().send(packet("lost"));
    await().until(() -> tunnels.metrics().datagramsUnclaimed() == 1);
  }

  @Test
  void a_packet_that_is_too_large_is_told_so_on_the_event_loop() throws Exception {
    tunnels = Tunnels.start();
    var client = tunnels.connected(V4);
    ByteBuf large = Unpooled.buffer().writeZero(3000);
    assertThat(onLoop(client.sender(), () -> client.sender().send(large)))
        .isEqualTo(SendResult.Outcome.TOO_BIG);
    assertThat(large.refCnt()).isZero();
    ByteBuf fits = Unpooled.buffer().writeZero(client.sender().maxPayloadBytes());
    assertThat(onLoop(client.sender(), () -> client.sender().send(fits))).isEqualTo(SENT);
  }

  @Test
  void a_packet_for_a_closed_tunnel_is_refused_at_once_with_the_reason() throws Exception {
    tunnels = Tunnels.start();
    var client = tunnels.connected(V4);
    var server = tunnels.tunnel();
    client.control().close(0, "done");
    Tunnels.get(server.control().closed());
    Tunnels.get(client.control().closed());
    var byPeer = new SendResult.ClosedTunnel(new TunnelEnd.PeerClosed(0, "done"));
    var byUs = new SendResult.ClosedTunnel(new TunnelEnd.ClosedHere(0, "done"));
    ByteBuf packet = packet("late");
    assertThat(server.sender().send(packet)).isEqualTo(byPeer);
    assertThat(packet.refCnt()).isZero();
    assertThat(server.sender().write(packet("late"))).isEqualTo(byPeer);
    assertThat(Tunnels.get(client.sender().sendWhenWritable(packet("late")))).isEqualTo(byUs);
  }

  @Test
  void an_outdated_sender_tells_of_the_newest_address_however_many_there_were() throws Exception {
    tunnels = Tunnels.start();
    var client = tunnels.connected(V4);
    var server = tunnels.tunnel();
    server.receiver().onPacket(datagram -> received.add(Tunnels.text(datagram)));
    Tunnels.get(client.control().assign(List.of()));
    Tunnels.get(client.control().assign(List.of(OTHER_V4)));
    for (TunnelSender outdated : List.of(client.sender(), server.sender())) {
      ByteBuf packet = packet("again");
      for (int i = 0; i < 3; i++) {
        assertThat(outdated.send(packet)).isInstanceOf(SendResult.NewAssignedAddress.class);
        assertThat(Tunnels.get(outdated.sendWhenWritable(packet)))
            .isInstanceOf(SendResult.NewAssignedAddress.class);
      }
      assertThat(packet.refCnt()).isEqualTo(1);
      var told = (SendResult.NewAssignedAddress) outdated.write(packet);
      assertThat(told.sender().addresses()).containsExactly(OTHER_V4);
      assertThat(told.sender().send(packet)).isEqualTo(SENT);
    }
    assertThat(received.poll(5, TimeUnit.SECONDS)).isEqualTo("again");
  }

  @Test
  void a_tunnel_without_room_says_so_and_the_packet_is_still_the_callers() throws Exception {
    tunnels = Tunnels.start();
    var client = tunnels.connected(V4);
    TunnelSender sender = client.sender();
    CompletableFuture<Void> room = new CompletableFuture<>();
    onLoop(
        sender,
        () -> {
          sender.onRoom(() -> room.complete(null));
          ByteBuf packet = Unpooled.directBuffer(1000).writeZero(1000);
          while (sender.write(packet.retain()).equals(SENT)) {
            // until there is no room
          }
          assertThat(packet.refCnt()).isGreaterThan(1);
          packet.release();
          sender.flush();
          return packet.release();
        });
    Tunnels.get(room);
  }

  @Test
  void a_packet_waits_for_room_only_so_long_and_only_so_many_do() throws Exception {
    tunnels = Tunnels.start();
    try (var relay = relay()) {
      TunnelSender sender = blocked(relay).sender();
      ByteBuf packet = Unpooled.directBuffer(1000).writeZero(1000);
      List<CompletionStage<SendResult>> waiting =
          onLoop(
              sender,
              () -> {
                fill(sender);
                var all =
                    IntStream.range(0, 6).mapToObj(_ -> sender.sendWhenWritable(packet)).toList();
                assertThat(all.getFirst().toCompletableFuture()).isNotDone();
                assertThat(all.getLast().toCompletableFuture()).isDone();
                return all;
              });
      for (CompletionStage<SendResult> one : waiting) {
        assertThat(Tunnels.get(one)).isEqualTo(SendResult.Outcome.FULL);
      }
      assertThat(packet.refCnt()).isEqualTo(1);
      packet.release();
    }
  }

  @Test
  void packets_from_other_threads_are_bounded() throws Exception {
    tunnels = Tunnels.start();
    TunnelSender sender = tunnels.connected(V4).sender();
    int bound = PacketConfig.DEFAULT_MAX_WAITING_BYTES;
    CountDownLatch handedOver = new CountDownLatch(1);
    var busy =
        sender
            .eventLoop()
            .submit(
                () -> {
                  handedOver.await();
                  return true;
                });
    for (int i = 0; i < bound / 1024; i++) {
      assertThat(sender.send(Unpooled.directBuffer(1024).writeZero(1024))).isEqualTo(SENT);
    }
    ByteBuf packet = packet("x");
    assertThat(sender.send(packet)).isEqualTo(SendResult.Outcome.FULL);
    handedOver.countDown();
    assertThat(busy.get(10, TimeUnit.SECONDS)).isTrue();
    await().until(() -> sender.send(packet.retain()).equals(SENT) || !packet.release());
    packet.release();
  }

  @Test
  void what_waits_when_the_tunnel_ends_is_told_so_and_released() throws Exception {
    tunnels = Tunnels.start();
    try (var relay = relay()) {
      var client = blocked(relay);
      ByteBuf packet = packet("x".repeat(1000));
      CompletionStage<SendResult> waiting =
          onLoop(
              client.sender(),
              () -> {
                fill(client.sender());
                CompletionStage<SendResult> last = client.sender().sendWhenWritable(packet);
                client.control().close(0, "enough");
                return last;
              });
      assertThat(Tunnels.get(waiting))
          .isEqualTo(new SendResult.ClosedTunnel(new TunnelEnd.ClosedHere(0, "enough")));
      assertThat(packet.refCnt()).isZero();
    }
  }

  private FaultyUdpRelay relay() throws IOException {
    return FaultyUdpRelay.start(tunnels.address(), LinkFaults.none(0), 1);
  }

  /// A tunnel whose packets no longer get through, with room for 5000 bytes that wait 300 ms.
  private ConnectResult.Connected blocked(FaultyUdpRelay relay) throws Exception {
    var config = tunnels.clientConfig();
    var limits = config.packets().withWaitLimit(Duration.ofMillis(300)).withMaxWaitingBytes(5000);
    var client =
        (ConnectResult.Connected)
            Tunnels.get(
                new SnapTunClient(config.withPackets(limits), tunnels.blocking())
                    .connect(
                        tunnels.connection(tunnels.quic, SnapTunHandlers.client(), relay.address()),
                        () -> "node:3600",
                        List.of(V4)));
    relay.setFaults(LinkFaults.none(0).withLoss(1));
    return client;
  }

  /// Sends until nothing more is taken, in one turn of the event loop.
  private static void fill(TunnelSender sender) {
    int sent;
    do {
      sent = 0;
      ByteBuf packet = Unpooled.directBuffer(1000).writeZero(1000);
      while (sender.write(packet).equals(SENT)) {
        sent++;
        packet = Unpooled.directBuffer(1000).writeZero(1000);
      }
      packet.release();
      sender.flush();
    } while (sent > 0);
  }

  private ConnectResult.Connected echoed() throws Exception {
    var client = tunnels.connected(V4);
    var server = tunnels.tunnel();
    server.receiver().onPacket(datagram -> server.sender().send(datagram));
    client.receiver().onPacket(datagram -> received.add(Tunnels.text(datagram)));
    return client;
  }

  private static <T> T onLoop(TunnelSender sender, java.util.concurrent.Callable<T> task)
      throws Exception {
    return sender.eventLoop().submit(task).get(10, TimeUnit.SECONDS);
  }
}
