package io.penstock.protocol.netstack.icmp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.penstock.protocol.netstack.Vectors;
import io.penstock.protocol.netstack.wire.IcmpHeader;
import io.penstock.protocol.netstack.wire.IpPacket;
import io.penstock.protocol.netstack.wire.PacketFault;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class IcmpEchoTest {

  private final IpPacket view = new IpPacket();

  static List<List<String>> echoes() {
    return Vectors.read("icmp-echo");
  }

  @ParameterizedTest
  @MethodSource("echoes")
  void a_request_is_one_that_the_kernel_answers(List<String> vector) {
    ByteBuf request = Vectors.bytes(vector.getFirst());
    assertThat(view.parse(request)).isEqualTo(PacketFault.NONE);
    assertThat(IcmpEcho.isRequest(view, request)).isTrue();
    assertThat(IcmpEcho.isReply(view, request)).isFalse();
    ByteBuf data = request.slice(view.transportAt() + 8, view.transportBytes() - 8);
    ByteBuf out = Unpooled.buffer();

    if (view.isIpv4()) {
      IcmpEcho.writeRequest4(
          out, (int) view.sourceLow(), (int) view.destinationLow(), 64, 0x4d2, 7, data);
    } else {
      IcmpEcho.writeRequest6(
          out,
          view.sourceHigh(),
          view.sourceLow(),
          view.destinationHigh(),
          view.destinationLow(),
          64,
          0x4d2,
          7,
          data);
    }

    assertThat(ByteBufUtil.hexDump(out)).isEqualTo(vector.getFirst());
    assertThat(data.readableBytes()).isEqualTo(33);
  }

  @ParameterizedTest
  @MethodSource("echoes")
  void a_reply_says_what_the_kernels_says(List<String> vector) {
    ByteBuf request = Vectors.bytes(vector.getFirst());
    ByteBuf kernels = Vectors.bytes(vector.get(1));
    view.parse(request);
    ByteBuf out = Unpooled.buffer();

    IcmpEcho.writeReply(view, request, 64, out);

    assertThat(out.readableBytes()).isEqualTo(kernels.readableBytes());
    assertThat(view.parse(out)).isEqualTo(PacketFault.NONE);
    int at = view.transportAt();
    assertThat(ByteBufUtil.hexDump(out, at, view.transportBytes()))
        .isEqualTo(ByteBufUtil.hexDump(kernels, at, view.transportBytes()));
    assertThat(IcmpEcho.isReply(view, out)).isTrue();
    assertThat(IcmpEcho.checksumIsRight(view, out)).isTrue();
    assertThat(IcmpHeader.echoIdentifier(out, at)).isEqualTo(0x4d2);
    assertThat(IcmpHeader.echoSequence(out, at)).isEqualTo(7);
  }

  @Test
  void a_flipped_bit_makes_the_checksum_wrong() {
    ByteBuf reply = Vectors.bytes(echoes().getFirst().get(1));
    view.parse(reply);
    assertThat(IcmpEcho.checksumIsRight(view, reply)).isTrue();
    reply.setByte(40, reply.getByte(40) ^ 1);
    assertThat(IcmpEcho.checksumIsRight(view, reply)).isFalse();
  }

  @Test
  void only_a_request_is_replied_to() {
    ByteBuf reply = Vectors.bytes(echoes().getFirst().get(1));
    view.parse(reply);

    assertThatThrownBy(() -> IcmpEcho.writeReply(view, reply, 64, Unpooled.buffer()))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
