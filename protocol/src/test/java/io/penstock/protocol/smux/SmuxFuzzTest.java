package io.penstock.protocol.smux;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.penstock.testkit.SeededRandom;
import io.penstock.testkit.Seeds;
import org.junit.jupiter.api.Test;

/// Whatever a peer sends ends in a close reason or in nothing at all; memory stays bounded, and the
/// streams of other sessions and of this one go on.
class SmuxFuzzTest {

  private static final int BOUND = 400_000;

  private static final SmuxConfig V1 =
      SmuxConfig.builder().maxReceiveBufferBytes(BOUND).maxPeerStreams(100).build();
  private static final SmuxConfig V2 = V1.toBuilder().version(2).build();

  @FuzzTest(maxDuration = "15s", maxExecutions = 20_000)
  void any_bytes_are_survived(byte[] input) {
    survive(V1, input, input.length);
    survive(V2, input, input.length);
  }

  @Test
  void random_bytes_are_survived() {
    Seeds.forEach(
        2000,
        seed -> {
          SeededRandom random = new SeededRandom(seed);
          byte[] input = random.bytes(random.magnitude(1, 5000));
          survive(random.percent(50) ? V1 : V2, input, random.magnitude(1, 5000));
        });
  }

  @Test
  void well_formed_and_mutated_frames_are_survived() {
    Seeds.forEach(
        2000,
        seed -> {
          SeededRandom random = new SeededRandom(seed);
          int version = random.between(1, 2);
          ByteBuf all = Unpooled.buffer();
          for (int i = 0; i < 50; i++) {
            int command = random.between(0, 4);
            byte[] payload =
                switch (command) {
                  case SmuxFrame.PSH -> random.bytes(random.magnitude(0, 20_000));
                  case SmuxFrame.UPD -> version == 2 ? random.bytes(8) : new byte[0];
                  default -> new byte[0];
                };
            if (command == SmuxFrame.UPD && version == 1) {
              continue;
            }
            ByteBuf frame = End.frame(version, command, random.between(1, 8), payload);
            all.writeBytes(frame);
            frame.release();
          }
          byte[] input = new byte[all.readableBytes()];
          all.readBytes(input).release();
          if (input.length > 0 && random.percent(50)) {
            input[random.between(0, input.length - 1)] ^= (byte) (1 << random.between(0, 7));
          }
          survive(version == 1 ? V1 : V2, input, random.magnitude(1, 20_000));
        });
  }

  private static void survive(SmuxConfig config, byte[] input, int pieceBytes) {
    End end = End.server(config);
    SmuxStream ours = end.session.open();
    ours.write(End.text("hello"));
    int at = 0;
    while (at < input.length) {
      int length = Math.min(Math.max(1, pieceBytes), input.length - at);
      end.receive(end.memory.heapBuffer(length, length).writeBytes(input, at, length));
      at += length;
      assertThat(end.memoryBytes()).isLessThan(2L * BOUND + 2L * pieceBytes + 40_000);
    }
    assertThat(end.closed).hasSizeLessThanOrEqualTo(1);
    if (end.closed.isEmpty()) {
      goesOn(end, ours);
    } else {
      assertThat(end.closed.getFirst().logText()).isNotBlank();
      assertThat(end.memoryBytes()).isZero();
    }
    end.session.close(SmuxCloseReason.SessionEnd.CLOSED);
    assertThat(end.memoryBytes()).isZero();
  }

  private static void goesOn(End end, SmuxStream ours) {
    end.accepted.forEach(end::readAll);
    boolean untouched = end.cuts.stream().noneMatch(cut -> cut.stream() == ours);
    if (untouched && ours.state() == SmuxStreamState.OPEN && ours.sendableBytes() > 0) {
      // The peer may have lowered the window to a byte.
      assertThat(end.outputFrames()).anyMatch(frame -> frame.startsWith("PSH 2 "));
    } else {
      end.output().release();
    }
    end.advance(20 * End.SECOND);
    assertThat(end.closed).isEmpty();
  }
}
