package io.penstock.protocol.netstack.udp;

import static io.penstock.protocol.netstack.udp.UdpFixture.PEER;
import static io.penstock.protocol.netstack.udp.UdpFixture.PEER_6;
import static io.penstock.protocol.netstack.udp.UdpFixture.US;
import static io.penstock.protocol.netstack.udp.UdpFixture.US_6;
import static io.penstock.protocol.netstack.udp.UdpFixture.bound;
import static io.penstock.protocol.netstack.udp.UdpFixture.refused;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.penstock.protocol.netstack.wire.IpEndpoint;
import io.penstock.protocol.netstack.wire.IpPacket;
import io.penstock.protocol.netstack.wire.PacketFault;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// Who gets a datagram, and who may have which port.
class UdpLayerTest {

  private static final IpEndpoint ANY_4 = IpEndpoint.of4(0, 53);
  private static final IpEndpoint ANY_6 = IpEndpoint.of6(0, 0, 53);
  private static final IpEndpoint FROM = PEER.withPort(4000);
  private static final IpEndpoint FROM_6 = PEER_6.withPort(4000);

  private final UdpFixture host = new UdpFixture(UdpConfig.DEFAULTS);

  @AfterEach
  void nothing_is_held() {
    host.end();
  }

  @Test
  void a_datagram_goes_to_the_socket_at_its_destination() {
    UdpSocket four = host.bind(US.withPort(53));
    UdpSocket six = host.bind(US_6.withPort(53));

    assertThat(host.receive(FROM, US.withPort(53), "a")).isEqualTo(UdpReceive.DELIVERED);
    assertThat(host.receive(FROM_6, US_6.withPort(53), "b")).isEqualTo(UdpReceive.DELIVERED);
    assertThat(host.receive(FROM, US.withPort(54), "c")).isEqualTo(UdpReceive.NO_OWNER);

    assertThat(host.read(four)).isEqualTo("a");
    assertThat(host.datagram.source()).isEqualTo(FROM);
    assertThat(host.datagram.local()).isEqualTo(US.withPort(53));
    assertThat(host.read(four)).isEqualTo("-");
    assertThat(host.read(six)).isEqualTo("b");
    assertThat(host.datagram.source()).isEqualTo(FROM_6);
    assertThat(host.datagram.local()).isEqualTo(US_6.withPort(53));
    assertThat(host.layer.count(UdpReceive.NO_OWNER)).isEqualTo(1);
  }

  @Test
  void the_exact_flow_comes_before_the_address_and_the_address_before_any() {
    UdpSocket any = host.bind(ANY_4);
    assertThat(host.receive(FROM, US.withPort(53), "any")).isEqualTo(UdpReceive.DELIVERED);
    UdpSocket exact = host.bind(US.withPort(53));
    assertThat(host.receive(FROM, US.withPort(53), "exact")).isEqualTo(UdpReceive.DELIVERED);
    UdpSocket flow = bound(host.layer.open(US.withPort(53), FROM));
    assertThat(host.receive(FROM, US.withPort(53), "flow")).isEqualTo(UdpReceive.DELIVERED);
    assertThat(host.receive(FROM.withPort(1), US.withPort(53), "other"))
        .isEqualTo(UdpReceive.DELIVERED);

    assertThat(host.read(any)).isEqualTo("any");
    assertThat(host.read(exact)).isEqualTo("exact");
    assertThat(host.read(exact)).isEqualTo("other");
    assertThat(host.read(flow)).isEqualTo("flow");
    flow.close();
    host.receive(FROM, US.withPort(53), "again");
    assertThat(host.read(exact)).isEqualTo("again");
  }

  @Test
  void a_socket_at_any_address_of_one_version_hears_nothing_of_the_other() {
    UdpSocket four = host.bind(ANY_4);

    assertThat(host.receive(FROM_6, US_6.withPort(53), "6")).isEqualTo(UdpReceive.NO_OWNER);
    UdpSocket six = host.bind(ANY_6);
    assertThat(host.receive(FROM_6, US_6.withPort(53), "6")).isEqualTo(UdpReceive.DELIVERED);
    assertThat(host.read(six)).isEqualTo("6");
    assertThat(host.read(four)).isEqualTo("-");
  }

  @Test
  void a_socket_at_any_address_hears_both_versions_but_only_for_addresses_of_ours() {
    UdpSocket any = bound(host.layer.bindAny(53));

    host.receive(FROM, US.withPort(53), "4");
    host.receive(FROM_6, US_6.withPort(53), "6");
    assertThat(host.receive(FROM, PEER.withPort(53), "x")).isEqualTo(UdpReceive.NO_OWNER);
    assertThat(host.receive(FROM, IpEndpoint.of4(-1, 53), "x")).isEqualTo(UdpReceive.NO_OWNER);

    assertThat(host.read(any)).isEqualTo("4");
    assertThat(host.read(any)).isEqualTo("6");
    any.close();
    assertThat(host.receive(FROM, US.withPort(53), "4")).isEqualTo(UdpReceive.NO_OWNER);
    assertThat(host.receive(FROM_6, US_6.withPort(53), "6")).isEqualTo(UdpReceive.NO_OWNER);
  }

  @Test
  void a_connected_socket_hears_its_remote_end_alone() {
    UdpSocket any = host.bind(ANY_4);
    UdpSocket connected = host.bind(US.withPort(53));
    host.receive(FROM.withPort(9), US.withPort(53), "before");

    assertThat(connected.connect(FROM)).isTrue();

    assertThat(host.read(connected)).isEqualTo("-");
    host.receive(FROM, US.withPort(53), "mine");
    host.receive(FROM.withPort(9), US.withPort(53), "other port");
    host.receive(US.withPort(4000), US.withPort(53), "other address");
    assertThat(host.read(connected)).isEqualTo("mine");
    assertThat(host.read(connected)).isEqualTo("-");
    assertThat(host.read(any)).isEqualTo("other port");
    assertThat(host.read(any)).isEqualTo("other address");
    connected.disconnect();
    assertThat(connected.remote()).isEmpty();
    host.receive(FROM.withPort(9), US.withPort(53), "again");
    assertThat(host.read(connected)).isEqualTo("again");
  }

  @Test
  void a_socket_at_any_address_gets_one_when_it_is_connected() {
    UdpSocket socket = bound(host.layer.bindAny(53));

    assertThat(socket.connect(FROM_6)).isTrue();

    assertThat(socket.local()).isEqualTo(US_6.withPort(53));
    assertThat(socket.remote()).contains(FROM_6);
    assertThat(host.receive(FROM, US.withPort(53), "4")).isEqualTo(UdpReceive.NO_OWNER);
    host.receive(FROM_6, US_6.withPort(53), "6");
    assertThat(host.read(socket)).isEqualTo("6");
    host.addresses.remove(true, 0, US.low());
    assertThat(socket.connect(FROM)).isFalse();
    assertThat(host.bind(ANY_4.withPort(54)).connect(FROM_6)).isFalse();
  }

  @Test
  void a_flow_may_be_opened_at_an_address_that_is_not_ours() {
    IpEndpoint foreign = IpEndpoint.of4(0x0808_0808, 53);
    ByteBuf first = host.packets.udp(FROM, foreign, (byte) 'x');
    assertThat(host.view.parse(first)).isEqualTo(PacketFault.NONE);
    assertThat(host.layer.receive(host.view, first)).isEqualTo(UdpReceive.NO_OWNER);

    UdpSocket flow = bound(host.layer.open(foreign, FROM));
    assertThat(host.layer.receive(flow, host.view, first)).isEqualTo(UdpReceive.DELIVERED);
    host.receive(FROM, foreign, "y");

    assertThat(host.layer.pollReadable()).isSameAs(flow);
    assertThat(host.read(flow)).isEqualTo("x");
    assertThat(host.read(flow)).isEqualTo("y");
    assertThat(flow.send(host.payload("z"), host.now)).isEqualTo(UdpSend.SENT);
    ByteBuf out = host.queue.poll();
    assertThat(out).isNotNull();
    assertThat(host.view.parse(out)).isEqualTo(PacketFault.NONE);
    assertThat(IpEndpoint.source(host.view)).isEqualTo(foreign);
    out.release();
    assertThat(refused(host.layer.open(foreign, FROM))).isEqualTo(UdpBind.Reason.ADDRESS_IN_USE);
    assertThat(flow.connect(FROM)).isTrue();
    assertThat(flow.connect(FROM.withPort(1))).isFalse();
    flow.disconnect();
    assertThat(flow.remote()).contains(FROM);
  }

  @Test
  void an_address_and_port_is_had_by_one_socket() {
    UdpSocket first = host.bind(US.withPort(53));

    assertThat(refused(host.layer.bind(US.withPort(53)))).isEqualTo(UdpBind.Reason.ADDRESS_IN_USE);
    assertThat(refused(host.layer.bind(PEER.withPort(53))))
        .isEqualTo(UdpBind.Reason.NOT_OUR_ADDRESS);
    host.bind(ANY_4);
    assertThat(refused(host.layer.bindAny(53))).isEqualTo(UdpBind.Reason.ADDRESS_IN_USE);
    host.bind(ANY_6);
    assertThat(refused(host.layer.bind(ANY_6))).isEqualTo(UdpBind.Reason.ADDRESS_IN_USE);
    first.connect(FROM);
    assertThat(refused(host.layer.bind(US.withPort(53)))).isEqualTo(UdpBind.Reason.ADDRESS_IN_USE);
    first.close();
    first.close();
    host.bind(US.withPort(53));
    assertThat(host.layer.sockets()).isEqualTo(3);
  }

  @Test
  void a_port_that_nobody_names_is_drawn_at_random_and_never_twice() {
    UdpFixture narrow = new UdpFixture(new UdpConfig(1000, 2048, 4096, 65_500, 64));
    Set<Integer> ports = new HashSet<>();
    boolean inOrder = true;
    int last = 0;
    for (int i = 0; i < 36; i++) {
      int port = narrow.bind(US).local().port();
      assertThat(port).isBetween(65_500, 65_535);
      assertThat(ports.add(port)).isTrue();
      inOrder &= port == last + 1 || i == 0;
      last = port;
    }
    assertThat(inOrder).isFalse();
    assertThat(refused(narrow.layer.bind(US_6))).isEqualTo(UdpBind.Reason.NO_FREE_PORT);
    narrow.end();
  }

  @Test
  void there_are_no_more_sockets_than_the_limit() {
    UdpFixture small = new UdpFixture(new UdpConfig(2, 2048, 4096, 40_000, 64));
    UdpSocket first = bound(small.layer.bindAny(0));
    small.bind(US);

    assertThat(refused(small.layer.bind(US))).isEqualTo(UdpBind.Reason.TOO_MANY_SOCKETS);
    assertThat(refused(small.layer.open(US.withPort(1), FROM)))
        .isEqualTo(UdpBind.Reason.TOO_MANY_SOCKETS);
    first.close();
    bound(small.layer.open(US.withPort(1), FROM));
    small.end();
  }

  @Test
  void the_owner_of_a_datagram_that_an_error_quotes_is_found() {
    UdpSocket bound = host.bind(ANY_4);
    UdpSocket connected = host.bind(US_6.withPort(60));
    connected.connect(FROM_6);

    assertThat(owns(US.withPort(53), FROM)).isTrue();
    assertThat(onError(UdpError.PORT_UNREACHABLE, US.withPort(53), FROM)).isFalse();
    assertThat(bound.pollError()).isNull();
    assertThat(host.layer.pollReadable()).isNull();
    assertThat(onError(UdpError.PORT_UNREACHABLE, US_6.withPort(60), FROM_6.withPort(7))).isFalse();
    assertThat(connected.pollError()).isNull();
    assertThat(owns(US_6.withPort(60), FROM_6.withPort(7))).isFalse();
    assertThat(owns(US_6.withPort(60), FROM_6)).isTrue();
    assertThat(connected.pollError()).isNull();

    assertThat(onError(UdpError.PORT_UNREACHABLE, US_6.withPort(60), FROM_6)).isTrue();

    assertThat(host.layer.pollReadable()).isSameAs(connected);
    assertThat(connected.pollError()).isEqualTo(UdpError.PORT_UNREACHABLE);
    assertThat(connected.pollError()).isNull();
  }

  private boolean owns(IpEndpoint local, IpEndpoint remote) {
    return host.layer.owns(
        local.ipv4(),
        local.high(),
        local.low(),
        local.port(),
        remote.high(),
        remote.low(),
        remote.port());
  }

  private boolean onError(UdpError error, IpEndpoint local, IpEndpoint remote) {
    return host.layer.onError(
        error,
        local.ipv4(),
        local.high(),
        local.low(),
        local.port(),
        remote.high(),
        remote.low(),
        remote.port());
  }

  @Test
  void sockets_with_something_to_read_are_listed_once_each_in_order() {
    UdpSocket first = host.bind(US.withPort(1));
    UdpSocket second = host.bind(US.withPort(2));
    UdpSocket third = host.bind(US.withPort(3));
    host.receive(FROM, US.withPort(2), "a");
    host.receive(FROM, US.withPort(1), "b");
    host.receive(FROM, US.withPort(2), "c");
    host.receive(FROM, US.withPort(3), "d");
    first.close();

    assertThat(host.layer.pollReadable()).isSameAs(second);
    assertThat(host.layer.pollReadable()).isSameAs(third);
    assertThat(host.layer.pollReadable()).isNull();
    host.receive(FROM, US.withPort(2), "e");
    assertThat(host.layer.pollReadable()).isSameAs(second);
    assertThat(host.read(second)).isEqualTo("a");
    assertThat(host.read(second)).isEqualTo("c");
    assertThat(host.read(second)).isEqualTo("e");
    assertThat(host.read(third)).isEqualTo("d");
    host.receive(FROM, US.withPort(3), "f");
    assertThat(host.layer.pollReadable()).isSameAs(third);
  }

  @Test
  void a_view_of_a_packet_is_not_changed_when_nobody_wants_it() {
    ByteBuf packet = host.packets.udp(FROM, US.withPort(53), (byte) 1);
    IpPacket view = new IpPacket();
    assertThat(view.parse(packet)).isEqualTo(PacketFault.NONE);

    assertThat(host.layer.receive(view, packet)).isEqualTo(UdpReceive.NO_OWNER);

    assertThat(packet.readableBytes()).isEqualTo(29);
    packet.release();
  }

  @Test
  void impossible_limits_are_refused_by_name() {
    assertThatThrownBy(() -> new UdpConfig(0, 2048, 4096, 40_000, 64))
        .hasMessageContaining("udp.max_sockets is 0");
    assertThatThrownBy(() -> new UdpConfig(1, 2048, 2047, 40_000, 64))
        .hasMessageContaining("udp.max_receive_bytes is 2047");
    assertThatThrownBy(() -> new UdpConfig(1, 2048, 4096, 1023, 64))
        .hasMessageContaining("udp.first_ephemeral_port is 1023");
    assertThatThrownBy(() -> new UdpConfig(1, 2048, 4096, 40_000, 0))
        .hasMessageContaining("udp.hop_limit is 0");
  }
}
