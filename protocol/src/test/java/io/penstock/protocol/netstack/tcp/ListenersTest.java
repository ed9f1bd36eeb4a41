package io.penstock.protocol.netstack.tcp;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.UnpooledByteBufAllocator;
import io.penstock.protocol.netstack.NetStack;
import io.penstock.protocol.netstack.NetStackConfig;
import io.penstock.protocol.netstack.ip.LinkTraits;
import io.penstock.protocol.netstack.wire.IpEndpoint;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Which listener a connection is for, on a stack with two addresses of each version that connects
/// to itself.
class ListenersTest {

  private static final IpEndpoint FIRST = IpEndpoint.of4(0x0a000001, 0);
  private static final IpEndpoint SECOND = IpEndpoint.of4(0x0a000002, 0);
  private static final IpEndpoint FIRST_6 = new IpEndpoint(false, 0xfd00_0000_0000_0000L, 1, 0);

  private final NetStack stack =
      new NetStack(
          NetStackConfig.defaults(),
          LinkTraits.plain(1500),
          new UnpooledByteBufAllocator(true),
          new Random(1),
          0);

  @BeforeEach
  void begin() {
    stack.addAddress(FIRST, 24);
    stack.addAddress(SECOND, 24);
    stack.addAddress(FIRST_6, 64);
  }

  @AfterEach
  void end() {
    stack.close();
  }

  private TcpListener everywhere(int port) {
    return stack.tcp().listen(port, 1_000).orElseThrow();
  }

  private TcpListener at(IpEndpoint address, int port) {
    return stack.tcp().listen(address.withPort(port), 1_000).orElseThrow();
  }

  /// Connects to it and says how that ended.
  private TcpState dial(IpEndpoint address, int port) {
    TcpConnection connection = stack.connect(address.withPort(port), 0).orElseThrow();
    connection.attach("owner");
    assertThat(stack.transmit(0)).isNull();
    TcpState state = connection.state();
    connection.abort();
    assertThat(stack.transmit(0)).isNull();
    return state;
  }

  private static void assertGotOne(TcpListener listener) {
    TcpConnection accepted = listener.accept();
    assertThat(accepted).isNotNull();
    accepted.close();
    assertThat(listener.accept()).isNull();
  }

  @Test
  void a_listener_at_an_address_comes_before_the_one_at_all() {
    TcpListener all = everywhere(80);
    TcpListener exact = at(SECOND, 80);

    assertThat(dial(FIRST, 80)).isEqualTo(TcpState.ESTABLISHED);
    assertGotOne(all);
    assertThat(dial(SECOND, 80)).isEqualTo(TcpState.ESTABLISHED);
    assertGotOne(exact);
    assertThat(dial(FIRST_6, 80)).isEqualTo(TcpState.ESTABLISHED);
    assertGotOne(all);
  }

  @Test
  void a_listener_gets_nothing_for_another_address_or_port() {
    TcpListener exact = at(SECOND, 80);

    assertThat(dial(FIRST, 80)).isEqualTo(TcpState.CLOSED);
    assertThat(dial(SECOND, 81)).isEqualTo(TcpState.CLOSED);
    assertThat(exact.accept()).isNull();
  }

  @Test
  void what_is_taken_is_not_given_twice() {
    everywhere(80);
    at(FIRST, 80);

    assertThat(stack.tcp().listen(80, 1)).isEmpty();
    assertThat(stack.tcp().listen(FIRST.withPort(80), 1)).isEmpty();
    assertThat(stack.tcp().listen(SECOND.withPort(80), 1)).isPresent();
    assertThat(stack.tcp().listen(FIRST.withPort(81), 1)).isPresent();
  }

  @Test
  void a_closed_listener_makes_room_for_the_one_behind_it() {
    TcpListener all = everywhere(80);
    TcpListener exact = at(FIRST, 80);
    exact.close();
    exact.close();

    assertThat(dial(FIRST, 80)).isEqualTo(TcpState.ESTABLISHED);
    assertGotOne(all);
    all.close();
    assertThat(dial(FIRST, 80)).isEqualTo(TcpState.CLOSED);
    assertThat(stack.tcp().listen(80, 1)).isPresent();
  }

  @Test
  void port_0_is_a_free_one() {
    Set<Integer> ports = new HashSet<>();
    for (int i = 0; i < 100; i++) {
      Optional<TcpListener> listener =
          i % 2 == 0 ? stack.tcp().listen(0, 1) : stack.tcp().listen(FIRST, 1);
      ports.add(listener.orElseThrow().port());
    }
    assertThat(ports).hasSize(100).allMatch(port -> port >= 32_768);
  }

  @Test
  void each_of_many_listeners_gets_its_own() {
    List<TcpListener> many = IntStream.range(1, 2_000).mapToObj(this::everywhere).toList();
    many.stream().filter(listener -> listener.port() % 3 == 0).forEach(TcpListener::close);

    for (TcpListener listener : many) {
      boolean open = listener.port() % 3 != 0;
      assertThat(dial(FIRST, listener.port()))
          .isEqualTo(open ? TcpState.ESTABLISHED : TcpState.CLOSED);
      if (open) {
        assertGotOne(listener);
      }
    }
  }
}
