package io.penstock.protocol.kcp;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class KcpHeaderTest {

  private static final int CONV = 0x11223344;

  @ParameterizedTest
  @MethodSource("vectors")
  void a_header_reads_as_kcp_go_wrote_it(String line) {
    long[] fields = fields(line);
    ByteBuf wire = Unpooled.wrappedBuffer(bytes(line));

    assertThat(KcpHeader.conv(wire, 0)).isEqualTo(CONV);
    assertThat(KcpHeader.cmd(wire, 0)).isEqualTo((int) fields[0]);
    assertThat(KcpHeader.frg(wire, 0)).isEqualTo((int) fields[1]);
    assertThat(KcpHeader.wnd(wire, 0)).isEqualTo((int) fields[2]);
    assertThat(KcpHeader.ts(wire, 0)).isEqualTo((int) fields[3]);
    assertThat(KcpHeader.sn(wire, 0)).isEqualTo((int) fields[4]);
    assertThat(KcpHeader.una(wire, 0)).isEqualTo((int) fields[5]);
    assertThat(KcpHeader.len(wire, 0)).isEqualTo(fields[6]);
  }

  @ParameterizedTest
  @MethodSource("vectors")
  void a_header_is_written_as_kcp_go_writes_it(String line) {
    long[] fields = fields(line);
    ByteBuf out = Unpooled.buffer();

    KcpHeader.write(
        out,
        CONV,
        (int) fields[0],
        (int) fields[2],
        (int) fields[3],
        (int) fields[4],
        (int) fields[5],
        (int) fields[6]);

    assertThat(ByteBufUtil.getBytes(out)).isEqualTo(Arrays.copyOf(bytes(line), KcpHeader.BYTES));
  }

  @Test
  void only_segment_0_with_data_opens_a_conversation() {
    assertThat(KcpHeader.opensConversation(Datagrams.push(0, "x"))).isTrue();
    assertThat(KcpHeader.opensConversation(Datagrams.push(1, "x"))).isFalse();
    assertThat(KcpHeader.opensConversation(Datagrams.ack(0, 0, 0))).isFalse();
    assertThat(KcpHeader.opensConversation(Unpooled.wrappedBuffer(new byte[23]))).isFalse();
  }

  @Test
  void a_length_is_unsigned() {
    ByteBuf wire = Unpooled.buffer();
    KcpHeader.write(wire, CONV, KcpHeader.PUSH, 0, 0, 0, 0, -1);

    assertThat(KcpHeader.len(wire, 0)).isEqualTo(0xffff_ffffL);
  }

  static List<String> vectors() {
    try (InputStream in = KcpHeaderTest.class.getResourceAsStream("/vectors/kcp.txt");
        BufferedReader reader =
            new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8))) {
      return reader.lines().filter(line -> !line.startsWith("#")).toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static long[] fields(String line) {
    return Arrays.stream(line.split("\\|", -1)[1].trim().split(" ", -1))
        .mapToLong(Long::parseLong)
        .toArray();
  }

  private static byte[] bytes(String line) {
    return ByteBufUtil.decodeHexDump(line.split("\\|", -1)[2].replace(" ", ""));
  }
}
