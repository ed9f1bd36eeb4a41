package io.penstock.protocol.netstack.icmp;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.netty.buffer.ByteBuf;
import io.penstock.protocol.netstack.StackPackets;
import io.penstock.protocol.netstack.Vectors;
import io.penstock.protocol.netstack.wire.IcmpHeader;
import io.penstock.protocol.netstack.wire.IpEndpoint;
import io.penstock.protocol.netstack.wire.IpProtocol;
import io.penstock.protocol.netstack.wire.PacketFault;
import io.penstock.testkit.SeededRandom;
import io.penstock.testkit.Seeds;
import java.util.List;
import org.junit.jupiter.api.Test;

/// Whatever message comes, it is answered at most once, and an error is about a packet from the
/// address that it came to.
class IcmpInputFuzzTest {

  @FuzzTest(maxDuration = "15s", maxExecutions = 20_000)
  void any_message_is_borne(byte[] message) {
    receive(message);
  }

  @Test
  void random_messages_are_borne() {
    Seeds.forEach(
        500,
        seed -> {
          SeededRandom random = new SeededRandom(seed);
          receive(random.bytes(random.magnitude(8, 1400)));
        });
  }

  @Test
  void messages_with_some_bytes_changed_are_borne() {
    List<List<String>> errors = Vectors.read("icmp-errors");
    Seeds.forEach(
        500,
        seed -> {
          SeededRandom random = new SeededRandom(seed);
          List<String> vector = random.oneOf(errors);
          ByteBuf packet = Vectors.bytes(vector.get(3));
          int at = packet.getUnsignedByte(0) >>> 4 == 4 ? 20 : 40;
          byte[] message = new byte[1 + packet.readableBytes() - at];
          message[0] = (byte) (at == 20 ? 0 : 1);
          packet.getBytes(at, message, 1, message.length - 1);
          for (int i = random.between(0, 3); i > 0; i--) {
            message[random.magnitude(1, message.length - 1)] = (byte) random.nextLong();
          }
          receive(message);
        });
  }

  /// The first byte chooses the version, the rest is the message; its checksum is made right.
  private static void receive(byte[] message) {
    if (message.length < 1 + IcmpHeader.BYTES || message.length > 60_000) {
      return;
    }
    IcmpFixture host = new IcmpFixture();
    boolean ipv4 = (message[0] & 1) == 0;
    IpEndpoint from = ipv4 ? StackPackets.PEER_4 : StackPackets.PEER_6;
    IpEndpoint to = ipv4 ? StackPackets.US_4 : StackPackets.US_6;
    int protocol = ipv4 ? IpProtocol.ICMP : IpProtocol.ICMPV6;
    int length = message.length - 1;
    ByteBuf packet = new StackPackets(host.allocator).header(from, to, protocol, length);
    int at = packet.writerIndex();
    packet.writeBytes(message, 1, length);
    long pseudo = ipv4 ? 0 : StackPackets.pseudoHeader(from, to, protocol, length);
    IcmpHeader.writeChecksum(packet, at, length, pseudo);
    host.at(packet);

    IcmpReceive result = host.receive(packet);

    assertThat(result).isNotIn(IcmpReceive.BAD_CHECKSUM, IcmpReceive.NOT_OURS);
    assertThat(host.queue.isEmpty()).isEqualTo(result != IcmpReceive.ANSWERED);
    if (result == IcmpReceive.ERROR) {
      IcmpReport report = host.input.report();
      assertThat(report.localLow()).isEqualTo(to.low());
      assertThat(report.localHigh()).isEqualTo(to.high());
      assertThat(report.mtuBytes()).isBetween(0, 65_535);
    }
    for (ByteBuf out = host.queue.poll(); out != null; out = host.queue.poll()) {
      assertThat(host.view.parse(out)).isEqualTo(PacketFault.NONE);
      assertThat(out.readableBytes()).isLessThanOrEqualTo(1500);
      out.release();
    }
    packet.release();
    host.end();
  }
}
