package io.penstock.transport.netstack.socket;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penstock.transport.netstack.socket.Threads.Task;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.UnknownHostException;
import java.net.spi.InetAddressResolver;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// How our sockets look up names: with the resolver that they were given, and with nothing else.
class NamesTest {

  private final Book book = new Book();
  private StackWorld world;
  private StackSockets named;
  private ServerSocket listening;

  /// Knows some names, and who asked it.
  private final class Book implements InetAddressResolver {

    final List<String> asked = new CopyOnWriteArrayList<>();
    final List<Thread> askers = new CopyOnWriteArrayList<>();

    @Override
    public Stream<InetAddress> lookupByName(String host, LookupPolicy policy)
        throws UnknownHostException {
      asked.add(host);
      askers.add(Thread.currentThread());
      assertThat(policy.characteristics() & LookupPolicy.IPV4).isNotZero();
      assertThat(policy.characteristics() & LookupPolicy.IPV6).isNotZero();
      return switch (host) {
        case "db.overlay" -> Stream.of(world.serverAddress(), world.foreignAddress());
        case "empty.overlay" -> Stream.of();
        default -> throw new UnknownHostException(host + ": not in the book");
      };
    }

    @Override
    public String lookupByAddress(byte[] address) {
      throw new AssertionError("nobody looks up addresses");
    }
  }

  @BeforeEach
  void open() throws Exception {
    world = new StackWorld();
    named = world.client.withResolver(book);
    listening = world.newServerSocket();
    listening.bind(new InetSocketAddress(0));
  }

  @AfterEach
  void close() throws Exception {
    listening.close();
    world.close();
  }

  private InetSocketAddress place(String host) {
    return InetSocketAddress.createUnresolved(host, listening.getLocalPort());
  }

  @Test
  void the_first_address_of_a_name_is_connected_to_and_bears_the_name() throws Exception {
    try (Socket socket = named.newSocket()) {
      Task<?> connecting = Threads.VIRTUAL.run(() -> socket.connect(place("db.overlay")));
      connecting.get();
      listening.accept().close();
      assertThat(socket.getInetAddress()).isEqualTo(world.serverAddress());
      assertThat(socket.getInetAddress().getHostName()).isEqualTo("db.overlay");
      assertThat(book.asked).containsExactly("db.overlay");
      assertThat(book.askers).containsExactly(connecting.thread());
    }
  }

  @Test
  void a_factory_looks_up_names_too() throws Exception {
    try (Socket socket =
            named.socketFactory().createSocket("db.overlay", listening.getLocalPort());
        Socket accepted = listening.accept()) {
      assertThat(accepted.getPort()).isEqualTo(socket.getLocalPort());
    }
  }

  @Test
  void what_is_an_address_already_is_not_looked_up() throws Exception {
    for (String literal : List.of("10.0.0.2", "fd00::2", "[fd00::2]")) {
      try (Socket socket = named.newSocket()) {
        socket.connect(place(literal));
        listening.accept().close();
      }
    }
    assertThat(book.asked).isEmpty();
  }

  @Test
  void names_that_the_resolver_does_not_know_are_unknown_hosts() throws Exception {
    Map<String, String> messages =
        Map.of("other.overlay", "other.overlay: not in the book", "empty.overlay", "empty.overlay");
    for (Map.Entry<String, String> unknown : messages.entrySet()) {
      try (Socket socket = named.newSocket()) {
        assertThatThrownBy(() -> socket.connect(place(unknown.getKey())))
            .isExactlyInstanceOf(UnknownHostException.class)
            .hasMessage(unknown.getValue());
        assertThat(socket.isClosed()).isTrue();
      }
    }
  }

  @Test
  void without_a_resolver_no_name_is_known_and_the_host_is_not_asked() throws Exception {
    try (Socket socket = world.newSocket()) {
      // The host knows this one.
      assertThatThrownBy(() -> socket.connect(place("localhost")))
          .isExactlyInstanceOf(UnknownHostException.class)
          .hasMessage("localhost: these sockets were given no resolver");
    }
  }

  @Test
  void a_datagram_socket_connects_by_name() throws Exception {
    try (DatagramSocket socket = named.newDatagramSocket();
        DatagramSocket server = world.newDatagramSocketOfServer()) {
      socket.connect(InetSocketAddress.createUnresolved("db.overlay", server.getLocalPort()));
      socket.send(new DatagramPacket(new byte[] {5}, 1));
      DatagramPacket packet = new DatagramPacket(new byte[9], 9);
      server.receive(packet);
      assertThat(packet.getLength()).isEqualTo(1);
    }
    try (DatagramSocket socket = named.newDatagramSocket()) {
      assertThatThrownBy(() -> socket.connect(place("other.overlay")))
          .isExactlyInstanceOf(SocketException.class)
          .hasMessage("Unresolved address");
    }
  }

  /// To ask for its name would ask the DNS of the host, which knows nothing of the overlay.
  @Test
  void an_address_of_a_peer_has_its_own_text_for_a_name() throws Exception {
    try (Socket socket = named.newSocket()) {
      socket.connect(world.at(listening));
      try (Socket accepted = listening.accept()) {
        assertThat(accepted.getInetAddress().getHostName()).isEqualTo("10.0.0.1");
        assertThat(accepted.getLocalAddress().getHostName()).isEqualTo("10.0.0.2");
        assertThat(socket.getLocalAddress().getHostName()).isEqualTo("10.0.0.1");
      }
    }
  }
}
