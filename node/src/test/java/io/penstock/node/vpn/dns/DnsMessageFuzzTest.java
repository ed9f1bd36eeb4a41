package io.penstock.node.vpn.dns;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.Optional;

/// Whatever bytes come, they are a message with one name or one without, and what we answer is a
/// message that answers it.
class DnsMessageFuzzTest {

  @FuzzTest(maxDuration = "15s", maxExecutions = 20_000)
  void whatever_comes_is_read_within_its_bounds(byte[] bytes) {
    ByteBuf message = Unpooled.wrappedBuffer(bytes);
    Optional<String> name = DnsMessage.name(message);
    name.ifPresent(text -> assertThat(text.length()).isLessThanOrEqualTo(254));
    assertThat(DnsMessage.answers(message, message))
        .isEqualTo(name.isPresent() && !DnsMessage.isQuery(message) && bytes.length >= 12);
    if (DnsMessage.isQuery(message)) {
      ByteBuf failure = DnsMessage.failure(message, DnsMessage.SERVER_FAILURE);
      assertThat(failure.getByte(3) & 0xf).isEqualTo(DnsMessage.SERVER_FAILURE);
      assertThat(DnsMessage.answers(failure, message)).isEqualTo(name.isPresent());
      ByteBuf truncated = DnsMessage.truncated(message);
      assertThat(DnsMessage.answers(truncated, message)).isEqualTo(name.isPresent());
      truncated.release();
      failure.release();
    }
    assertThat(message.readerIndex()).isZero();
  }
}
