package io.penstock.protocol.netstack.ip;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.penstock.protocol.netstack.StackPackets;
import io.penstock.protocol.netstack.wire.IpEndpoint;
import io.penstock.protocol.netstack.wire.IpPacket;
import io.penstock.protocol.netstack.wire.Ipv4Header;
import io.penstock.protocol.netstack.wire.PacketFault;
import io.penstock.testkit.SeededRandom;
import io.penstock.testkit.Seeds;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class FragmenterTest {

  private final UnpooledByteBufAllocator allocator = new UnpooledByteBufAllocator(true, true);
  private final StackPackets packets = new StackPackets(allocator);
  private final OutputQueue queue = new OutputQueue(allocator, 12, 1_000_000);
  private final Fragmenter fragmenter = new Fragmenter(queue, new Random(1));
  private final IpPacket view = new IpPacket();

  @AfterEach
  void nothing_is_held() {
    queue.close();
    assertThat(allocator.metric().usedDirectMemory()).isZero();
  }

  @Test
  void fragments_fit_the_mtu_and_become_the_packet_again() {
    Seeds.forEach(
        100,
        seed -> {
          SeededRandom random = new SeededRandom(seed);
          boolean ipv4 = random.percent(50);
          int mtu = ipv4 ? random.between(68, 1600) : random.between(1280, 1600);
          ByteBuf packet = packet(ipv4, random.bytes(random.magnitude(mtu, 60_000)));
          byte[] whole = ByteBufUtil.getBytes(packet);
          Reassembly reassembly =
              new Reassembly(
                  allocator,
                  ReassemblyConfig.DEFAULTS.withLimits(4, 4_000_000, 4_000_000, 8192),
                  seed);

          assertThat(fragmenter.send(packet, mtu)).isTrue();

          List<ByteBuf> all = new ArrayList<>();
          for (ByteBuf next = queue.poll(); next != null; next = queue.poll()) {
            assertThat(next.readableBytes()).isLessThanOrEqualTo(mtu);
            assertThat(next.readerIndex()).isEqualTo(12);
            all.add(next);
          }
          assertThat(all).hasSizeGreaterThan(1);
          ByteBuf again = null;
          for (ByteBuf fragment : all) {
            assertThat(view.parse(fragment)).isEqualTo(PacketFault.NONE);
            assertThat(view.isFragment()).isTrue();
            assertThat(again).isNull();
            again = reassembly.receive(view, fragment, 0);
          }
          assertThat(again).isNotNull();
          assertThat(view.parse(again)).isEqualTo(PacketFault.NONE);
          if (ipv4) {
            Ipv4Header.rewrite(again, 0, again.readableBytes(), 0, 0);
          }
          assertThat(ByteBufUtil.getBytes(again)).isEqualTo(whole);
          again.release();
        });
  }

  private ByteBuf packet(boolean ipv4, byte[] data) {
    return ipv4
        ? packets.udp(StackPackets.US_4.withPort(7), StackPackets.PEER_4.withPort(8), data)
        : packets.udp(StackPackets.US_6.withPort(7), StackPackets.PEER_6.withPort(8), data);
  }

  @Test
  void a_packet_that_must_not_be_cut_is_dropped() {
    ByteBuf packet = packet(true, new byte[2000]);
    Ipv4Header.rewrite(packet, 0, packet.readableBytes(), 0, Ipv4Header.DONT_FRAGMENT);

    assertThat(fragmenter.send(packet, 1500)).isFalse();

    assertThat(queue.isEmpty()).isTrue();
    assertThat(fragmenter.refusedPackets()).isEqualTo(1);
    assertThat(fragmenter.fragmentedPackets()).isZero();
  }

  @Test
  void a_packet_is_not_begun_when_the_queue_has_no_room_for_all_of_it() {
    OutputQueue small = new OutputQueue(allocator, 0, 10_000);
    Fragmenter cutter = new Fragmenter(small, new Random(1));

    assertThat(cutter.send(packet(true, new byte[20_000]), 1500)).isFalse();

    assertThat(small.isEmpty()).isTrue();
    assertThat(cutter.refusedPackets()).isEqualTo(1);
  }

  @Test
  void numbers_do_not_come_again_soon_and_say_nothing_about_other_destinations() {
    Set<Integer> toOne = new HashSet<>();
    Set<Integer> distances = new HashSet<>();
    for (int i = 0; i < 1000; i++) {
      int one = idTo(StackPackets.PEER_4);
      assertThat(toOne.add(one)).isTrue();
      distances.add(one - idTo(IpEndpoint.of4(0x0b00_0000 + i * 77, 0)));
    }
    assertThat(distances).hasSizeGreaterThan(950);
  }

  private int idTo(IpEndpoint destination) {
    ByteBuf packet = packets.udp(StackPackets.US_4, destination, new byte[100]);
    assertThat(fragmenter.send(packet, 68)).isTrue();
    int id = -1;
    for (ByteBuf next = queue.poll(); next != null; next = queue.poll()) {
      assertThat(id).isIn(-1, Ipv4Header.identification(next, next.readerIndex()));
      id = Ipv4Header.identification(next, next.readerIndex());
      next.release();
    }
    return id;
  }

  @Test
  void a_sender_cuts_only_what_does_not_fit() {
    PacketSender sender = new PacketSender(queue, fragmenter, new PathMtuTable(1400, 1));
    int mtu = sender.mtu(true, 0, StackPackets.PEER_4.low(), 0);

    assertThat(sender.send(packet(true, new byte[1372]), mtu)).isTrue();
    assertThat(queue.size()).isEqualTo(1);
    assertThat(sender.send(packet(true, new byte[1373]), mtu)).isTrue();
    assertThat(queue.size()).isEqualTo(3);
    ByteBuf empty = sender.allocate(5);
    assertThat(empty.readerIndex()).isEqualTo(12);
    empty.release();
  }
}
