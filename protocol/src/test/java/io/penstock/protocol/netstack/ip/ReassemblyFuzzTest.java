package io.penstock.protocol.netstack.ip;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.penstock.protocol.Deadlines;
import io.penstock.protocol.netstack.StackPackets;
import io.penstock.protocol.netstack.wire.IpPacket;
import io.penstock.protocol.netstack.wire.PacketFault;
import io.penstock.testkit.SeededRandom;
import io.penstock.testkit.Seeds;
import org.junit.jupiter.api.Test;

/// Whatever fragments come, memory stays within the bounds, what comes out is a packet, and nothing
/// is left when the time is over.
class ReassemblyFuzzTest {

  private static final int MAX_BYTES = 20_000;
  private static final ReassemblyConfig CONFIG =
      ReassemblyConfig.DEFAULTS.withLimits(5, MAX_BYTES, 12_000, 9);

  @FuzzTest(maxDuration = "15s", maxExecutions = 20_000)
  void any_fragments_are_borne(byte[] script) {
    run(script);
  }

  @Test
  void random_fragments_are_borne() {
    Seeds.forEach(
        300,
        seed -> {
          SeededRandom random = new SeededRandom(seed);
          run(random.bytes(random.magnitude(4, 800)));
        });
  }

  /// Four bytes are one fragment: its packet and flags, offset, length, and how much time passes.
  private static void run(byte[] script) {
    UnpooledByteBufAllocator allocator = new UnpooledByteBufAllocator(true, true);
    StackPackets packets = new StackPackets(allocator);
    Reassembly reassembly = new Reassembly(allocator, CONFIG, 3);
    IpPacket view = new IpPacket();
    long now = Long.MAX_VALUE - 20_000_000_000L;
    for (int at = 0; at + 4 <= script.length; at += 4) {
      int kind = script[at];
      boolean ipv4 = (kind & 1) == 0;
      boolean more = (kind & 2) == 0;
      int offset = (script[at + 1] & ((kind & 4) == 0 ? 7 : 0xff)) * 8;
      int length = script[at + 2] & 0xff;
      ByteBuf packet =
          packets.fragment(
              ipv4, kind >> 3 & 7, 253, offset, more, new byte[more ? (length & 31) * 8 : length]);
      if ((kind & 0xc0) == 0xc0) {
        packet.setByte((script[at + 1] & 31) % packet.readableBytes(), script[at + 3]);
      }
      if (view.parse(packet) != PacketFault.NONE) {
        packet.release();
        continue;
      }
      ByteBuf whole = reassembly.receive(view, packet, now);
      if (whole != null) {
        PacketFault fault = view.parse(whole);
        assertThat(fault == PacketFault.NONE && view.isFragment()).isFalse();
        whole.release();
      }
      assertThat(reassembly.heldBytes()).isLessThanOrEqualTo(MAX_BYTES);
      assertThat(allocator.metric().usedDirectMemory()).isLessThanOrEqualTo(reassembly.heldBytes());
      now += (script[at + 3] & 0x7f) * 100_000_000L;
      expire(reassembly, now);
    }
    expire(reassembly, now + 60_000_000_000L);
    assertThat(reassembly.size()).isZero();
    assertThat(reassembly.nextDeadlineNanos()).isEqualTo(Deadlines.NONE);
    assertThat(allocator.metric().usedDirectMemory()).isZero();
  }

  private static void expire(Reassembly reassembly, long now) {
    for (ByteBuf first = reassembly.expire(now); first != null; first = reassembly.expire(now)) {
      first.release();
    }
    assertThat(Deadlines.isDue(reassembly.nextDeadlineNanos(), now)).isFalse();
  }
}
