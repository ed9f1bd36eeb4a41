package io.penstock.transport.netstack.socket;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penstock.transport.netstack.socket.Threads.Task;
import java.net.BindException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.UnknownHostException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.CsvSource;

/// What libraries that take a factory expect of it; the JDK's own show what is right. That no
/// socket is left when one cannot be had, the world checks when it closes.
@ParameterizedClass
@CsvSource({"HOST, PLATFORM", "HOST, VIRTUAL", "STACK, PLATFORM", "STACK, VIRTUAL"})
class FactoryContractTest {

  private final World.Kind kind;
  private final Threads threads;
  private World world;
  private ServerSocket listening;

  FactoryContractTest(World.Kind kind, Threads threads) {
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

  /// Makes a socket, and shows that it is connected to the server.
  private void assertTalks(Task<Socket> making) throws Exception {
    try (Socket socket = making.get();
        Socket accepted = listening.accept()) {
      assertThat(accepted.getRemoteSocketAddress()).isEqualTo(socket.getLocalSocketAddress());
      socket.getOutputStream().write(7);
      assertThat(accepted.getInputStream().read()).isEqualTo(7);
    }
  }

  // ---- sockets ----

  @Test
  void a_socket_may_be_connected_later() throws Exception {
    try (Socket unconnected = world.socketFactory().createSocket()) {
      assertThat(unconnected.isConnected()).isFalse();
      assertThat(unconnected.isBound()).isFalse();
    }
    assertTalks(
        threads.start(
            () -> {
              Socket socket = world.socketFactory().createSocket();
              socket.connect(world.at(listening), 60_000);
              return socket;
            }));
  }

  @Test
  void a_socket_is_connected_to_an_address_or_to_its_text() throws Exception {
    InetAddress server = world.serverAddress();
    int port = listening.getLocalPort();
    assertTalks(threads.start(() -> world.socketFactory().createSocket(server, port)));
    String text = server.getHostAddress();
    assertTalks(threads.start(() -> world.socketFactory().createSocket(text, port)));
  }

  @Test
  void a_socket_has_the_local_end_that_was_asked_for() throws Exception {
    InetAddress client = world.clientAddress();
    InetAddress server = world.serverAddress();
    int port = listening.getLocalPort();
    int free = freePortOfClient();
    try (Socket socket = world.socketFactory().createSocket(server, port, client, free);
        Socket accepted = listening.accept()) {
      assertThat(socket.getLocalSocketAddress()).isEqualTo(new InetSocketAddress(client, free));
      assertThat(accepted.getPort()).isEqualTo(free);
    }
    String text = server.getHostAddress();
    try (Socket socket = world.socketFactory().createSocket(text, port, client, 0);
        Socket accepted = listening.accept()) {
      assertThat(socket.getLocalAddress()).isEqualTo(client);
      assertThat(accepted.getPort()).isEqualTo(socket.getLocalPort());
    }
  }

  private int freePortOfClient() throws Exception {
    try (ServerSocket gone = world.newServerSocketOfClient()) {
      gone.bind(new InetSocketAddress(0));
      return gone.getLocalPort();
    }
  }

  @Test
  void nobody_there_refuses() throws Exception {
    InetSocketAddress empty = world.emptyPlace();
    assertThat(
            threads
                .start(
                    () ->
                        world.socketFactory().createSocket(world.serverAddress(), empty.getPort()))
                .failure())
        .isExactlyInstanceOf(ConnectException.class)
        .hasMessage("Connection refused");
  }

  @Test
  void a_local_port_that_is_in_use_is_refused() throws Exception {
    try (ServerSocket taken = world.newServerSocketOfClient()) {
      taken.bind(new InetSocketAddress(world.clientAddress(), 0));
      int port = listening.getLocalPort();
      assertThatThrownBy(
              () ->
                  world
                      .socketFactory()
                      .createSocket(
                          world.serverAddress(), port, world.clientAddress(), taken.getLocalPort()))
          .isExactlyInstanceOf(BindException.class)
          .hasMessageStartingWith("Address already in use");
    }
  }

  @Test
  void a_name_of_nobody_is_an_unknown_host() {
    // RFC 2606 section 2: a top-level domain without names.
    assertThatThrownBy(() -> world.socketFactory().createSocket("nobody.invalid", 80))
        .isExactlyInstanceOf(UnknownHostException.class)
        .hasMessageStartingWith("nobody.invalid");
  }

  // ---- server sockets ----

  private void assertServes(ServerSocket made) throws Exception {
    try (made;
        Socket client = world.newSocket()) {
      client.connect(world.at(made));
      try (Socket accepted = threads.start(made::accept).get()) {
        assertThat(accepted.getPort()).isEqualTo(client.getLocalPort());
      }
    }
  }

  @Test
  void a_server_socket_may_be_bound_later() throws Exception {
    ServerSocket made = world.serverSocketFactory().createServerSocket();
    assertThat(made.isBound()).isFalse();
    made.bind(new InetSocketAddress(0));
    assertServes(made);
  }

  @Test
  void a_server_socket_listens_at_all_addresses_or_at_one() throws Exception {
    ServerSocket all = world.serverSocketFactory().createServerSocket(0);
    assertThat(all.getInetAddress().isAnyLocalAddress()).isTrue();
    assertServes(all);
    assertServes(world.serverSocketFactory().createServerSocket(0, 5));
    ServerSocket one = world.serverSocketFactory().createServerSocket(0, 5, world.serverAddress());
    assertThat(one.getInetAddress()).isEqualTo(world.serverAddress());
    assertServes(one);
  }

  @Test
  void a_port_that_has_a_listener_is_refused() {
    assertThatThrownBy(
            () -> world.serverSocketFactory().createServerSocket(listening.getLocalPort()))
        .isExactlyInstanceOf(BindException.class)
        .hasMessageStartingWith("Address already in use");
  }

  @Test
  void a_number_that_is_no_port_is_refused() {
    assertThatThrownBy(() -> world.serverSocketFactory().createServerSocket(65_536))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> world.socketFactory().createSocket(world.serverAddress(), -1))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
