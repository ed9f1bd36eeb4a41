package io.penstock.protocol.smux;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.protocol.Deadlines;
import io.penstock.protocol.smux.SmuxCloseReason.SessionEnd;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class SmuxKeepAliveTest {

  private static final SmuxConfig CONFIG =
      SmuxConfig.builder()
          .keepAlive(Duration.ofSeconds(1), Duration.ofSeconds(3))
          .maxReceiveBufferBytes(100_000)
          .build();

  private final End end = End.server(CONFIG);

  @Test
  void a_nop_is_sent_each_interval() {
    for (int i = 0; i < 10; i++) {
      end.receive(SmuxFrame.NOP, 0);
      end.advance(End.SECOND);
      assertThat(end.outputFrames()).containsExactly("NOP 0");
    }
  }

  @Test
  void nops_that_cannot_be_sent_do_not_pile_up() {
    for (int i = 0; i < 10; i++) {
      end.receive(SmuxFrame.NOP, 0);
      end.advance(End.SECOND);
    }
    assertThat(end.outputFrames()).containsExactly("NOP 0");
  }

  @Test
  void a_peer_that_says_nothing_for_the_timeout_is_given_up() {
    end.advance(2 * End.SECOND);
    end.receive(SmuxFrame.NOP, 0);
    end.advance(3 * End.SECOND - 1);
    assertThat(end.closed).isEmpty();
    end.advance(1);
    assertThat(end.closed).containsExactly(SessionEnd.KEEPALIVE_TIMEOUT);
    assertThat(end.session.nextDeadlineNanos()).isEqualTo(Deadlines.NONE);
  }

  @Test
  void part_of_a_frame_is_a_sign_of_life() {
    end.receive(SmuxFrame.SYN, 3);
    var frame = End.frame(1, SmuxFrame.PSH, 3, new byte[20]);
    for (int i = 0; i < 20; i++) {
      end.advance(2 * End.SECOND);
      end.receive(frame.readRetainedSlice(1));
      assertThat(end.session.lastFrameReceivedNanos()).isEqualTo(end.now);
    }
    frame.release();
    assertThat(end.closed).isEmpty();
  }

  @Test
  void silence_while_we_do_not_read_does_not_count() {
    SmuxConfig patient = CONFIG.toBuilder().stallLimit(Duration.ofSeconds(60)).build();
    End reader = End.server(patient);
    reader.receive(SmuxFrame.SYN, 3);
    reader.receive(SmuxFrame.PSH, 3, new byte[60_000]);
    reader.receive(SmuxFrame.PSH, 3, new byte[60_000]);
    reader.advance(20 * End.SECOND);
    assertThat(reader.closed).isEmpty();
    reader.readAll(reader.accepted.getFirst());
    reader.advance(End.SECOND);
    assertThat(reader.closed).isEmpty();
    reader.advance(6 * End.SECOND);
    assertThat(reader.closed).containsExactly(SessionEnd.KEEPALIVE_TIMEOUT);
  }

  @Test
  void a_timer_that_fires_late_gives_the_peer_another_interval() {
    end.now += 10 * End.SECOND;
    end.session.onDeadline(end.now);
    end.pollEvents();
    assertThat(end.closed).isEmpty();
    end.advance(End.SECOND);
    assertThat(end.closed).containsExactly(SessionEnd.KEEPALIVE_TIMEOUT);
  }

  @Test
  void without_keep_alive_a_session_waits_for_ever_and_says_nothing() {
    End idle = End.server(SmuxConfig.builder().withoutKeepAlive().build());
    assertThat(idle.session.nextDeadlineNanos()).isEqualTo(Deadlines.NONE);
    assertThat(idle.outputFrames()).isEmpty();
  }
}
