package io.penstock.transport.quic;

import static java.util.concurrent.TimeUnit.MILLISECONDS;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.netty.channel.ChannelConfig;
import io.netty.channel.ChannelOption;
import io.netty.handler.codec.quic.QuicChannel;
import io.penstock.testkit.FaultyUdpRelay;
import io.penstock.testkit.LinkFaults;
import io.penstock.transport.NativeSupport;
import java.io.IOException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.core.ConditionTimeoutException;
import org.junit.jupiter.api.Test;

class QuicServerTest {

  private static final DatagramConfig DATAGRAMS = DatagramConfig.defaults();

  @Test
  void a_connection_survives_every_change_of_the_clients_port() throws Exception {
    assumeTrue(NativeSupport.epoll(), "several sockets need epoll");
    Set<Integer> answered = ConcurrentHashMap.newKeySet();
    try (Endpoints ends = Endpoints.start(2, Endpoints.quick().build(), Endpoints.echo(DATAGRAMS));
        FaultyUdpRelay relay = FaultyUdpRelay.start(ends.server.address(), LinkFaults.none(0), 1)) {
      assertThat(ends.server.sockets()).isEqualTo(2);
      QuicChannel client = ends.connect(relay.address(), sizes(answered));
      QuicChannel server = ends.accepted();

      for (int port = 0; port < 100; port++) {
        relay.rebind();
        // Of a size of its own, so that no answer of the port before counts.
        int size = 100 + port;
        try {
          await()
              .pollInterval(20, MILLISECONDS)
              .atMost(10, SECONDS)
              .until(
                  () -> {
                    send(client, size);
                    return answered.contains(size);
                  });
        } catch (ConditionTimeoutException e) {
          throw new AssertionError("port %d: %s".formatted(port, seen(ends, client, server)), e);
        }
      }

      assertThat(ends.server.steeredPackets()).isPositive();
      assertThat(server.isActive()).isTrue();
      assertThat(ends.server.connections()).isEqualTo(1);
    }
  }

  @Test
  void the_buffers_of_the_sockets_are_as_configured_at_both_ends() throws Exception {
    int receive = 96 * 1024;
    int send = 80 * 1024;
    QuicConfig config = Endpoints.quick().socketBytes(receive, send).build();
    try (Endpoints ends = Endpoints.start(1, config, Endpoints.discard())) {
      QuicChannel client = ends.connect(ends.server.address(), Endpoints.discard());
      for (QuicChannel end : new QuicChannel[] {client, ends.accepted()}) {
        ChannelConfig socket = end.parent().config();
        // Linux says twice what was asked for, to have room for its own records.
        assertThat(socket.getOption(ChannelOption.SO_RCVBUF)).isIn(receive, 2 * receive);
        assertThat(socket.getOption(ChannelOption.SO_SNDBUF)).isIn(send, 2 * send);
        assertThat(socket.getWriteBufferHighWaterMark()).isEqualTo(send / 2);
      }
    }
  }

  @Test
  void clients_are_spread_over_the_event_loops() throws Exception {
    assumeTrue(NativeSupport.epoll(), "several sockets need epoll");
    Set<Object> used = new HashSet<>();
    try (Endpoints ends = Endpoints.start(2, Endpoints.quick().build(), Endpoints.discard())) {
      for (int number = 0; number < 20; number++) {
        var _ = ends.connect(ends.server.address(), Endpoints.discard());
        used.add(ends.accepted().eventLoop());
      }
      assertThat(ends.server.connections()).isEqualTo(20);
    }
    assertThat(used).hasSize(2);
  }

  @Test
  void the_inner_mtu_follows_a_narrow_path() throws Exception {
    int widest = 1252;
    AtomicInteger answers = new AtomicInteger();
    try (Endpoints ends = Endpoints.start(1, Endpoints.quick().build(), Endpoints.echo(DATAGRAMS));
        FaultyUdpRelay relay =
            FaultyUdpRelay.start(ends.server.address(), LinkFaults.none(0).withMtu(widest), 1)) {
      QuicChannel client = ends.connect(relay.address(), count(answers));
      QuicChannel server = ends.accepted();
      AtomicInteger told = new AtomicInteger();
      Endpoints.on(client, c -> listen(c, told));

      for (QuicChannel end : new QuicChannel[] {client, server}) {
        await().atMost(15, SECONDS).until(() -> maxPayload(end) == widest - 44);
      }

      assertThat(told).hasValue(widest - 44);
      assertThat(offer(client, widest - 43)).isEqualTo(DatagramSender.Sent.TOO_BIG);
      send(client, widest - 44);
      await().atMost(5, SECONDS).until(() -> answers.get() == 1);
    }
  }

  @Test
  void a_wide_path_carries_what_the_configuration_allows() throws Exception {
    QuicConfig config = Endpoints.quick().maxUdpPayloadBytes(1400).build();
    try (Endpoints ends = Endpoints.start(1, config, Endpoints.discard())) {
      QuicChannel client = ends.connect(ends.server.address(), Endpoints.discard());

      await().atMost(15, SECONDS).until(() -> maxPayload(client) == 1400 - 44);
    }
  }

  @Test
  void a_datagram_for_a_closed_connection_is_released() throws Exception {
    try (Endpoints ends = Endpoints.start(1, Endpoints.quick().build(), Endpoints.discard())) {
      QuicChannel client = ends.connect(ends.server.address(), Endpoints.discard());
      assertThat(offer(client, 100)).isEqualTo(DatagramSender.Sent.SENT);
      client.close().syncUninterruptibly();

      assertThat(offer(client, 100)).isEqualTo(DatagramSender.Sent.CLOSED);
    }
  }

  @Test
  void a_second_listener_on_the_port_of_another_program_fails_by_name() throws Exception {
    try (var other = new DatagramSocket(0, InetAddress.getLoopbackAddress());
        Endpoints ends = Endpoints.start(1, Endpoints.quick().build(), Endpoints.discard())) {
      var taken = (InetSocketAddress) other.getLocalSocketAddress();

      assertThatThrownBy(() -> ends.bind(taken))
          .isInstanceOf(IOException.class)
          .hasMessageContaining(String.valueOf(taken.getPort()));
    }
  }

  private static Endpoints.Deliver count(AtomicInteger answers) {
    return (_, datagram) -> {
      answers.incrementAndGet();
      datagram.release();
    };
  }

  /// What both ends have counted, of a connection that does not go on.
  private static String seen(Endpoints ends, QuicChannel client, QuicChannel server)
      throws Exception {
    return "steered %d, client %s, server %s"
        .formatted(
            ends.server.steeredPackets(), client.collectStats().get(), server.collectStats().get());
  }

  private static Endpoints.Deliver sizes(Set<Integer> answered) {
    return (_, datagram) -> {
      answered.add(datagram.readableBytes());
      datagram.release();
    };
  }

  private static DatagramSender listen(QuicChannel connection, AtomicInteger told) {
    DatagramSender sender = DatagramSender.install(connection, DATAGRAMS);
    sender.onMaxPayload(told::set);
    return sender;
  }

  private static int maxPayload(QuicChannel connection) throws Exception {
    return Endpoints.on(connection, c -> DatagramSender.install(c, DATAGRAMS).maxPayloadBytes());
  }

  private static void send(QuicChannel connection, int size) throws Exception {
    assertThat(offer(connection, size)).isEqualTo(DatagramSender.Sent.SENT);
  }

  private static DatagramSender.Sent offer(QuicChannel connection, int size) throws Exception {
    return Endpoints.on(connection, c -> sendNow(c, size));
  }

  private static DatagramSender.Sent sendNow(QuicChannel connection, int size) {
    DatagramSender sender = DatagramSender.install(connection, DATAGRAMS);
    DatagramSender.Sent sent = sender.send(connection.alloc().directBuffer(size).writeZero(size));
    sender.flush();
    return sent;
  }
}
