package io.penstock.protocol.netstack.ip;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.penstock.protocol.Deadlines;
import io.penstock.protocol.netstack.StackPackets;
import io.penstock.protocol.netstack.Vectors;
import io.penstock.protocol.netstack.wire.IpPacket;
import io.penstock.protocol.netstack.wire.IpProtocol;
import io.penstock.protocol.netstack.wire.Ipv4Header;
import io.penstock.protocol.netstack.wire.Ipv6Header;
import io.penstock.protocol.netstack.wire.PacketFault;
import io.penstock.testkit.SeededRandom;
import io.penstock.testkit.Seeds;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ReassemblyTest {

  private static final long SECOND = 1_000_000_000L;

  private final UnpooledByteBufAllocator allocator = new UnpooledByteBufAllocator(true);
  private final StackPackets packets = new StackPackets(allocator);
  private final IpPacket view = new IpPacket();
  private Reassembly reassembly = new Reassembly(allocator, ReassemblyConfig.DEFAULTS, 7);
  private long now = Long.MAX_VALUE - 10 * SECOND;

  @AfterEach
  void nothing_is_held() {
    reassembly.close();
    assertThat(reassembly.heldBytes()).isZero();
    assertThat(reassembly.nextDeadlineNanos()).isEqualTo(Deadlines.NONE);
    assertThat(allocator.metric().usedDirectMemory()).isZero();
  }

  private @Nullable ByteBuf receive(ByteBuf packet) {
    assertThat(view.parse(packet)).isEqualTo(PacketFault.NONE);
    return reassembly.receive(view, packet, now);
  }

  private void incomplete(ByteBuf packet) {
    assertThat(receive(packet)).isNull();
  }

  private static byte[] data(int length, int first) {
    byte[] bytes = new byte[length];
    for (int i = 0; i < length; i++) {
      bytes[i] = (byte) (first + i);
    }
    return bytes;
  }

  private ByteBuf part(boolean ipv4, int id, int offset, boolean more, int length) {
    return packets.fragment(ipv4, id, 253, offset, more, data(length, offset));
  }

  private void completes(ByteBuf packet, int total) {
    ByteBuf whole = receive(packet);
    assertThat(whole).isNotNull();
    assertThat(view.parse(whole)).isEqualTo(PacketFault.NONE);
    assertThat(view.isFragment()).isFalse();
    assertThat(view.fragmentHeaderAt()).isEqualTo(-1);
    assertThat(view.protocol()).isEqualTo(253);
    assertThat(ByteBufUtil.getBytes(whole, view.transportAt(), view.transportBytes()))
        .isEqualTo(data(total, 0));
    whole.release();
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void a_packet_comes_together_in_any_order(boolean ipv4) {
    List<Integer> order = new ArrayList<>(List.of(0, 1, 2, 3, 4));
    Random random = new Random(5);
    for (int round = 0; round < 30; round++) {
      Collections.shuffle(order, random);
      for (int i : order.subList(0, 4)) {
        incomplete(part(ipv4, round, i * 16, i < 4, i < 4 ? 16 : 5));
      }
      int last = order.getLast();
      completes(part(ipv4, round, last * 16, last < 4, last < 4 ? 16 : 5), 69);
    }
    assertThat(reassembly.completed()).isEqualTo(30);
    assertThat(reassembly.size()).isZero();
    assertThat(reassembly.nextDeadlineNanos()).isEqualTo(Deadlines.NONE);
  }

  @ParameterizedTest
  @ValueSource(strings = {"4", "6"})
  void the_fragments_of_the_kernel_come_together(String version) {
    incomplete(copy(Vectors.kernelPacket("udp_fragments_" + version + "_0")));
    ByteBuf whole = receive(copy(Vectors.kernelPacket("udp_fragments_" + version + "_1")));
    assertThat(whole).isNotNull();
    assertThat(view.parse(whole)).isEqualTo(PacketFault.NONE);
    assertThat(view.protocol()).isEqualTo(IpProtocol.UDP);
    assertThat(view.destinationPort()).isPositive();
    whole.release();
  }

  private ByteBuf copy(ByteBuf packet) {
    return allocator.directBuffer(packet.readableBytes()).writeBytes(packet);
  }

  @Test
  void packets_of_other_numbers_protocols_and_versions_do_not_mix() {
    incomplete(part(true, 1, 0, true, 8));
    incomplete(part(true, 2, 8, false, 8));
    incomplete(part(false, 1, 8, false, 8));
    incomplete(packets.fragment(true, 1, 254, 8, false, data(8, 8)));
    assertThat(reassembly.size()).isEqualTo(4);

    completes(part(true, 1, 8, false, 8), 16);

    assertThat(reassembly.size()).isEqualTo(3);
  }

  @Test
  void the_whole_has_the_options_of_the_first_fragment_and_its_own_checksum() {
    ByteBuf first = allocator.directBuffer(64);
    Ipv4Header.write(first, 0, 32, 9, Ipv4Header.MORE_FRAGMENTS, 64, 253, 1 << 27, 5);
    first.setByte(0, 0x46);
    first.writeByte(1).writeByte(1).writeByte(1).writeByte(0);
    Ipv4Header.rewrite(first, 0, 32, 9, Ipv4Header.MORE_FRAGMENTS);
    first.writeBytes(data(8, 0));
    incomplete(first);
    ByteBuf second = allocator.directBuffer(64);
    Ipv4Header.write(second, 0, 24, 9, 1, 64, 253, 1 << 27, 5);
    ByteBuf whole = receive(second.writeBytes(data(4, 8)));

    assertThat(whole).isNotNull();
    assertThat(view.parse(whole)).isEqualTo(PacketFault.NONE);
    assertThat(view.transportAt()).isEqualTo(24);
    assertThat(view.transportBytes()).isEqualTo(12);
    assertThat(Ipv4Header.flagsAndOffset(whole, 0)).isZero();
    whole.release();
  }

  @Test
  void headers_before_the_fragment_header_stay_and_those_behind_it_are_data() {
    ByteBuf before = allocator.directBuffer(200);
    Ipv6Header.write(before, 0, 0, 8 + 8 + 16, IpProtocol.DESTINATION_OPTIONS, 64, 1, 2, 3, 4);
    before.writeByte(IpProtocol.FRAGMENT).writeByte(0).writeByte(1).writeByte(4).writeZero(4);
    before.writeByte(IpProtocol.DESTINATION_OPTIONS).writeByte(0).writeShort(1).writeInt(99);
    before.writeByte(253).writeByte(0).writeByte(1).writeByte(4).writeZero(4);
    before.writeBytes(data(8, 0));
    incomplete(before);
    ByteBuf last = allocator.directBuffer(200);
    Ipv6Header.write(last, 0, 0, 8 + 3, IpProtocol.FRAGMENT, 64, 1, 2, 3, 4);
    last.writeByte(IpProtocol.DESTINATION_OPTIONS).writeByte(0).writeShort(16).writeInt(99);
    ByteBuf whole = receive(last.writeBytes(data(3, 8)));

    assertThat(whole).isNotNull();
    assertThat(view.parse(whole)).isEqualTo(PacketFault.NONE);
    assertThat(view.fragmentHeaderAt()).isEqualTo(-1);
    assertThat(view.transportAt()).isEqualTo(40 + 8 + 8);
    assertThat(view.protocol()).isEqualTo(253);
    assertThat(ByteBufUtil.getBytes(whole, view.transportAt(), view.transportBytes()))
        .isEqualTo(data(11, 0));
    whole.release();
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void the_same_fragment_twice_is_ignored(boolean ipv4) {
    incomplete(part(ipv4, 1, 0, true, 8));
    incomplete(part(ipv4, 1, 0, true, 8));
    incomplete(part(ipv4, 1, 16, false, 8));
    incomplete(part(ipv4, 1, 16, false, 8));
    assertThat(reassembly.count(ReassemblyFault.DUPLICATE)).isEqualTo(2);

    completes(part(ipv4, 1, 8, true, 8), 24);
  }

  @ParameterizedTest
  @CsvSource({"0, 24", "8, 32", "16, 8", "24, 8", "8, 8", "24, 16", "0, 40"})
  void an_overlap_drops_the_packet_until_its_time_is_over(int offset, int length) {
    for (boolean ipv4 : new boolean[] {true, false}) {
      incomplete(part(ipv4, 1, 0, true, 8));
      incomplete(part(ipv4, 1, 8, true, 24));

      incomplete(part(ipv4, 1, offset, true, length));

      assertThat(reassembly.heldBytes()).isZero();
      incomplete(part(ipv4, 1, 32, false, 8));
      incomplete(part(ipv4, 1, 0, true, 8));
      incomplete(part(ipv4, 1, 8, true, 24));
      assertThat(reassembly.size()).isEqualTo(1);
      now += 60 * SECOND;
      assertThat(reassembly.expire(now)).isNull();
      assertThat(reassembly.size()).isZero();
    }
    assertThat(reassembly.count(ReassemblyFault.OVERLAP)).isEqualTo(2);
    assertThat(reassembly.count(ReassemblyFault.OF_DROPPED_PACKET)).isEqualTo(6);
    assertThat(reassembly.count(ReassemblyFault.TIMED_OUT)).isZero();
    assertThat(reassembly.completed()).isZero();
  }

  @Test
  void fragments_that_contradict_each_other_about_the_end_drop_the_packet() {
    incomplete(part(true, 1, 16, false, 8));
    incomplete(part(true, 1, 24, true, 8));
    incomplete(part(true, 2, 16, false, 8));
    incomplete(part(true, 2, 8, false, 8));
    incomplete(part(true, 3, 16, true, 8));
    incomplete(part(true, 3, 8, false, 8));
    incomplete(part(true, 4, 16, false, 8));
    incomplete(part(true, 4, 16, true, 8));
    incomplete(part(true, 5, 16, true, 8));
    incomplete(part(true, 5, 16, false, 8));
    incomplete(part(true, 6, 16, false, 8));
    incomplete(part(true, 6, 32, false, 8));

    assertThat(reassembly.count(ReassemblyFault.CONTRADICTS_LENGTH)).isEqualTo(6);
    assertThat(reassembly.heldBytes()).isZero();
  }

  @Test
  void the_first_fragment_is_handed_out_when_the_time_is_over() {
    incomplete(part(true, 1, 0, true, 8));
    now += 10 * SECOND;
    incomplete(part(true, 2, 8, true, 8));
    incomplete(part(false, 3, 0, true, 16));
    assertThat(reassembly.nextDeadlineNanos() - now).isEqualTo(20 * SECOND);
    assertThat(reassembly.expire(now + 20 * SECOND - 1)).isNull();
    assertThat(reassembly.size()).isEqualTo(3);

    now += 20 * SECOND;
    ByteBuf first = reassembly.expire(now);
    assertThat(first).isNotNull();
    assertThat(view.parse(first)).isEqualTo(PacketFault.NONE);
    assertThat(view.hasTransport()).isTrue();
    assertThat(view.fragmentId()).isEqualTo(1);
    first.release();
    assertThat(reassembly.expire(now)).isNull();

    assertThat(reassembly.nextDeadlineNanos() - now).isEqualTo(10 * SECOND);
    now += 10 * SECOND;
    assertThat(reassembly.expire(now)).isNull();
    assertThat(reassembly.nextDeadlineNanos() - now).isEqualTo(30 * SECOND);
    now += 30 * SECOND;
    first = reassembly.expire(now);
    assertThat(first).isNotNull();
    first.release();
    assertThat(reassembly.expire(now)).isNull();
    assertThat(reassembly.size()).isZero();
    assertThat(reassembly.count(ReassemblyFault.TIMED_OUT)).isEqualTo(3);
    assertThat(reassembly.nextDeadlineNanos()).isEqualTo(Deadlines.NONE);
  }

  @Test
  void the_oldest_packet_goes_when_there_are_too_many() {
    reassembly =
        new Reassembly(allocator, ReassemblyConfig.DEFAULTS.withLimits(3, 100_000, 100_000, 16), 1);
    for (int id = 1; id <= 4; id++) {
      incomplete(part(true, id, 0, true, 8));
    }

    assertThat(reassembly.count(ReassemblyFault.EVICTED)).isEqualTo(1);
    assertThat(reassembly.size()).isEqualTo(3);
    completes(part(true, 4, 8, false, 8), 16);
    completes(part(true, 2, 8, false, 8), 16);
    incomplete(part(true, 1, 8, false, 8));
  }

  @Test
  void the_oldest_packet_goes_when_all_hold_too_much_memory() {
    reassembly =
        new Reassembly(allocator, ReassemblyConfig.DEFAULTS.withLimits(100, 8192, 8192, 16), 1);
    for (int id = 1; id <= 20; id++) {
      incomplete(part(true, id, 0, true, 1000));
      assertThat(reassembly.heldBytes()).isLessThanOrEqualTo(8192);
      assertThat(allocator.metric().usedDirectMemory()).isLessThanOrEqualTo(8192);
    }

    assertThat(reassembly.count(ReassemblyFault.EVICTED)).isEqualTo(13);
    completes(part(true, 20, 1000, false, 8), 1008);
    completes(part(true, 14, 1000, false, 8), 1008);
  }

  @Test
  void a_packet_that_holds_too_much_or_is_cut_too_often_is_dropped() {
    reassembly =
        new Reassembly(allocator, ReassemblyConfig.DEFAULTS.withLimits(9, 100_000, 4096, 4), 1);
    for (int i = 0; i < 4; i++) {
      incomplete(part(true, 1, 1000 * i, true, 1000));
    }
    assertThat(reassembly.count(ReassemblyFault.TOO_MANY_BYTES)).isEqualTo(1);
    for (int i = 0; i < 5; i++) {
      incomplete(part(true, 2, 8 * i, true, 8));
    }
    assertThat(reassembly.count(ReassemblyFault.TOO_MANY_FRAGMENTS)).isEqualTo(1);
    assertThat(reassembly.heldBytes()).isZero();
  }

  @Test
  void a_short_fragment_does_not_keep_a_long_buffer() {
    ByteBuf large = allocator.directBuffer(60_000, 60_000);
    ByteBuf fragment = part(true, 1, 0, true, 8);
    large.writeBytes(fragment);
    fragment.release();

    incomplete(large);

    assertThat(allocator.metric().usedDirectMemory()).isLessThan(100);
    assertThat(reassembly.heldBytes()).isLessThan(200);
    completes(part(true, 1, 8, false, 4), 12);
  }

  @Test
  void a_packet_of_the_greatest_length_comes_together_and_a_longer_one_does_not() {
    for (int at = 0; at < 64_000; at += 1000) {
      incomplete(part(true, 1, at, true, 1000));
      incomplete(part(false, 2, at, true, 1000));
    }
    completes(part(true, 1, 64_000, false, 1515), 65_515);
    completes(part(false, 2, 64_000, false, 1535), 65_535);

    ByteBuf first = allocator.directBuffer(64);
    Ipv4Header.write(first, 0, 32, 3, 0, 64, 253, 0x0a40_0002, 0x0a40_0001);
    first.setByte(0, 0x46);
    first.writeZero(4);
    Ipv4Header.rewrite(first, 0, 32, 3, Ipv4Header.MORE_FRAGMENTS);
    incomplete(first.writeBytes(data(8, 0)));
    incomplete(part(true, 3, 8, true, 64_000));
    incomplete(part(true, 3, 64_008, false, 1507));
    assertThat(reassembly.count(ReassemblyFault.TOO_LONG)).isEqualTo(1);
    assertThat(reassembly.size()).isZero();
  }

  @Test
  void a_mark_of_congestion_on_any_fragment_is_passed_on() {
    for (boolean ipv4 : new boolean[] {true, false}) {
      incomplete(withEcn(part(ipv4, 1, 0, true, 8), ipv4, 2));
      ByteBuf whole = receive(withEcn(part(ipv4, 1, 8, false, 8), ipv4, 3));
      assertThat(whole).isNotNull();
      int trafficClass =
          ipv4 ? Ipv4Header.trafficClass(whole, 0) : Ipv6Header.trafficClass(whole, 0);
      assertThat(trafficClass & 3).isEqualTo(3);
      assertThat(view.parse(whole)).isEqualTo(PacketFault.NONE);
      whole.release();

      incomplete(part(ipv4, 2, 0, true, 8));
      incomplete(withEcn(part(ipv4, 2, 8, false, 8), ipv4, 3));
    }
    assertThat(reassembly.count(ReassemblyFault.BAD_CONGESTION_MARK)).isEqualTo(2);
  }

  private static ByteBuf withEcn(ByteBuf packet, boolean ipv4, int bits) {
    if (ipv4) {
      packet.setByte(1, bits);
      Ipv4Header.rewrite(
          packet,
          0,
          packet.readableBytes(),
          Ipv4Header.identification(packet, 0),
          Ipv4Header.flagsAndOffset(packet, 0));
    } else {
      packet.setByte(1, bits << 4);
    }
    return packet;
  }

  @Test
  void a_packet_that_is_whole_comes_back_as_it_is() {
    ByteBuf packet =
        packets.udp(StackPackets.PEER_4.withPort(1), StackPackets.US_4.withPort(2), data(5, 0));

    assertThat(receive(packet)).isSameAs(packet);

    packet.release();
  }

  @Test
  void any_cut_in_any_order_with_duplicates_gives_the_exact_bytes() {
    Seeds.forEach(
        500,
        seed -> {
          SeededRandom random = new SeededRandom(seed);
          boolean ipv4 = random.percent(50);
          byte[] payload = random.bytes(random.magnitude(9, 30_000));
          List<ByteBuf> wire = new ArrayList<>();
          int at = 0;
          while (at < payload.length) {
            int bytes = random.between(payload.length / 100, payload.length / 4) / 8 * 8 + 8;
            if (at == 0) {
              bytes = Math.min(bytes, (payload.length - 1) / 8 * 8);
            }
            int end = Math.min(at + bytes, payload.length);
            byte[] piece = Arrays.copyOfRange(payload, at, end);
            boolean more = end < payload.length;
            wire.add(packets.fragment(ipv4, 5, 253, at, more, piece));
            if (random.percent(20)) {
              wire.add(packets.fragment(ipv4, 5, 253, at, more, piece));
            }
            at = end;
          }
          Collections.shuffle(wire, new Random(seed));
          boolean complete = false;
          for (ByteBuf fragment : wire) {
            ByteBuf whole = receive(fragment);
            if (whole != null) {
              complete = true;
              assertThat(view.parse(whole)).isEqualTo(PacketFault.NONE);
              assertThat(ByteBufUtil.getBytes(whole, view.transportAt(), view.transportBytes()))
                  .isEqualTo(payload);
              whole.release();
            }
          }
          assertThat(complete).isTrue();
          assertThat(reassembly.count(ReassemblyFault.OVERLAP)).isZero();
          reassembly.close();
        });
  }

  @Test
  void impossible_limits_are_refused_by_name() {
    assertThatThrownBy(() -> ReassemblyConfig.DEFAULTS.withLimits(0, 8192, 8192, 4))
        .hasMessageContaining("reassembly.max_packets is 0");
    assertThatThrownBy(() -> ReassemblyConfig.DEFAULTS.withLimits(1, 8192, 8193, 4))
        .hasMessageContaining("reassembly.max_packet_bytes is 8193");
    assertThatThrownBy(() -> ReassemblyConfig.DEFAULTS.withLimits(1, 8192, 8192, 1))
        .hasMessageContaining("reassembly.max_fragments is 1");
    assertThatThrownBy(() -> new ReassemblyConfig(1, 8192, 8192, 4, 1, 60_001))
        .hasMessageContaining("reassembly.ipv6_timeout_millis is 60001");
  }
}
