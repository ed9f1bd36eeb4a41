package io.penstock.transport.quic;

import static java.util.concurrent.TimeUnit.MILLISECONDS;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.quic.QuicChannel;
import io.penstock.testkit.FaultyUdpRelay;
import io.penstock.testkit.LinkFaults;
import io.penstock.transport.quic.DatagramSender.Sent;
import java.util.BitSet;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DatagramSenderTest {

  private static final DatagramConfig DATAGRAMS = DatagramConfig.defaults();

  @Test
  void datagrams_come_back_from_an_echo_unchanged() throws Exception {
    AtomicInteger unchanged = new AtomicInteger();
    try (Endpoints ends =
        Endpoints.start(1, Endpoints.quick().build(), Endpoints.echo(DATAGRAMS))) {
      QuicChannel client =
          ends.connect(
              ends.server.address(),
              (_, datagram) -> {
                if (isIntact(datagram)) {
                  unchanged.incrementAndGet();
                }
                datagram.release();
              });
      for (int number = 1; number <= 40; number++) {
        int size = 8 + number * 25;
        int expected = number;
        Sent sent = Endpoints.on(client, c -> sendOne(c, size));
        assertThat(sent).isEqualTo(Sent.SENT);
        await()
            .atMost(5, SECONDS)
            .pollInterval(1, MILLISECONDS)
            .until(() -> unchanged.get() == expected);
      }
    }
  }

  @Test
  void one_turn_may_send_more_than_waits_in_front_of_quic() throws Exception {
    int wanted = 4 * DATAGRAMS.pendingDatagrams();
    AtomicInteger count = new AtomicInteger();
    try (Endpoints ends =
        Endpoints.start(
            1,
            Endpoints.quick().build(),
            (_, datagram) -> {
              count.incrementAndGet();
              datagram.release();
            })) {
      QuicChannel client = ends.connect(ends.server.address(), Endpoints.discard());
      int sent =
          Endpoints.on(
              client,
              c -> {
                DatagramSender sender = DatagramSender.install(c, DATAGRAMS);
                int taken = 0;
                while (taken < wanted && sender.send(pattern(c, 20)) == Sent.SENT) {
                  taken++;
                }
                sender.flush();
                return taken;
              });
      assertThat(sent).isEqualTo(wanted);
      await().atMost(5, SECONDS).until(() -> count.get() == wanted);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1100, 200, 40})
  void everything_that_was_sent_arrives_though_ten_times_as_much_is_offered(int size)
      throws Exception {
    int wanted = 15_000;
    BitSet arrived = new BitSet();
    AtomicInteger count = new AtomicInteger();
    try (Endpoints ends =
        Endpoints.start(
            1,
            Endpoints.quick().build(),
            (_, datagram) -> {
              arrived.set(datagram.getInt(0));
              count.incrementAndGet();
              datagram.release();
            })) {
      QuicChannel client = ends.connect(ends.server.address(), Endpoints.discard());
      Flood flood = new Flood(client, size, wanted, DATAGRAMS);
      long lostBefore = UdpCounters.lost();
      client.eventLoop().execute(flood::start);

      await().atMost(60, SECONDS).until(() -> flood.sent.get() == wanted);
      await()
          .atMost(10, SECONDS)
          .untilAsserted(
              () ->
                  assertThat(count.get() + UdpCounters.lost() - lostBefore)
                      .isGreaterThanOrEqualTo(wanted));

      assertThat(flood.full.get()).as("refused").isPositive();
      assertThat(flood.rooms.get()).as("calls of onRoom").isPositive();
      client.close().syncUninterruptibly();
    }
    assertThat(count.get()).isGreaterThan(wanted * 9 / 10);
  }

  @Test
  void a_queue_that_is_fuller_than_it_looks_loses_nothing() throws Exception {
    int wanted = 3_000;
    DatagramConfig small = DATAGRAMS.withQuicQueueDatagrams(64);
    QuicConfig config = Endpoints.quick().datagrams(small).build();
    AtomicInteger count = new AtomicInteger();
    try (Endpoints ends =
            Endpoints.start(
                1,
                config,
                (connection, datagram) -> {
                  count.incrementAndGet();
                  Endpoints.echo(small).accept(connection, datagram);
                });
        FaultyUdpRelay relay = FaultyUdpRelay.start(ends.server.address(), LinkFaults.none(5), 1)) {
      QuicChannel client = ends.connect(relay.address(), Endpoints.discard());
      Flood flood = new Flood(client, 25, wanted, small);
      long lostBefore = UdpCounters.lost();
      client.eventLoop().execute(flood::start);

      await().atMost(60, SECONDS).until(() -> flood.sent.get() == wanted);
      await()
          .atMost(10, SECONDS)
          .untilAsserted(
              () ->
                  assertThat(count.get() + UdpCounters.lost() - lostBefore)
                      .isGreaterThanOrEqualTo(wanted));
      assertThat(flood.sender.witnessed()).isPositive();
    }
  }

  @Test
  void a_path_that_was_dead_for_seconds_costs_only_what_was_on_it() throws Exception {
    int wanted = 2_000;
    DatagramConfig small = DATAGRAMS.withQuicQueueDatagrams(64);
    QuicConfig config = Endpoints.quick().datagrams(small).build();
    AtomicInteger count = new AtomicInteger();
    try (Endpoints ends =
            Endpoints.start(
                1,
                config,
                (_, datagram) -> {
                  count.incrementAndGet();
                  datagram.release();
                });
        FaultyUdpRelay relay = FaultyUdpRelay.start(ends.server.address(), LinkFaults.none(0), 1)) {
      QuicChannel client = ends.connect(relay.address(), Endpoints.discard());
      relay.setFaults(LinkFaults.none(0).withLoss(1));
      Flood flood = new Flood(client, 1100, wanted, small);
      long lostBefore = UdpCounters.lost();
      client.eventLoop().execute(flood::start);

      await().atMost(10, SECONDS).until(() -> flood.sender.savedFromFullQueue() > 0);
      relay.setFaults(LinkFaults.none(0));

      await().atMost(60, SECONDS).until(() -> flood.sent.get() == wanted);
      await()
          .atMost(10, SECONDS)
          .untilAsserted(
              () ->
                  assertThat(count.get() + relay.dropped() + UdpCounters.lost() - lostBefore)
                      .as(() -> describe(client, flood.sender, relay))
                      .isGreaterThanOrEqualTo(wanted));
      assertThat(relay.dropped()).isLessThan(wanted / 4);
    }
  }

  private static String describe(
      QuicChannel connection, DatagramSender sender, FaultyUdpRelay relay) {
    return sender
        + ", dropped by the relay "
        + relay.dropped()
        + ", "
        + connection.collectStats().syncUninterruptibly().getNow();
  }

  private static Sent sendOne(QuicChannel connection, int size) {
    DatagramSender sender = DatagramSender.install(connection, DATAGRAMS);
    Sent sent = sender.send(pattern(connection, size));
    sender.flush();
    return sent;
  }

  private static ByteBuf pattern(QuicChannel connection, int size) {
    ByteBuf datagram = connection.alloc().directBuffer(size);
    for (int at = 0; at < size; at++) {
      datagram.writeByte(size + at);
    }
    return datagram;
  }

  private static boolean isIntact(ByteBuf datagram) {
    int size = datagram.readableBytes();
    for (int at = 0; at < size; at++) {
      if (datagram.getByte(at) != (byte) (size + at)) {
        return false;
      }
    }
    return true;
  }

  /// Offers ten datagrams for each that is taken, and goes on when there is room.
  private static final class Flood {

    private final DatagramSender sender;
    private final QuicChannel connection;
    private final int size;
    private final int wanted;
    private final AtomicInteger sent = new AtomicInteger();
    private final AtomicLong full = new AtomicLong();
    private final AtomicInteger rooms = new AtomicInteger();

    Flood(QuicChannel connection, int size, int wanted, DatagramConfig config) throws Exception {
      this.connection = connection;
      this.size = size;
      this.wanted = wanted;
      sender = Endpoints.on(connection, c -> DatagramSender.install(c, config));
      sender.onRoom(
          () -> {
            rooms.incrementAndGet();
            start();
          });
    }

    void start() {
      int refusedInARow = 0;
      while (sent.get() < wanted && refusedInARow < 10) {
        ByteBuf datagram = connection.alloc().directBuffer(size);
        datagram.writeInt(sent.get()).writeZero(size - Integer.BYTES);
        switch (sender.send(datagram)) {
          case SENT -> {
            sent.incrementAndGet();
            refusedInARow = 0;
          }
          case FULL -> {
            full.incrementAndGet();
            refusedInARow++;
            datagram.release();
          }
          case TOO_BIG, CLOSED -> throw new IllegalStateException("not expected here");
        }
      }
      sender.flush();
    }
  }
}
