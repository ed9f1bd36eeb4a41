package io.penstock.protocol.netstack.udp;

import static io.penstock.protocol.netstack.udp.UdpFixture.PEER;
import static io.penstock.protocol.netstack.udp.UdpFixture.PEER_6;
import static io.penstock.protocol.netstack.udp.UdpFixture.US;
import static io.penstock.protocol.netstack.udp.UdpFixture.US_6;
import static io.penstock.protocol.netstack.udp.UdpFixture.bound;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.penstock.protocol.netstack.StackPackets;
import io.penstock.protocol.netstack.ip.Reassembly;
import io.penstock.protocol.netstack.ip.ReassemblyConfig;
import io.penstock.protocol.netstack.wire.InternetChecksum;
import io.penstock.protocol.netstack.wire.IpEndpoint;
import io.penstock.protocol.netstack.wire.IpProtocol;
import io.penstock.protocol.netstack.wire.Ipv4Header;
import io.penstock.protocol.netstack.wire.PacketFault;
import io.penstock.protocol.netstack.wire.UdpHeader;
import io.penstock.testkit.SeededRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// What a datagram looks like, and what waits in a socket.
class UdpSocketTest {

  private static final IpEndpoint TO = PEER.withPort(53);
  private static final IpEndpoint TO_6 = PEER_6.withPort(53);

  private final UdpFixture host = new UdpFixture(UdpConfig.DEFAULTS);

  @AfterEach
  void nothing_is_held() {
    host.end();
  }

  private ByteBuf sent() {
    ByteBuf packet = host.queue.poll();
    assertThat(packet).isNotNull();
    assertThat(host.view.parse(packet)).isEqualTo(PacketFault.NONE);
    return packet;
  }

  private static byte[] data(int length) {
    return new SeededRandom(length).bytes(length);
  }

  private ByteBuf buffer(byte[] bytes) {
    return host.allocator.directBuffer(Math.max(1, bytes.length)).writeBytes(bytes);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3, 777, 1452})
  void a_datagram_is_the_packet_that_another_host_would_send(int length) {
    byte[] data = data(length);
    UdpSocket four = host.bind(US.withPort(7));
    UdpSocket six = host.bind(US_6.withPort(7));

    assertThat(four.send(buffer(data), TO, host.now)).isEqualTo(UdpSend.SENT);
    assertThat(six.send(buffer(data), TO_6, host.now)).isEqualTo(UdpSend.SENT);

    ByteBuf expected = host.packets.udp(US.withPort(7), TO, data);
    Ipv4Header.rewrite(expected, 0, 28 + length, 0, Ipv4Header.DONT_FRAGMENT);
    ByteBuf packet = sent();
    assertThat(packet.readerIndex()).isEqualTo(16);
    assertThat(ByteBufUtil.hexDump(packet)).isEqualTo(ByteBufUtil.hexDump(expected));
    packet.release();
    expected.release();
    expected = host.packets.udp(US_6.withPort(7), TO_6, data);
    packet = sent();
    assertThat(ByteBufUtil.hexDump(packet)).isEqualTo(ByteBufUtil.hexDump(expected));
    packet.release();
    expected.release();
    assertThat(host.layer.count(UdpSend.SENT)).isEqualTo(2);
  }

  @ParameterizedTest
  @CsvSource({"true, 65507", "true, 1473", "false, 65527", "false, 1453"})
  void a_datagram_longer_than_the_path_leaves_in_fragments(boolean ipv4, int length) {
    byte[] data = data(length);
    UdpSocket socket = bound(host.layer.bindAny(7));
    Reassembly reassembly = new Reassembly(host.allocator, ReassemblyConfig.DEFAULTS, 1);

    assertThat(socket.send(buffer(data), ipv4 ? TO : TO_6, host.now)).isEqualTo(UdpSend.SENT);

    ByteBuf whole = null;
    while (!host.queue.isEmpty()) {
      ByteBuf fragment = sent();
      assertThat(fragment.readableBytes()).isLessThanOrEqualTo(1500);
      whole = reassembly.receive(host.view, fragment, host.now);
    }
    assertThat(whole).isNotNull();
    assertThat(host.view.parse(whole)).isEqualTo(PacketFault.NONE);
    int at = host.view.transportAt();
    assertThat(UdpHeader.length(whole, at)).isEqualTo(8 + length);
    assertThat(ByteBufUtil.getBytes(whole, at + 8, length)).isEqualTo(data);
    IpEndpoint us = ipv4 ? US : US_6;
    long pseudo = StackPackets.pseudoHeader(us, ipv4 ? TO : TO_6, IpProtocol.UDP, 8 + length);
    assertThat(InternetChecksum.finish(InternetChecksum.add(pseudo, whole, at, 8 + length)))
        .isZero();
    whole.release();
  }

  @Test
  void a_narrower_path_is_respected() {
    UdpSocket socket = host.bind(US.withPort(7));
    host.paths.learn(true, 0, PEER.low(), 1400, host.now);

    socket.send(buffer(data(1372)), TO, host.now);
    socket.send(buffer(data(1373)), TO, host.now);

    assertThat(host.queue.size()).isEqualTo(3);
    ByteBuf whole = sent();
    assertThat(Ipv4Header.dontFragment(whole, whole.readerIndex())).isTrue();
    whole.release();
    ByteBuf fragment = sent();
    assertThat(host.view.isFragment()).isTrue();
    assertThat(Ipv4Header.dontFragment(fragment, fragment.readerIndex())).isFalse();
    fragment.release();
  }

  @Test
  void what_cannot_be_sent_says_why_and_is_released() {
    UdpSocket four = host.bind(US.withPort(7));
    UdpSocket any = bound(host.layer.bindAny(8));

    assertThat(four.send(buffer(data(65_508)), TO, host.now)).isEqualTo(UdpSend.TOO_LONG);
    assertThat(any.send(buffer(data(65_528)), TO_6, host.now)).isEqualTo(UdpSend.TOO_LONG);
    assertThat(four.send(host.payload("x"), TO_6, host.now)).isEqualTo(UdpSend.NO_ROUTE);
    assertThat(four.send(host.payload("x"), PEER, host.now)).isEqualTo(UdpSend.NO_ROUTE);
    assertThat(four.send(host.payload("x"), IpEndpoint.of4(0, 1), host.now))
        .isEqualTo(UdpSend.NO_ROUTE);
    assertThatThrownBy(() -> four.send(host.payload("x"), host.now))
        .isInstanceOf(IllegalStateException.class);
    host.addresses.remove(false, US_6.high(), US_6.low());
    assertThat(any.send(host.payload("x"), TO_6, host.now)).isEqualTo(UdpSend.NO_ROUTE);
    host.queue.close();
    assertThat(four.send(host.payload("x"), TO, host.now)).isEqualTo(UdpSend.QUEUE_FULL);
    four.close();
    assertThat(four.send(host.payload("x"), TO, host.now)).isEqualTo(UdpSend.CLOSED);
    assertThat(four.connect(TO)).isFalse();

    assertThat(host.memoryBytes()).isZero();
  }

  @Test
  void a_reply_comes_from_the_address_that_was_asked() {
    host.addresses.add(true, 0, US.low() + 5, 16);
    UdpSocket any = bound(host.layer.bindAny(53));
    IpEndpoint asked = IpEndpoint.of4((int) US.low() + 5, 53);
    host.receive(TO, asked, "?");
    assertThat(host.read(any)).isEqualTo("?");

    assertThat(any.reply(host.payload("!"), host.datagram, host.now)).isEqualTo(UdpSend.SENT);

    ByteBuf packet = sent();
    assertThat(IpEndpoint.source(host.view)).isEqualTo(asked);
    assertThat(IpEndpoint.destination(host.view)).isEqualTo(TO);
    packet.release();
    any.close();
    assertThat(any.reply(host.payload("!"), host.datagram, host.now)).isEqualTo(UdpSend.CLOSED);
  }

  @Test
  void a_wrong_checksum_is_dropped_and_only_ipv4_may_have_none() {
    UdpSocket any = bound(host.layer.bindAny(53));
    ByteBuf wrong4 = host.packets.udp(TO, US.withPort(53), data(9));
    wrong4.setByte(30, wrong4.getByte(30) ^ 1);
    ByteBuf wrong6 = host.packets.udp(TO_6, US_6.withPort(53), data(9));
    wrong6.setByte(50, wrong6.getByte(50) ^ 1);
    ByteBuf none4 = host.packets.udp(TO, US.withPort(53), (byte) 'a');
    none4.setShort(26, 0);
    ByteBuf none6 = host.packets.udp(TO_6, US_6.withPort(53), data(9));
    none6.setShort(46, 0);

    assertThat(host.receive(wrong4)).isEqualTo(UdpReceive.BAD_CHECKSUM);
    assertThat(host.receive(wrong6)).isEqualTo(UdpReceive.BAD_CHECKSUM);
    assertThat(host.receive(none4)).isEqualTo(UdpReceive.DELIVERED);
    assertThat(host.receive(none6)).isEqualTo(UdpReceive.NO_CHECKSUM);

    assertThat(host.read(any)).isEqualTo("a");
    assertThat(host.read(any)).isEqualTo("-");
    assertThat(host.layer.count(UdpReceive.BAD_CHECKSUM)).isEqualTo(2);
    assertThat(host.layer.count(UdpReceive.NO_CHECKSUM)).isEqualTo(1);
  }

  @Test
  void what_lies_behind_the_datagram_is_not_read() {
    UdpSocket socket = host.bind(US.withPort(53));
    ByteBuf datagram = host.packets.udp(TO, US.withPort(53), (byte) 'a');
    ByteBuf longer = host.allocator.directBuffer(40).writeBytes(datagram).writeZero(3);
    Ipv4Header.rewrite(longer, 0, 32, 0, 0);
    datagram.release();

    assertThat(host.receive(longer)).isEqualTo(UdpReceive.DELIVERED);

    assertThat(host.read(socket)).isEqualTo("a");
  }

  @Test
  void the_newest_is_dropped_when_too_many_wait() {
    UdpFixture small = new UdpFixture(new UdpConfig(10, 4096, 10_000, 40_000, 64));
    UdpSocket first = small.bind(US.withPort(1));
    UdpSocket second = small.bind(US.withPort(2));
    UdpSocket third = small.bind(US.withPort(3));
    byte[] kibibyte = data(996);

    for (UdpSocket socket : new UdpSocket[] {first, second, third}) {
      for (int i = 0; i < 5; i++) {
        small.receive(small.packets.udp(TO, socket.local(), kibibyte));
        assertThat(small.memoryBytes()).isLessThanOrEqualTo(10_000);
        assertThat(socket.heldBytes()).isLessThanOrEqualTo(4096);
      }
    }

    assertThat(first.waitingDatagrams()).isEqualTo(3);
    assertThat(first.droppedDatagrams()).isEqualTo(2);
    assertThat(small.layer.count(UdpReceive.SOCKET_FULL)).isEqualTo(6);
    assertThat(third.waitingDatagrams()).isEqualTo(3);
    assertThat(small.layer.heldBytes()).isEqualTo(9 * (1024 + 64));
    small.end();
  }

  @Test
  void all_sockets_together_hold_no_more_than_their_limit() {
    UdpFixture small = new UdpFixture(new UdpConfig(10, 4096, 4096, 40_000, 64));
    UdpSocket first = small.bind(US.withPort(1));
    UdpSocket second = small.bind(US.withPort(2));
    small.receive(small.packets.udp(TO, first.local(), data(1972)));
    small.receive(small.packets.udp(TO, first.local(), data(996)));

    assertThat(small.receive(small.packets.udp(TO, second.local(), data(996))))
        .isEqualTo(UdpReceive.ALL_FULL);

    first.close();
    assertThat(small.receive(small.packets.udp(TO, second.local(), data(996))))
        .isEqualTo(UdpReceive.DELIVERED);
    small.end();
  }

  @Test
  void a_short_datagram_does_not_keep_a_long_buffer() {
    UdpSocket socket = host.bind(US.withPort(53));
    ByteBuf large = host.allocator.directBuffer(60_000, 60_000);
    ByteBuf datagram = host.packets.udp(TO, US.withPort(53), (byte) 'a');
    large.writeBytes(datagram);
    datagram.release();

    host.receive(large);

    assertThat(host.memoryBytes()).isLessThan(100);
    assertThat(socket.heldBytes()).isLessThan(200);
    assertThat(host.read(socket)).isEqualTo("a");
    assertThat(socket.heldBytes()).isZero();
  }

  @Test
  void many_datagrams_keep_their_order_and_senders() {
    UdpSocket socket = bound(host.layer.bindAny(53));
    int next = 0;
    for (int i = 0; i < 200; i++) {
      host.receive(
          i % 2 == 0 ? TO.withPort(i + 1) : TO_6.withPort(i + 1),
          i % 2 == 0 ? US.withPort(53) : US_6.withPort(53),
          "n" + i);
      if (i % 3 == 0) {
        next = readNext(socket, next);
      }
    }
    while (socket.waitingDatagrams() > 0) {
      next = readNext(socket, next);
    }
    assertThat(next).isEqualTo(200);
  }

  private int readNext(UdpSocket socket, int next) {
    assertThat(host.read(socket)).isEqualTo("n" + next);
    assertThat(host.datagram.source()).isEqualTo((next % 2 == 0 ? TO : TO_6).withPort(next + 1));
    return next + 1;
  }
}
