package io.penstock.transport.netstack.socket;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penstock.transport.netstack.socket.Threads.Task;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.BindException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.PortUnreachableException;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.StandardSocketOptions;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.CsvSource;

/// What code that blocks expects of a UDP socket; the JDK's own show what is right.
@ParameterizedClass
@CsvSource({"HOST, PLATFORM", "HOST, VIRTUAL", "STACK, PLATFORM", "STACK, VIRTUAL"})
class DatagramSocketContractTest {

  private final World.Kind kind;
  private final Threads threads;
  private World world;
  private DatagramSocket client;
  private DatagramSocket server;

  DatagramSocketContractTest(World.Kind kind, Threads threads) {
    this.kind = kind;
    this.threads = threads;
  }

  @BeforeEach
  void open() throws Exception {
    world = kind.open();
    client = world.newDatagramSocket();
    server = world.newDatagramSocketOfServer();
  }

  @AfterEach
  void close() throws Exception {
    client.close();
    server.close();
    world.close();
  }

  private static DatagramPacket packet(String text, InetSocketAddress to) {
    byte[] bytes = text.getBytes(US_ASCII);
    return new DatagramPacket(bytes, bytes.length, to);
  }

  private static DatagramPacket room(int bytes) {
    return new DatagramPacket(new byte[bytes], bytes);
  }

  private static String text(DatagramPacket packet) {
    return new String(packet.getData(), packet.getOffset(), packet.getLength(), US_ASCII);
  }

  private Task<String> receive(DatagramSocket at) {
    return threads.start(
        () -> {
          DatagramPacket packet = room(100);
          at.receive(packet);
          return text(packet);
        });
  }

  private InetSocketAddress clientPlace() {
    return new InetSocketAddress(world.clientAddress(), client.getLocalPort());
  }

  // ---- sending and receiving ----

  @Test
  void a_datagram_arrives_with_its_sender_and_is_answered() throws Exception {
    client.send(packet("ping", world.at(server)));
    DatagramPacket packet = room(100);
    server.receive(packet);
    assertThat(text(packet)).isEqualTo("ping");
    assertThat(packet.getSocketAddress()).isEqualTo(clientPlace());
    packet.setData("pong".getBytes(US_ASCII));
    server.send(packet);
    assertThat(receive(client).get()).isEqualTo("pong");
  }

  @Test
  void a_thread_that_waits_gets_the_next_datagram() throws Exception {
    Task<String> receiving = receive(server).assertWaits();
    client.send(packet("", world.at(server)));
    assertThat(receiving.get()).isEmpty();
    client.send(packet("next", world.at(server)));
    assertThat(receive(server).get()).isEqualTo("next");
  }

  @Test
  void what_does_not_fit_is_cut_off() throws Exception {
    client.send(packet("much too long", world.at(server)));
    client.send(packet("short", world.at(server)));
    DatagramPacket packet = new DatagramPacket(new byte[20], 3, 8);
    server.receive(packet);
    assertThat(text(packet)).isEqualTo("much too");
    assertThat(packet.getData()[11]).isZero();
    server.receive(packet);
    assertThat(text(packet)).isEqualTo("short");
  }

  @Test
  void a_packet_may_be_used_again_and_has_all_its_room() throws Exception {
    DatagramPacket packet = room(100);
    for (String text : new String[] {"four", "1", "twenty letters long..", "", "five!"}) {
      client.send(packet(text, world.at(server)));
      server.receive(packet);
      assertThat(text(packet)).isEqualTo(text);
    }
    packet.setLength(3);
    client.send(packet("three letters", world.at(server)));
    server.receive(packet);
    assertThat(text(packet)).isEqualTo("thr");
    packet.setData(new byte[7]);
    client.send(packet("seven letters", world.at(server)));
    server.receive(packet);
    assertThat(text(packet)).isEqualTo("seven l");
  }

  @Test
  void the_longest_datagram_arrives_and_a_longer_one_is_refused() throws Exception {
    DatagramPacket longest = new DatagramPacket(new byte[65_507], 65_507, world.at(server));
    longest.getData()[65_506] = 7;
    client.send(longest);
    DatagramPacket received = room(70_000);
    server.receive(received);
    assertThat(received.getLength()).isEqualTo(65_507);
    assertThat(received.getData()[65_506]).isEqualTo((byte) 7);
    Throwable failure =
        threads
            .run(() -> client.send(new DatagramPacket(new byte[65_508], 65_508, world.at(server))))
            .failure();
    assertThat(failure).isInstanceOf(IOException.class).hasMessageStartingWith("Message too long");
  }

  @Test
  void a_burst_waits_for_its_reader_in_order() throws Exception {
    for (int i = 0; i < 40; i++) {
      client.send(packet("" + i, world.at(server)));
    }
    for (int i = 0; i < 40; i++) {
      assertThat(receive(server).get()).isEqualTo("" + i);
    }
  }

  // ---- time, closing, interrupts ----

  @Test
  void to_receive_for_too_long_times_out_and_the_next_one_is_received() throws Exception {
    server.setSoTimeout(50);
    assertThat(server.getSoTimeout()).isEqualTo(50);
    for (int i = 0; i < 2; i++) {
      assertThat(receive(server).failure())
          .isExactlyInstanceOf(SocketTimeoutException.class)
          .hasMessage("Receive timed out");
    }
    server.setSoTimeout(60_000);
    client.send(packet("late", world.at(server)));
    assertThat(receive(server).get()).isEqualTo("late");
  }

  @Test
  void the_socket_may_be_used_while_a_thread_waits() throws Exception {
    Task<String> receiving = receive(server).assertWaits();
    threads
        .run(
            () -> {
              server.setSoTimeout(60_000);
              server.setReceiveBufferSize(100_000);
              server.send(packet("out", clientPlace()));
            })
        .get();
    assertThat(receive(client).get()).isEqualTo("out");
    client.send(packet("in", world.at(server)));
    assertThat(receiving.get()).isEqualTo("in");
  }

  @Test
  void to_close_wakes_a_thread_that_receives() throws Exception {
    Task<String> receiving = receive(server).assertWaits();
    server.close();
    assertThat(receiving.failure())
        .isExactlyInstanceOf(SocketException.class)
        .hasMessage("Socket closed");
    assertThat(server.isClosed()).isTrue();
    assertThat(server.getLocalPort()).isEqualTo(-1);
    assertThat(server.getLocalAddress()).isNull();
    assertThat(server.getLocalSocketAddress()).isNull();
    assertThat(receive(server).failure()).isExactlyInstanceOf(SocketException.class);
    assertThatThrownBy(() -> server.send(packet("late", clientPlace())))
        .isExactlyInstanceOf(SocketException.class);
  }

  @Test
  void an_interrupt_ends_the_wait_of_a_virtual_thread_alone() throws Exception {
    Task<String> receiving = receive(server).assertWaits();
    receiving.thread().interrupt();
    if (threads == Threads.VIRTUAL) {
      assertThat(receiving.failure())
          .isExactlyInstanceOf(SocketException.class)
          .hasMessage("Closed by interrupt");
      assertThat(server.isClosed()).isTrue();
    } else {
      receiving.assertWaits();
      client.send(packet("after", world.at(server)));
      assertThat(receiving.get()).isEqualTo("after");
    }
  }

  // ---- connecting ----

  @Test
  void a_connected_socket_hears_its_peer_alone() throws Exception {
    try (DatagramSocket other = world.newDatagramSocketOfServer()) {
      client.connect(world.at(server));
      assertThat(client.isConnected()).isTrue();
      assertThat(client.getRemoteSocketAddress()).isEqualTo(world.at(server));
      assertThat(client.getInetAddress()).isEqualTo(world.serverAddress());
      assertThat(client.getLocalAddress()).isEqualTo(world.clientAddress());
      other.send(packet("from another", clientPlace()));
      server.send(packet("from the peer", clientPlace()));
      assertThat(receive(client).get()).isEqualTo("from the peer");

      client.disconnect();
      assertThat(client.isConnected()).isFalse();
      assertThat(client.getPort()).isEqualTo(-1);
      assertThat(client.getRemoteSocketAddress()).isNull();
      other.send(packet("from another", clientPlace()));
      assertThat(receive(client).get()).isEqualTo("from another");
    }
  }

  @Test
  void a_connected_socket_sends_to_its_peer_alone() throws Exception {
    client.connect(world.serverAddress(), server.getLocalPort());
    DatagramPacket nameless = new DatagramPacket(new byte[] {'a'}, 1);
    client.send(nameless);
    assertThat(nameless.getSocketAddress()).isEqualTo(world.at(server));
    assertThat(receive(server).get()).isEqualTo("a");
    client.send(packet("named", world.at(server)));
    assertThat(receive(server).get()).isEqualTo("named");
    InetSocketAddress elsewhere = new InetSocketAddress(world.serverAddress(), 1);
    assertThatThrownBy(() -> client.send(packet("astray", elsewhere)))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void what_came_of_others_before_is_not_received_once_connected() throws Exception {
    try (DatagramSocket other = world.newDatagramSocketOfServer()) {
      other.send(packet("early", clientPlace()));
      other.send(packet("earlier than the next", clientPlace()));
      assertThat(receive(client).get()).isEqualTo("early");
      client.connect(world.at(server));
      server.send(packet("right", clientPlace()));
      assertThat(receive(client).get()).isEqualTo("right");
    }
  }

  @Test
  void a_connected_socket_is_told_once_that_nobody_is_there() throws Exception {
    client.connect(world.emptyPlace());
    Task<String> receiving = receive(client).assertWaits();
    client.send(new DatagramPacket(new byte[1], 1));
    assertThat(receiving.failure()).isExactlyInstanceOf(PortUnreachableException.class);
    client.setSoTimeout(100);
    assertThat(receive(client).failure()).isInstanceOf(SocketTimeoutException.class);
  }

  @Test
  void a_socket_that_is_not_connected_is_told_nothing() throws Exception {
    client.send(packet("to nobody", world.emptyPlace()));
    client.setSoTimeout(100);
    assertThat(receive(client).failure()).isInstanceOf(SocketTimeoutException.class);
  }

  @Test
  void a_destination_has_an_address_and_a_port() throws Exception {
    assertThatThrownBy(() -> client.send(room(3)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("Address not set");
    assertThatThrownBy(
            () -> client.send(packet("x", new InetSocketAddress(world.serverAddress(), 0))))
        .isInstanceOf(SocketException.class)
        .hasMessage("Can't send to port 0");
    assertThatThrownBy(() -> client.connect(InetSocketAddress.createUnresolved("no.such.host", 1)))
        .isInstanceOf(SocketException.class)
        .hasMessage("Unresolved address");
    InetAddress address = world.serverAddress();
    assertThatThrownBy(() -> client.connect(address, 0)).isInstanceOf(UncheckedIOException.class);
    assertThat(client.isConnected()).isFalse();
  }

  // ---- ports ----

  @Test
  void a_port_has_one_socket_and_another_may_be_tried() throws Exception {
    try (DatagramSocket second = world.newUnboundDatagramSocket()) {
      assertThat(second.isBound()).isFalse();
      assertThat(second.getLocalPort()).isZero();
      InetSocketAddress same = new InetSocketAddress(client.getLocalPort());
      Throwable failure = threads.run(() -> second.bind(same)).failure();
      assertThat(failure).isExactlyInstanceOf(BindException.class);
      assertThat(failure.getMessage()).startsWith("Address already in use");
      assertThat(second.isClosed()).isFalse();
      second.bind(new InetSocketAddress(world.clientAddress(), 0));
      assertThat(second.isBound()).isTrue();
      assertThat(second.getLocalAddress()).isEqualTo(world.clientAddress());
      assertThat(second.getLocalPort()).isPositive();
      second.send(packet("bound", world.at(server)));
      assertThat(receive(server).get()).isEqualTo("bound");
    }
  }

  @Test
  void a_port_is_free_once_its_socket_is_closed() throws Exception {
    InetSocketAddress same = new InetSocketAddress(client.getLocalPort());
    client.close();
    try (DatagramSocket second = world.newUnboundDatagramSocket()) {
      second.bind(same);
      assertThat(second.getLocalPort()).isEqualTo(same.getPort());
    }
  }

  @Test
  void a_socket_binds_itself_when_it_is_used() throws Exception {
    try (DatagramSocket sending = world.newUnboundDatagramSocket();
        DatagramSocket receiving = world.newUnboundDatagramSocket()) {
      sending.send(packet("hello", world.at(server)));
      assertThat(sending.isBound()).isTrue();
      Task<String> waiting = receive(receiving).assertWaits();
      assertThat(receiving.isBound()).isTrue();
      server.send(
          packet("found", new InetSocketAddress(world.clientAddress(), receiving.getLocalPort())));
      assertThat(waiting.get()).isEqualTo("found");
    }
  }

  @Test
  void its_options_are_kept() throws Exception {
    assertThat(client.supportedOptions())
        .contains(StandardSocketOptions.SO_RCVBUF, StandardSocketOptions.SO_SNDBUF);
    client.setReceiveBufferSize(30_000);
    assertThat(client.getReceiveBufferSize()).isGreaterThanOrEqualTo(30_000);
    client.setSendBufferSize(30_000);
    assertThat(client.getSendBufferSize()).isGreaterThanOrEqualTo(30_000);
    assertThat(client.getReuseAddress()).isFalse();
    client.setReuseAddress(false);
    assertThatThrownBy(() -> client.setOption(StandardSocketOptions.TCP_NODELAY, true))
        .isInstanceOf(UnsupportedOperationException.class)
        .hasMessage("'TCP_NODELAY' not supported");
  }
}
