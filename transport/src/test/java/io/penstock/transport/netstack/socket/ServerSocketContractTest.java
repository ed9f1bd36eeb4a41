package io.penstock.transport.netstack.socket;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penstock.transport.netstack.socket.Threads.Task;
import java.net.BindException;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.StandardSocketOptions;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.CsvSource;

/// What code that blocks expects of a server socket; the JDK's own show what is right.
@SuppressWarnings("try") // Ends are closed early where that is what is tested.
@ParameterizedClass
@CsvSource({"HOST, PLATFORM", "HOST, VIRTUAL", "STACK, PLATFORM", "STACK, VIRTUAL"})
class ServerSocketContractTest {

  private final World.Kind kind;
  private final Threads threads;
  private World world;
  private ServerSocket listening;

  ServerSocketContractTest(World.Kind kind, Threads threads) {
    this.kind = kind;
    this.threads = threads;
  }

  @BeforeEach
  void open() throws Exception {
    world = kind.open();
    listening = world.newServerSocket();
    listening.bind(new InetSocketAddress(0));
  }

  @AfterEach
  void close() throws Exception {
    listening.close();
    world.close();
  }

  private Socket connected() throws Exception {
    Socket socket = world.newSocket();
    socket.connect(world.at(listening));
    return socket;
  }

  @Test
  void connections_are_accepted_in_the_order_in_which_they_came() throws Exception {
    List<Socket> clients = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      clients.add(connected());
    }
    for (Socket client : clients) {
      try (client;
          Socket accepted = threads.start(listening::accept).get()) {
        assertThat(accepted.getRemoteSocketAddress()).isEqualTo(client.getLocalSocketAddress());
        assertThat(accepted.isConnected()).isTrue();
      }
    }
  }

  @Test
  void bytes_may_come_before_their_connection_is_accepted() throws Exception {
    try (Socket client = connected()) {
      client.getOutputStream().write(new byte[] {1, 2, 3});
      client.shutdownOutput();
      try (Socket accepted = listening.accept()) {
        assertThat(accepted.getInputStream().readAllBytes()).containsExactly(1, 2, 3);
      }
    }
  }

  @Test
  void a_thread_that_waits_gets_the_next_connection() throws Exception {
    Task<Socket> accepting = threads.start(listening::accept).assertWaits();
    try (Socket client = connected();
        Socket accepted = accepting.get()) {
      assertThat(accepted.getPort()).isEqualTo(client.getLocalPort());
    }
  }

  @Test
  void threads_take_turns_in_accepting() throws Exception {
    Task<Socket> one = threads.start(listening::accept).assertWaits();
    Task<Socket> other = threads.start(listening::accept).assertWaits();
    try (Socket client = connected();
        Socket secondClient = connected();
        Socket first = one.get();
        Socket second = other.get()) {
      assertThat(List.of(first.getPort(), second.getPort()))
          .containsExactlyInAnyOrder(client.getLocalPort(), secondClient.getLocalPort());
    }
  }

  @Test
  void to_accept_for_too_long_times_out_and_the_next_one_is_accepted() throws Exception {
    listening.setSoTimeout(50);
    assertThat(listening.getSoTimeout()).isEqualTo(50);
    for (int i = 0; i < 2; i++) {
      assertThat(threads.start(listening::accept).failure())
          .isExactlyInstanceOf(SocketTimeoutException.class)
          .hasMessage("Accept timed out");
    }
    listening.setSoTimeout(60_000);
    try (Socket client = connected();
        Socket accepted = threads.start(listening::accept).get()) {
      assertThat(accepted.getPort()).isEqualTo(client.getLocalPort());
      assertThat(accepted.getSoTimeout()).isZero();
    }
  }

  @Test
  void to_close_wakes_a_thread_that_accepts() throws Exception {
    Task<Socket> accepting = threads.start(listening::accept).assertWaits();
    listening.close();
    assertThat(accepting.failure())
        .isExactlyInstanceOf(SocketException.class)
        .hasMessage("Socket closed");
    assertThatThrownBy(listening::accept)
        .isExactlyInstanceOf(SocketException.class)
        .hasMessage("Socket is closed");
  }

  @Test
  void an_interrupt_ends_the_wait_of_a_virtual_thread_alone() throws Exception {
    Task<Socket> accepting = threads.start(listening::accept).assertWaits();
    accepting.thread().interrupt();
    if (threads == Threads.VIRTUAL) {
      assertThat(accepting.failure())
          .isExactlyInstanceOf(SocketException.class)
          .hasMessage("Closed by interrupt");
      assertThat(listening.isClosed()).isTrue();
    } else {
      accepting.assertWaits();
      try (Socket client = connected();
          Socket accepted = accepting.get()) {
        assertThat(accepted.getPort()).isEqualTo(client.getLocalPort());
      }
    }
  }

  @Test
  void to_close_resets_connections_that_nobody_accepted() throws Exception {
    try (Socket client = connected()) {
      listening.close();
      assertThat(threads.start(() -> client.getInputStream().read()).failure())
          .isExactlyInstanceOf(SocketException.class)
          .hasMessage("Connection reset");
    }
  }

  @Test
  void nobody_is_there_once_it_is_closed_and_connections_go_on() throws Exception {
    try (Socket client = connected();
        Socket accepted = listening.accept()) {
      InetSocketAddress place = world.at(listening);
      listening.close();
      try (Socket late = world.newSocket()) {
        assertThat(threads.run(() -> late.connect(place)).failure())
            .isExactlyInstanceOf(ConnectException.class)
            .hasMessage("Connection refused");
      }
      client.getOutputStream().write(5);
      assertThat(accepted.getInputStream().read()).isEqualTo(5);
    }
  }

  @Test
  void the_port_may_be_had_again_at_once() throws Exception {
    try (Socket client = connected();
        Socket accepted = listening.accept()) {
      accepted.close();
      client.close();
      InetSocketAddress same = new InetSocketAddress(listening.getLocalPort());
      listening.close();
      try (ServerSocket again = world.newServerSocket()) {
        again.bind(same);
        assertThat(again.getLocalPort()).isEqualTo(same.getPort());
      }
    }
  }

  @Test
  void a_port_has_one_listener() throws Exception {
    try (ServerSocket second = world.newServerSocket()) {
      InetSocketAddress same = new InetSocketAddress(listening.getLocalPort());
      Throwable failure = threads.run(() -> second.bind(same)).failure();
      assertThat(failure).isExactlyInstanceOf(BindException.class);
      assertThat(failure.getMessage()).startsWith("Address already in use");
      assertThat(second.isBound()).isFalse();
    }
  }

  @Test
  void an_address_of_others_is_not_bound() throws Exception {
    try (ServerSocket second = world.newServerSocket()) {
      assertThatThrownBy(() -> second.bind(new InetSocketAddress(world.foreignAddress(), 0)))
          .isExactlyInstanceOf(BindException.class)
          .hasMessageStartingWith("Cannot assign requested address");
    }
  }

  @Test
  void it_knows_its_address() throws Exception {
    assertThat(listening.getLocalPort()).isPositive();
    assertThat(listening.getInetAddress().isAnyLocalAddress()).isTrue();
    assertThat(listening.isBound()).isTrue();
    try (ServerSocket one = world.newServerSocket()) {
      assertThat(one.getLocalPort()).isEqualTo(-1);
      assertThat(one.getInetAddress()).isNull();
      assertThat(one).hasToString("ServerSocket[unbound]");
      assertThatThrownBy(one::accept)
          .isExactlyInstanceOf(SocketException.class)
          .hasMessage("Socket is not bound yet");
      one.bind(new InetSocketAddress(world.serverAddress(), 0));
      assertThat(one.getInetAddress()).isEqualTo(world.serverAddress());
      assertThat(one.getLocalSocketAddress())
          .isEqualTo(new InetSocketAddress(world.serverAddress(), one.getLocalPort()));
      assertThatThrownBy(() -> one.bind(null))
          .isExactlyInstanceOf(SocketException.class)
          .hasMessage("Already bound");
    }
  }

  @Test
  void its_options_are_kept() throws Exception {
    assertThat(listening.supportedOptions())
        .contains(StandardSocketOptions.SO_RCVBUF, StandardSocketOptions.SO_REUSEADDR);
    assertThat(listening.getReuseAddress()).isTrue();
    listening.setReuseAddress(false);
    assertThat(listening.getReuseAddress()).isFalse();
    listening.setOption(StandardSocketOptions.SO_REUSEADDR, true);
    assertThat(listening.getOption(StandardSocketOptions.SO_REUSEADDR)).isTrue();
    listening.setReceiveBufferSize(20_000);
    assertThat(listening.getReceiveBufferSize()).isGreaterThanOrEqualTo(20_000);
    assertThatThrownBy(() -> listening.setOption(StandardSocketOptions.TCP_NODELAY, true))
        .isInstanceOf(UnsupportedOperationException.class)
        .hasMessage("'TCP_NODELAY' not supported");
  }

  @Test
  void fifty_connections_at_once_are_served() throws Exception {
    Task<?> serving =
        threads.run(
            () -> {
              for (int i = 0; i < 50; i++) {
                Socket accepted = listening.accept();
                threads.run(
                    () -> {
                      try (accepted) {
                        accepted.getInputStream().transferTo(accepted.getOutputStream());
                      }
                    });
              }
            });
    List<Task<byte[]>> answers = new ArrayList<>();
    for (int i = 0; i < 50; i++) {
      byte mark = (byte) i;
      answers.add(
          threads.start(
              () -> {
                try (Socket client = connected()) {
                  client.getOutputStream().write(new byte[] {mark, mark});
                  client.shutdownOutput();
                  return client.getInputStream().readAllBytes();
                }
              }));
    }
    for (int i = 0; i < 50; i++) {
      assertThat(answers.get(i).get()).containsExactly(i, i);
    }
    serving.get();
  }
}
