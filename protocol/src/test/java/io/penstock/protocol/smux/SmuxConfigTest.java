package io.penstock.protocol.smux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

class SmuxConfigTest {

  private static void refused(UnaryOperator<SmuxConfig.Builder> change, String... words) {
    assertThatThrownBy(() -> change.apply(SmuxConfig.builder()).build())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContainingAll(words);
  }

  @Test
  void the_defaults_are_those_of_the_original() {
    SmuxConfig config = SmuxConfig.original();
    assertThat(config.version()).isEqualTo(1);
    assertThat(config.maxFrameBytes()).isEqualTo(32_768);
    assertThat(config.maxReceiveBufferBytes()).isEqualTo(4_194_304);
    assertThat(config.maxStreamBufferBytes()).isEqualTo(65_536);
    assertThat(config.keepAliveIntervalNanos()).isEqualTo(10_000_000_000L);
    assertThat(config.keepAliveTimeoutNanos()).isEqualTo(30_000_000_000L);
    assertThat(config.acceptBacklogStreams()).isEqualTo(1024);
  }

  @Test
  void our_own_ends_fill_whole_tls_records_with_a_frame() {
    assertThat((SmuxConfig.own().maxFrameBytes() + SmuxFrame.HEADER_BYTES) % 16_384).isZero();
    assertThat(SmuxConfig.own().version()).isEqualTo(2);
  }

  @Test
  void a_value_out_of_range_is_refused_with_its_name_and_what_is_allowed() {
    refused(b -> b.version(3), "version", "3", "1 or 2");
    refused(b -> b.maxFrameBytes(0), "maxFrameBytes", "0", "1 to 65535");
    refused(b -> b.maxFrameBytes(65_536), "maxFrameBytes", "65536");
    refused(b -> b.maxReceiveBufferBytes(0), "maxReceiveBufferBytes");
    refused(b -> b.maxReceiveBufferBytes(1000), "maxStreamBufferBytes", "65536", "1000");
    refused(b -> b.keepAlive(Duration.ZERO, Duration.ofSeconds(1)), "keepAliveIntervalNanos");
    refused(
        b -> b.keepAlive(Duration.ofSeconds(2), Duration.ofSeconds(1)), "keepAliveTimeoutNanos");
    refused(b -> b.maxStreamOutputBytes(0), "maxStreamOutputBytes");
    refused(b -> b.acceptBacklogStreams(0), "acceptBacklogStreams");
    refused(b -> b.maxPeerStreams(0), "maxPeerStreams");
    refused(b -> b.stallLimit(Duration.ZERO), "stallLimitNanos");
    refused(b -> b.linger(Duration.ZERO), "lingerNanos");
  }

  @Test
  void a_copy_keeps_every_setting() {
    SmuxConfig config =
        SmuxConfig.own().toBuilder()
            .withoutKeepAlive()
            .acceptBacklogStreams(7)
            .maxPeerStreams(8)
            .maxStreamOutputBytes(9)
            .stallLimit(Duration.ofNanos(10))
            .linger(Duration.ofNanos(11))
            .build();
    assertThat(config.toBuilder().build()).isEqualTo(config);
  }
}
