package io.penstock.protocol.netstack.wire;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.penstock.testkit.SeededRandom;
import io.penstock.testkit.Seeds;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class InternetChecksumTest {

  @Test
  void the_example_of_rfc_1071_sums_up_as_it_says() {
    ByteBuf bytes = Unpooled.wrappedBuffer(new byte[] {0, 1, (byte) 0xf2, 3, -12, -11, -10, -9});

    assertThat(InternetChecksum.of(bytes, 0, 8)).isEqualTo(~0xddf2 & 0xffff);
  }

  @Test
  void the_checksum_is_that_of_the_textbook_for_any_bytes() {
    Seeds.forEach(
        2_000,
        seed -> {
          SeededRandom random = new SeededRandom(seed);
          byte[] bytes = random.bytes(random.magnitude(0, 65_535));
          if (random.percent(20)) {
            Arrays.fill(bytes, (byte) 0xff);
          }
          int from = random.between(0, Math.min(9, bytes.length));

          assertThat(InternetChecksum.of(Unpooled.wrappedBuffer(bytes), from, bytes.length - from))
              .isEqualTo(textbook(bytes, from));
        });
  }

  @Test
  void it_makes_no_difference_where_the_bytes_lie() {
    Seeds.forEach(
        200,
        seed -> {
          SeededRandom random = new SeededRandom(seed);
          byte[] bytes = random.bytes(random.magnitude(2, 4_000));
          int cut = random.between(0, bytes.length);
          int length = bytes.length;
          ByteBuf direct = Unpooled.directBuffer(3 + length).writeZero(3).writeBytes(bytes);
          ByteBuf parts =
              Unpooled.wrappedBuffer(
                  Unpooled.wrappedBuffer(bytes, 0, cut),
                  Unpooled.wrappedBuffer(bytes, cut, length - cut));

          assertThat(InternetChecksum.of(direct, 3, length)).isEqualTo(textbook(bytes, 0));
          assertThat(InternetChecksum.of(direct.slice(3, length), 0, length))
              .isEqualTo(textbook(bytes, 0));
          assertThat(InternetChecksum.of(parts, 0, length)).isEqualTo(textbook(bytes, 0));
          direct.release();
        });
  }

  @Test
  void pieces_add_up_to_the_whole() {
    Seeds.forEach(
        500,
        seed -> {
          SeededRandom random = new SeededRandom(seed);
          byte[] bytes = random.bytes(random.magnitude(2, 4_000));
          ByteBuf buf = Unpooled.wrappedBuffer(bytes);
          int cut = random.between(0, bytes.length / 2) * 2;

          long sum = InternetChecksum.add(0, buf, 0, cut);
          sum = InternetChecksum.add(sum, buf, cut, bytes.length - cut);

          assertThat(InternetChecksum.finish(sum)).isEqualTo(textbook(bytes, 0));
        });
  }

  @Test
  void an_update_gives_what_a_new_sum_would() {
    Seeds.forEach(
        2_000,
        seed -> {
          SeededRandom random = new SeededRandom(seed);
          byte[] bytes = random.bytes(2 * random.between(2, 40));
          // A header is never all zeros, the one case in which the two zeros could be confused.
          bytes[0] = 0x45;
          ByteBuf buf = Unpooled.wrappedBuffer(bytes);
          int before = InternetChecksum.of(buf, 0, bytes.length);
          int at = 2 * random.between(1, bytes.length / 2 - 1);
          int old = buf.getUnsignedShort(at);
          int changed = random.oneOf(List.of(0, 1, 0xffff, (int) random.nextLong() & 0xffff));
          buf.setShort(at, changed);

          assertThat(InternetChecksum.update(before, old, changed))
              .isEqualTo(InternetChecksum.of(buf, 0, bytes.length));
        });
  }

  @Test
  void a_pseudo_header_sums_up_as_its_bytes_do() {
    Seeds.forEach(
        500,
        seed -> {
          SeededRandom random = new SeededRandom(seed);
          long[] halves = {
            random.nextLong(), random.nextLong(), random.nextLong(), random.nextLong()
          };
          int length = random.between(0, 65_535);
          ByteBuf six = Unpooled.buffer();
          for (long half : halves) {
            six.writeLong(half);
          }
          six.writeInt(length).writeInt(IpProtocol.TCP);
          ByteBuf four = Unpooled.buffer();
          four.writeInt((int) halves[0]).writeInt((int) halves[1]);
          four.writeByte(0).writeByte(IpProtocol.TCP).writeShort(length);

          assertThat(
                  InternetChecksum.finish(
                      InternetChecksum.pseudoHeader6(
                          halves[0], halves[1], halves[2], halves[3], IpProtocol.TCP, length)))
              .isEqualTo(InternetChecksum.of(six, 0, six.readableBytes()));
          assertThat(
                  InternetChecksum.finish(
                      InternetChecksum.pseudoHeader4(
                          (int) halves[0], (int) halves[1], IpProtocol.TCP, length)))
              .isEqualTo(InternetChecksum.of(four, 0, four.readableBytes()));
        });
  }

  private static int textbook(byte[] bytes, int from) {
    long sum = 0;
    for (int i = from; i < bytes.length; i += 2) {
      int low = i + 1 < bytes.length ? bytes[i + 1] & 0xff : 0;
      sum += (bytes[i] & 0xff) << 8 | low;
      sum = (sum & 0xffff) + (sum >> 16);
    }
    return (int) ~sum & 0xffff;
  }
}
