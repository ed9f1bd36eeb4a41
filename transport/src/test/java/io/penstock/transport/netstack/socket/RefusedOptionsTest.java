package io.penstock.transport.netstack.socket;

import static java.net.StandardSocketOptions.IP_MULTICAST_IF;
import static java.net.StandardSocketOptions.IP_MULTICAST_LOOP;
import static java.net.StandardSocketOptions.IP_MULTICAST_TTL;
import static java.net.StandardSocketOptions.IP_TOS;
import static java.net.StandardSocketOptions.SO_BROADCAST;
import static java.net.StandardSocketOptions.SO_KEEPALIVE;
import static java.net.StandardSocketOptions.SO_LINGER;
import static java.net.StandardSocketOptions.SO_RCVBUF;
import static java.net.StandardSocketOptions.SO_REUSEADDR;
import static java.net.StandardSocketOptions.SO_REUSEPORT;
import static java.net.StandardSocketOptions.SO_SNDBUF;
import static java.net.StandardSocketOptions.TCP_NODELAY;
import static jdk.net.ExtendedSocketOptions.IP_DONTFRAGMENT;
import static jdk.net.ExtendedSocketOptions.SO_INCOMING_NAPI_ID;
import static jdk.net.ExtendedSocketOptions.TCP_KEEPCOUNT;
import static jdk.net.ExtendedSocketOptions.TCP_KEEPIDLE;
import static jdk.net.ExtendedSocketOptions.TCP_KEEPINTERVAL;
import static jdk.net.ExtendedSocketOptions.TCP_QUICKACK;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketOption;
import java.util.List;
import java.util.Map;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// What our sockets cannot do they refuse, and say why; nothing is taken and then ignored.
class RefusedOptionsTest {

  private static final Map<SocketOption<?>, String> REASONS =
      Map.of(
          IP_TOS, "the stack sends all packets with class 0",
          SO_REUSEPORT, "a port of the stack has one owner",
          SO_BROADCAST, "the stack sends nothing to groups",
          IP_MULTICAST_IF, "the stack sends nothing to groups",
          IP_MULTICAST_TTL, "the stack sends nothing to groups",
          IP_MULTICAST_LOOP, "the stack sends nothing to groups",
          TCP_QUICKACK, "the stack itself decides when to acknowledge",
          IP_DONTFRAGMENT, "the stack follows the path's MTU by itself",
          SO_INCOMING_NAPI_ID, "there is no network card");

  private StackWorld world;

  @BeforeEach
  void open() throws Exception {
    world = new StackWorld();
  }

  @AfterEach
  void close() throws Exception {
    world.close();
  }

  private static void assertRefused(ThrowingCallable call, SocketOption<?> option) {
    String reason = REASONS.get(option);
    assertThatThrownBy(call)
        .isExactlyInstanceOf(UnsupportedOperationException.class)
        .hasMessage("'%s' not supported%s", option, reason == null ? "" : ": " + reason);
  }

  private static void assertRefused(ThrowingCallable call, String message) {
    assertThatThrownBy(call).isExactlyInstanceOf(SocketException.class).hasMessage(message);
  }

  // ---- named ----

  @Test
  void a_socket_refuses_what_it_does_not_list() throws Exception {
    try (Socket socket = world.newSocket()) {
      assertThat(socket.supportedOptions())
          .containsExactlyInAnyOrder(
              TCP_NODELAY,
              SO_KEEPALIVE,
              TCP_KEEPIDLE,
              TCP_KEEPINTERVAL,
              TCP_KEEPCOUNT,
              SO_LINGER,
              SO_RCVBUF,
              SO_SNDBUF,
              SO_REUSEADDR);
      assertRefused(() -> socket.setOption(IP_TOS, 8), IP_TOS);
      assertRefused(() -> socket.setOption(SO_REUSEPORT, true), SO_REUSEPORT);
      assertRefused(() -> socket.setOption(SO_BROADCAST, true), SO_BROADCAST);
      assertRefused(() -> socket.setOption(TCP_QUICKACK, true), TCP_QUICKACK);
      assertRefused(() -> socket.setOption(IP_DONTFRAGMENT, true), IP_DONTFRAGMENT);
      for (SocketOption<?> refused : REASONS.keySet()) {
        assertRefused(() -> socket.getOption(refused), refused);
      }
    }
  }

  @Test
  void a_server_socket_refuses_what_it_does_not_list() throws Exception {
    try (ServerSocket socket = world.newServerSocket()) {
      assertThat(socket.supportedOptions()).containsExactlyInAnyOrder(SO_RCVBUF, SO_REUSEADDR);
      assertRefused(() -> socket.setOption(SO_REUSEPORT, true), SO_REUSEPORT);
      assertRefused(() -> socket.setOption(IP_TOS, 8), IP_TOS);
      assertRefused(() -> socket.setOption(SO_SNDBUF, 8_192), SO_SNDBUF);
      assertRefused(() -> socket.setOption(SO_KEEPALIVE, true), SO_KEEPALIVE);
      for (SocketOption<?> refused : REASONS.keySet()) {
        assertRefused(() -> socket.getOption(refused), refused);
      }
    }
  }

  @Test
  void a_datagram_socket_refuses_what_it_does_not_list() throws Exception {
    try (DatagramSocket socket = world.newDatagramSocket()) {
      assertThat(socket.supportedOptions())
          .containsExactlyInAnyOrder(SO_RCVBUF, SO_SNDBUF, SO_REUSEADDR);
      assertRefused(() -> socket.setOption(SO_BROADCAST, true), SO_BROADCAST);
      assertRefused(() -> socket.setOption(IP_TOS, 8), IP_TOS);
      assertRefused(() -> socket.setOption(SO_REUSEPORT, true), SO_REUSEPORT);
      assertRefused(() -> socket.setOption(IP_MULTICAST_TTL, 3), IP_MULTICAST_TTL);
      assertRefused(() -> socket.setOption(IP_DONTFRAGMENT, true), IP_DONTFRAGMENT);
      for (SocketOption<?> refused : REASONS.keySet()) {
        assertRefused(() -> socket.getOption(refused), refused);
      }
    }
  }

  @Test
  void a_value_that_the_stack_cannot_have_is_refused() throws Exception {
    try (Socket socket = world.newSocket()) {
      for (SocketOption<Integer> option : List.of(TCP_KEEPIDLE, TCP_KEEPINTERVAL, TCP_KEEPCOUNT)) {
        int before = socket.getOption(option);
        assertRefused(() -> socket.setOption(option, -1), "Invalid argument: " + option + " of -1");
        assertThat(socket.getOption(option)).isEqualTo(before);
      }
    }
  }

  // ---- by setters ----

  @Test
  void the_setters_of_a_socket_say_why_they_refuse() throws Exception {
    try (Pair pair = Pair.open(world)) {
      Socket socket = pair.client();
      assertRefused(
          () -> socket.setTrafficClass(8),
          "'IP_TOS' not supported: the stack sends all packets with class 0");
      assertThat(socket.getTrafficClass()).isZero();
      assertRefused(
          () -> socket.setOOBInline(false),
          "'SO_OOBINLINE' cannot be off: the stack delivers urgent data like any other");
      socket.setOOBInline(true);
      assertThat(socket.getOOBInline()).isTrue();
      assertRefused(() -> socket.sendUrgentData(1), "Urgent data not supported");
    }
  }

  @Test
  void the_setters_of_a_datagram_socket_say_why_they_refuse() throws Exception {
    try (DatagramSocket socket = world.newDatagramSocket()) {
      assertRefused(
          () -> socket.setBroadcast(true),
          "'SO_BROADCAST' not supported: the stack sends nothing to groups");
      assertRefused(
          () -> socket.setReuseAddress(true),
          "'SO_REUSEADDR' cannot be on: a port of the stack has one owner");
      assertThat(socket.getTrafficClass()).isZero();
      String noClass = "'IP_TOS' not supported: the stack sends all packets with class 0";
      assertRefused(() -> socket.setTrafficClass(8), noClass);
      socket.connect(world.emptyPlace());
      assertRefused(() -> socket.setTrafficClass(8), noClass);
    }
  }

  @Test
  void groups_are_not_joined() throws Exception {
    InetSocketAddress group = new InetSocketAddress(InetAddress.ofLiteral("224.0.0.251"), 0);
    NetworkInterface loopback =
        NetworkInterface.getByInetAddress(InetAddress.ofLiteral("127.0.0.1"));
    String noGroups = "the stack joins no multicast groups and sends to none";
    try (DatagramSocket socket = world.newDatagramSocket()) {
      assertRefused(() -> socket.joinGroup(group, loopback), noGroups);
      assertRefused(() -> socket.leaveGroup(group, loopback), noGroups);
    }
  }
}
