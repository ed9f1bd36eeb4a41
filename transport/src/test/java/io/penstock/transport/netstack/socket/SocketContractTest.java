package io.penstock.transport.netstack.socket;

import static io.penstock.transport.netstack.socket.Transfers.random;
import static io.penstock.transport.netstack.socket.Transfers.sendAll;
import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.penstock.transport.netstack.socket.Threads.Task;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.BindException;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.CsvSource;

/// What code that blocks expects of a socket. The JDK's own, in the kernel, show what is right;
/// ours do the same, on both kinds of threads.
@SuppressWarnings("try") // Ends are closed early where that is what is tested.
@ParameterizedClass
@CsvSource({"HOST, PLATFORM", "HOST, VIRTUAL", "STACK, PLATFORM", "STACK, VIRTUAL"})
class SocketContractTest {

  private final World.Kind kind;
  private final Threads threads;
  private World world;

  SocketContractTest(World.Kind kind, Threads threads) {
    this.kind = kind;
    this.threads = threads;
  }

  @BeforeEach
  void open() throws Exception {
    world = kind.open();
  }

  @AfterEach
  void close() throws Exception {
    world.close();
  }

  private static byte[] ascii(String text) {
    return text.getBytes(US_ASCII);
  }

  private static String read(InputStream from, int bytes) throws IOException {
    return new String(from.readNBytes(bytes), US_ASCII);
  }

  // ---- bytes ----

  @Test
  void bytes_go_both_ways_and_each_end_ends() throws Exception {
    try (Pair pair = Pair.open(world)) {
      pair.toServer().write(ascii("question"));
      assertThat(read(pair.fromClient(), 8)).isEqualTo("question");
      pair.toClient().write(ascii("answer"));
      pair.toClient().write('!');
      assertThat(read(pair.fromServer(), 7)).isEqualTo("answer!");
      pair.client().close();
      assertThat(pair.fromClient().read()).isEqualTo(-1);
      assertThat(pair.fromClient().read(new byte[10])).isEqualTo(-1);
    }
  }

  @Test
  void large_arrays_arrive_exact_in_both_directions_at_once() throws Exception {
    byte[] there = random(3 << 20, 1);
    byte[] back = random(3 << 20, 2);
    try (Pair pair = Pair.open(world)) {
      Task<?> sent = threads.run(() -> sendAll(pair.client(), there));
      Task<?> returned = threads.run(() -> sendAll(pair.server(), back));
      Task<byte[]> received = threads.start(() -> pair.fromClient().readAllBytes());
      assertThat(pair.fromServer().readAllBytes()).isEqualTo(back);
      assertThat(received.get()).isEqualTo(there);
      sent.get();
      returned.get();
    }
  }

  @Test
  void small_writes_arrive_exact_and_in_order() throws Exception {
    byte[] all = random(50_000, 3);
    try (Pair pair = Pair.open(world)) {
      Task<?> sent =
          threads.run(
              () -> {
                OutputStream out = pair.toServer();
                for (int at = 0; at < all.length; at += 5) {
                  out.write(all, at, 5);
                }
                pair.client().shutdownOutput();
              });
      assertThat(pair.fromClient().readAllBytes()).isEqualTo(all);
      sent.get();
    }
  }

  @Test
  void nothing_is_read_into_nothing_and_arrays_have_ends() throws Exception {
    try (Pair pair = Pair.open(world)) {
      assertThat(pair.fromServer().read(new byte[0])).isZero();
      assertThatThrownBy(() -> pair.fromServer().read(new byte[4], 2, 3))
          .isInstanceOf(IndexOutOfBoundsException.class);
      assertThatThrownBy(() -> pair.toServer().write(new byte[4], 2, 3))
          .isInstanceOf(IndexOutOfBoundsException.class);
      pair.toServer().write(new byte[0]);
      pair.toServer().flush();
    }
  }

  @Test
  void what_has_come_is_available() throws Exception {
    try (Pair pair = Pair.open(world)) {
      assertThat(pair.fromServer().available()).isZero();
      pair.toClient().write(new byte[5_000]);
      await().until(() -> pair.fromServer().available() == 5_000);
      pair.fromServer().readNBytes(1_000);
      assertThat(pair.fromServer().available()).isEqualTo(4_000);
      pair.server().close();
      pair.fromServer().readAllBytes();
      assertThat(pair.fromServer().available()).isZero();
      InputStream in = pair.fromServer();
      pair.client().close();
      assertThatThrownBy(in::available)
          .isInstanceOf(SocketException.class)
          .hasMessage("Socket closed");
    }
  }

  @Test
  void threads_take_turns_in_reading_and_writing() throws Exception {
    try (Pair pair = Pair.open(world)) {
      Task<Integer> one = threads.start(() -> pair.fromClient().read());
      Task<Integer> other = threads.start(() -> pair.fromClient().read());
      one.assertWaits();
      other.assertWaits();
      pair.toServer().write(1);
      pair.toServer().write(2);
      assertThat(one.get() + other.get()).isEqualTo(3);
    }
  }

  // ---- time ----

  @Test
  void a_read_that_takes_too_long_times_out_and_the_connection_goes_on() throws Exception {
    try (Pair pair = Pair.open(world)) {
      pair.client().setSoTimeout(50);
      assertThat(pair.client().getSoTimeout()).isEqualTo(50);
      for (int i = 0; i < 3; i++) {
        assertThat(threads.start(() -> pair.fromServer().read()).failure())
            .isExactlyInstanceOf(SocketTimeoutException.class)
            .hasMessage("Read timed out");
      }
      assertThat(pair.client().isClosed()).isFalse();
      pair.client().setSoTimeout(60_000);
      pair.toClient().write(ascii("late"));
      assertThat(read(pair.fromServer(), 4)).isEqualTo("late");
    }
  }

  @Test
  void a_turn_that_is_waited_for_counts_against_the_time() throws Exception {
    try (Pair pair = Pair.open(world)) {
      Task<Integer> first = threads.start(() -> pair.fromServer().read()).assertWaits();
      pair.client().setSoTimeout(100);
      assertThat(threads.start(() -> pair.fromServer().read()).failure())
          .hasMessage("Read timed out");
      pair.toClient().write(7);
      assertThat(first.get()).isEqualTo(7);
    }
  }

  @Test
  void a_connection_that_takes_too_long_times_out_and_the_socket_is_closed() throws Exception {
    InetSocketAddress silent = world.silentPlace();
    try (Socket socket = world.newSocket()) {
      assertThat(threads.run(() -> socket.connect(silent, 100)).failure())
          .isExactlyInstanceOf(SocketTimeoutException.class)
          .hasMessage("Connect timed out");
      assertThat(socket.isClosed()).isTrue();
      assertThat(socket.isConnected()).isFalse();
    }
  }

  // ---- closing from another thread, and interrupts ----

  @Test
  void to_close_wakes_a_thread_that_reads() throws Exception {
    try (Pair pair = Pair.open(world)) {
      Task<Integer> reading = threads.start(() -> pair.fromServer().read()).assertWaits();
      pair.client().close();
      assertThat(reading.failure())
          .isExactlyInstanceOf(SocketException.class)
          .hasMessage("Socket closed");
    }
  }

  @Test
  void to_close_wakes_a_thread_that_writes() throws Exception {
    try (Pair pair = Pair.open(world)) {
      Task<?> writing = threads.run(() -> pair.toServer().write(new byte[16 << 20])).assertWaits();
      pair.client().setSoLinger(true, 0);
      pair.client().close();
      assertThat(writing.failure())
          .isExactlyInstanceOf(SocketException.class)
          .hasMessage("Socket closed");
    }
  }

  @Test
  void to_close_wakes_a_thread_that_connects() throws Exception {
    InetSocketAddress silent = world.silentPlace();
    try (Socket socket = world.newSocket()) {
      Task<?> connecting = threads.run(() -> socket.connect(silent)).assertWaits();
      socket.close();
      assertThat(connecting.failure())
          .isExactlyInstanceOf(SocketException.class)
          .hasMessage("Socket closed");
    }
  }

  @Test
  void to_close_a_stream_closes_its_socket() throws Exception {
    try (Pair pair = Pair.open(world)) {
      pair.fromServer().close();
      assertThat(pair.client().isClosed()).isTrue();
      pair.toClient().close();
      assertThat(pair.server().isClosed()).isTrue();
    }
  }

  @Test
  void an_interrupt_ends_a_read_of_a_virtual_thread_alone() throws Exception {
    try (Pair pair = Pair.open(world)) {
      Task<Boolean> reading =
          threads.start(
              () -> {
                pair.fromServer().read();
                return Thread.currentThread().isInterrupted();
              });
      reading.assertWaits().thread().interrupt();
      if (threads == Threads.VIRTUAL) {
        assertThat(reading.failure())
            .isExactlyInstanceOf(SocketException.class)
            .hasMessage("Closed by interrupt");
        assertThat(pair.client().isClosed()).isTrue();
      } else {
        reading.assertWaits();
        pair.toClient().write(1);
        assertThat(reading.get()).isTrue();
      }
    }
  }

  @Test
  void an_interrupt_ends_a_write_of_a_virtual_thread_alone() throws Exception {
    try (Pair pair = Pair.open(world)) {
      Task<?> writing = threads.run(() -> pair.toServer().write(new byte[16 << 20]));
      writing.assertWaits().thread().interrupt();
      if (threads == Threads.VIRTUAL) {
        assertThat(writing.failure())
            .isExactlyInstanceOf(SocketException.class)
            .hasMessage("Closed by interrupt");
        assertThat(pair.client().isClosed()).isTrue();
      } else {
        writing.assertWaits();
        pair.client().setSoLinger(true, 0);
        pair.client().close();
        assertThat(writing.failure()).hasMessage("Socket closed");
      }
    }
  }

  @Test
  void an_interrupt_ends_an_attempt_of_a_virtual_thread_to_connect() throws Exception {
    InetSocketAddress silent = world.silentPlace();
    try (Socket socket = world.newSocket()) {
      Task<?> connecting = threads.run(() -> socket.connect(silent));
      connecting.assertWaits().thread().interrupt();
      if (threads == Threads.VIRTUAL) {
        assertThat(connecting.failure())
            .isExactlyInstanceOf(SocketException.class)
            .hasMessage("Closed by interrupt");
        assertThat(socket.isClosed()).isTrue();
      } else {
        connecting.assertWaits();
      }
    }
  }

  @Test
  void a_thread_that_is_interrupted_already_still_reads_what_is_there() throws Exception {
    try (Pair pair = Pair.open(world)) {
      pair.toClient().write(9);
      await().until(() -> pair.fromServer().available() == 1);
      Task<Integer> reading =
          threads.start(
              () -> {
                Thread.currentThread().interrupt();
                return pair.fromServer().read();
              });
      assertThat(reading.get()).isEqualTo(9);
    }
  }

  // ---- half of a connection ----

  @Test
  void the_client_may_end_and_still_read_the_answer() throws Exception {
    byte[] question = random(1 << 20, 4);
    byte[] answer = random(1 << 20, 5);
    try (Pair pair = Pair.open(world)) {
      Task<?> asking = threads.run(() -> sendAll(pair.client(), question));
      assertThat(pair.fromClient().readAllBytes()).isEqualTo(question);
      asking.get();
      assertThat(pair.client().isOutputShutdown()).isTrue();
      Task<?> answering = threads.run(() -> sendAll(pair.server(), answer));
      assertThat(pair.fromServer().readAllBytes()).isEqualTo(answer);
      answering.get();
      assertThat(pair.client().isClosed()).isFalse();
      assertThat(pair.fromServer().read()).isEqualTo(-1);
    }
  }

  @Test
  void the_server_may_end_and_still_hear_the_client() throws Exception {
    try (Pair pair = Pair.open(world)) {
      pair.server().shutdownOutput();
      assertThat(pair.fromServer().read()).isEqualTo(-1);
      pair.toServer().write(ascii("still here"));
      assertThat(read(pair.fromClient(), 10)).isEqualTo("still here");
    }
  }

  @Test
  void after_its_end_nothing_is_written() throws Exception {
    try (Pair pair = Pair.open(world)) {
      OutputStream out = pair.toServer();
      pair.client().shutdownOutput();
      assertThatThrownBy(() -> out.write(1))
          .isExactlyInstanceOf(SocketException.class)
          .hasMessage("Broken pipe");
      assertThatThrownBy(pair::toServer)
          .isExactlyInstanceOf(SocketException.class)
          .hasMessage("Socket output is shutdown");
      assertThatThrownBy(() -> pair.client().shutdownOutput())
          .isExactlyInstanceOf(SocketException.class)
          .hasMessage("Socket output is already shutdown");
    }
  }

  @Test
  void whoever_shuts_its_input_reads_an_end_and_the_peer_writes_on() throws Exception {
    try (Pair pair = Pair.open(world)) {
      InputStream in = pair.fromServer();
      Task<Integer> reading = threads.start(() -> in.read()).assertWaits();
      pair.client().shutdownInput();
      assertThat(reading.get()).isEqualTo(-1);
      assertThat(pair.client().isInputShutdown()).isTrue();
      pair.toClient().write(new byte[1 << 20]);
      assertThat(in.read()).isEqualTo(-1);
      assertThat(in.available()).isZero();
      assertThatThrownBy(pair::fromServer)
          .isExactlyInstanceOf(SocketException.class)
          .hasMessage("Socket input is shutdown");
      pair.toServer().write(ascii("bye"));
      assertThat(read(pair.fromClient(), 3)).isEqualTo("bye");
    }
  }

  // ---- resets ----

  @Test
  void a_reset_is_read_after_what_came_before_it() throws Exception {
    try (Pair pair = Pair.open(world)) {
      pair.toClient().write(ascii("last words"));
      await().until(() -> pair.fromServer().available() == 10);
      pair.server().setSoLinger(true, 0);
      pair.server().close();
      assertThat(read(pair.fromServer(), 10)).isEqualTo("last words");
      for (int i = 0; i < 2; i++) {
        assertThat(threads.start(() -> pair.fromServer().read()).failure())
            .isExactlyInstanceOf(SocketException.class)
            .hasMessage("Connection reset");
      }
    }
  }

  @Test
  void a_reset_wakes_a_thread_that_reads() throws Exception {
    try (Pair pair = Pair.open(world)) {
      Task<Integer> reading = threads.start(() -> pair.fromServer().read()).assertWaits();
      pair.server().setSoLinger(true, 0);
      pair.server().close();
      assertThat(reading.failure())
          .isExactlyInstanceOf(SocketException.class)
          .hasMessage("Connection reset");
      assertThat(pair.client().isClosed()).isFalse();
    }
  }

  @Test
  void a_reset_wakes_a_thread_that_writes() throws Exception {
    try (Pair pair = Pair.open(world)) {
      Task<?> writing = threads.run(() -> pair.toServer().write(new byte[16 << 20])).assertWaits();
      pair.server().setSoLinger(true, 0);
      pair.server().close();
      assertThat(writing.failure()).isExactlyInstanceOf(SocketException.class);
      assertThat(writing.failure().getMessage()).isIn("Connection reset by peer", "Broken pipe");
    }
  }

  @Test
  void writes_after_a_reset_fail_and_go_on_failing() throws Exception {
    try (Pair pair = Pair.open(world)) {
      pair.server().setSoLinger(true, 0);
      pair.server().close();
      assertThat(threads.run(() -> writeForEver(pair.toServer())).failure().getMessage())
          .isIn("Connection reset by peer", "Broken pipe");
      assertThatThrownBy(() -> pair.toServer().write(1))
          .isExactlyInstanceOf(SocketException.class)
          .hasMessage("Broken pipe");
    }
  }

  private static void writeForEver(OutputStream out) throws IOException {
    while (true) {
      out.write(1);
    }
  }

  @Test
  void bytes_for_a_peer_that_has_closed_break_the_pipe() throws Exception {
    try (Pair pair = Pair.open(world)) {
      pair.server().close();
      assertThat(pair.fromServer().read()).isEqualTo(-1);
      assertThat(threads.run(() -> writeForEver(pair.toServer())).failure())
          .isExactlyInstanceOf(SocketException.class)
          .hasMessage("Broken pipe");
      assertThat(pair.fromServer().read()).isEqualTo(-1);
    }
  }

  // ---- lingering ----

  @Test
  void to_close_does_not_wait_for_the_peer_and_loses_nothing() throws Exception {
    byte[] much = random(3 << 20, 6);
    try (Pair pair = Pair.open(world)) {
      Task<byte[]> received = threads.start(() -> pair.fromClient().readAllBytes());
      pair.toServer().write(much);
      pair.client().close();
      assertThat(received.get()).isEqualTo(much);
    }
  }

  @Test
  void to_linger_waits_until_the_peer_has_it_all() throws Exception {
    try (Pair pair = Pair.open(world)) {
      pair.client().setSoLinger(true, 60);
      pair.toServer().write(ascii("all of this"));
      threads.run(() -> pair.client().close()).get();
      assertThat(read(pair.fromClient(), 11)).isEqualTo("all of this");
      assertThat(pair.fromClient().read()).isEqualTo(-1);
    }
  }

  @Test
  void to_linger_has_an_end() throws Exception {
    try (Pair pair = Pair.open(world)) {
      Task<?> writing = threads.run(() -> pair.toServer().write(new byte[16 << 20])).assertWaits();
      pair.client().setSoLinger(true, 1);
      long begun = System.nanoTime();
      threads.run(() -> pair.client().close()).get();
      assertThat(writing.failure()).hasMessage("Socket closed");
      if (kind == World.Kind.STACK) {
        // The JDK lets go of the descriptor at once while another thread uses it.
        assertThat(System.nanoTime() - begun).isGreaterThan(TimeUnit.MILLISECONDS.toNanos(900));
      }
      pair.server().setSoLinger(true, 0);
    }
  }

  // ---- connecting and addresses ----

  @Test
  void nobody_there_refuses_and_the_socket_is_closed() throws Exception {
    InetSocketAddress empty = world.emptyPlace();
    try (Socket socket = world.newSocket()) {
      assertThat(threads.run(() -> socket.connect(empty)).failure())
          .isExactlyInstanceOf(ConnectException.class)
          .hasMessage("Connection refused");
      assertThat(socket.isClosed()).isTrue();
      assertThatThrownBy(() -> socket.connect(empty)).hasMessage("Socket is closed");
    }
  }

  @Test
  void a_name_that_was_not_looked_up_is_an_unknown_host() throws Exception {
    try (Socket socket = world.newSocket()) {
      assertThatThrownBy(
              () -> socket.connect(InetSocketAddress.createUnresolved("no.such.host", 80)))
          .isExactlyInstanceOf(UnknownHostException.class);
      assertThat(socket.isClosed()).isTrue();
    }
  }

  @Test
  void both_ends_know_their_addresses() throws Exception {
    try (Pair pair = Pair.open(world)) {
      Socket client = pair.client();
      Socket server = pair.server();
      assertThat(client.getInetAddress()).isEqualTo(world.serverAddress());
      assertThat(client.getLocalAddress()).isEqualTo(world.clientAddress());
      assertThat(client.getRemoteSocketAddress()).isEqualTo(server.getLocalSocketAddress());
      assertThat(server.getRemoteSocketAddress()).isEqualTo(client.getLocalSocketAddress());
      assertThat(client.getLocalPort()).isPositive().isEqualTo(server.getPort());
      assertThat(client.toString()).contains("port=" + client.getPort());
      assertThat(client.isConnected()).isTrue();
      assertThat(client.isBound()).isTrue();
      int port = client.getPort();
      client.close();
      assertThat(client.getPort()).isEqualTo(port);
      assertThat(client.getInetAddress()).isEqualTo(world.serverAddress());
      assertThat(client.getLocalAddress().isAnyLocalAddress()).isTrue();
    }
  }

  @Test
  void a_socket_that_is_nowhere_has_no_addresses() throws Exception {
    try (Socket socket = world.newSocket()) {
      assertThat(socket.getInetAddress()).isNull();
      assertThat(socket.getPort()).isZero();
      assertThat(socket.getLocalPort()).isEqualTo(-1);
      assertThat(socket.getRemoteSocketAddress()).isNull();
      assertThat(socket.getLocalSocketAddress()).isNull();
      assertThat(socket.getLocalAddress().isAnyLocalAddress()).isTrue();
      assertThat(socket).hasToString("Socket[unconnected]");
      assertThatThrownBy(socket::getInputStream).hasMessage("Socket is not connected");
      assertThatThrownBy(socket::shutdownOutput).hasMessage("Socket is not connected");
    }
  }

  @Test
  void a_closed_socket_does_nothing_any_more() throws Exception {
    try (Pair pair = Pair.open(world)) {
      Socket socket = pair.client();
      InputStream in = socket.getInputStream();
      OutputStream out = socket.getOutputStream();
      socket.close();
      socket.close();
      assertThatThrownBy(in::read).hasMessage("Socket closed");
      assertThatThrownBy(() -> out.write(1)).hasMessage("Socket closed");
      assertThatThrownBy(socket::getInputStream).hasMessage("Socket is closed");
      assertThatThrownBy(() -> socket.setSoTimeout(1)).hasMessage("Socket is closed");
      assertThatThrownBy(() -> socket.bind(null)).hasMessage("Socket is closed");
    }
  }

  @Test
  void a_socket_connects_once() throws Exception {
    try (Pair pair = Pair.open(world)) {
      assertThatThrownBy(() -> pair.client().connect(pair.client().getRemoteSocketAddress()))
          .isExactlyInstanceOf(SocketException.class)
          .hasMessage("Already connected");
      assertThatThrownBy(() -> pair.client().bind(null)).hasMessage("Already bound");
    }
  }

  @Test
  void a_socket_keeps_the_port_that_it_was_bound_to() throws Exception {
    Socket socket = world.newSocket();
    socket.bind(new InetSocketAddress(world.clientAddress(), 0));
    int port = socket.getLocalPort();
    assertThat(port).isPositive();
    assertThat(socket.getLocalAddress()).isEqualTo(world.clientAddress());
    try (Pair pair = Pair.open(world, socket)) {
      assertThat(pair.server().getPort()).isEqualTo(port);
      assertThat(socket.getLocalPort()).isEqualTo(port);
    }
  }

  @Test
  void a_port_that_is_in_use_is_not_bound() throws Exception {
    try (ServerSocket taken = world.newServerSocketOfClient();
        Socket socket = world.newSocket()) {
      taken.bind(new InetSocketAddress(0));
      InetSocketAddress same = new InetSocketAddress(world.clientAddress(), taken.getLocalPort());
      Throwable failure = threads.run(() -> socket.bind(same)).failure();
      assertThat(failure).isExactlyInstanceOf(BindException.class);
      assertThat(failure.getMessage()).startsWith("Address already in use");
      assertThat(socket.isClosed()).isFalse();
      socket.bind(new InetSocketAddress(world.clientAddress(), 0));
    }
  }

  @Test
  void an_address_of_others_is_not_bound() throws Exception {
    try (Socket socket = world.newSocket()) {
      assertThatThrownBy(() -> socket.bind(new InetSocketAddress(world.foreignAddress(), 0)))
          .isExactlyInstanceOf(BindException.class)
          .hasMessageStartingWith("Cannot assign requested address");
    }
  }
}
