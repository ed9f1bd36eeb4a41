package io.penstock.protocol.smux;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.Unpooled;
import io.penstock.protocol.smux.SmuxCloseReason.StreamEnd;
import io.penstock.protocol.smux.SmuxPair.Flow;
import io.penstock.testkit.SeededRandom;
import io.penstock.testkit.Seeds;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Scenarios of two sessions that talk to each other over a wire cut at random places.
class SmuxPairTest {

  private static SmuxConfig config(int version, SeededRandom random) {
    return SmuxConfig.builder()
        .version(version)
        .maxFrameBytes(random.magnitude(1, 65_535))
        .maxReceiveBufferBytes(random.between(300_000, 8_000_000))
        .maxStreamBufferBytes(random.magnitude(1000, 300_000))
        .maxStreamOutputBytes(random.magnitude(1000, 300_000))
        .build();
  }

  private static SmuxStream acceptedFor(SmuxStream stream, End other) {
    return other.accepted.stream().filter(s -> s.id() == stream.id()).findFirst().orElseThrow();
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2})
  void both_directions_of_many_streams_deliver_the_exact_bytes_and_end(int version) {
    Seeds.forEach(
        60,
        seed -> {
          SeededRandom random = new SeededRandom(seed);
          SmuxPair pair = new SmuxPair(config(version, random), random);
          List<Flow> there = new ArrayList<>();
          List<Flow> back = new ArrayList<>();
          for (int i = random.between(1, 6); i > 0; i--) {
            End opener = random.percent(50) ? pair.client : pair.server;
            End other = opener == pair.client ? pair.server : pair.client;
            SmuxStream stream = opener.session.open();
            there.add(new Flow(stream, random.bytes(random.magnitude(0, 400_000))));
            while (other.accepted.stream().noneMatch(s -> s.id() == stream.id())) {
              pair.step();
            }
            SmuxStream accepted = acceptedFor(stream, other);
            back.add(new Flow(accepted, random.bytes(random.magnitude(0, 400_000))));
          }
          int idle = 0;
          while (idle < 50) {
            idle++;
            for (int i = 0; i < there.size(); i++) {
              int before = there.get(i).readBytes + back.get(i).readBytes;
              there.get(i).write(random);
              back.get(i).write(random);
              there.get(i).read(pair.server, back.get(i).writer, random);
              back.get(i).read(pair.client, there.get(i).writer, random);
              if (there.get(i).readBytes + back.get(i).readBytes > before) {
                idle = 0;
              }
            }
            if (pair.step()) {
              idle = 0;
            }
          }
          for (int i = 0; i < there.size(); i++) {
            assertThat(there.get(i).result()).isEqualTo(there.get(i).bytes);
            assertThat(back.get(i).result()).isEqualTo(back.get(i).bytes);
            assertThat(there.get(i).writer.state()).isEqualTo(SmuxStreamState.FINISHED);
            assertThat(back.get(i).writer.state()).isEqualTo(SmuxStreamState.FINISHED);
          }
          assertThat(pair.client.cuts).isEmpty();
          assertThat(pair.server.cuts).isEmpty();
          pair.finish();
        });
  }

  @Test
  void in_version_2_unread_streams_leave_the_others_their_full_way() {
    Seeds.forEach(
        20,
        seed -> {
          SeededRandom random = new SeededRandom(seed);
          SmuxConfig config = SmuxConfig.own().toBuilder().maxReceiveBufferBytes(16 << 20).build();
          SmuxPair pair = new SmuxPair(config, random);
          List<Flow> paused = new ArrayList<>();
          for (int i = 0; i < 10; i++) {
            paused.add(new Flow(pair.client.session.open(), new byte[600_000]));
          }
          Flow lively = new Flow(pair.client.session.open(), random.bytes(1_000_000));
          while (lively.readBytes < lively.bytes.length) {
            paused.forEach(flow -> flow.write(random));
            lively.write(random);
            pair.step();
            if (pair.server.accepted.size() == 11) {
              lively.read(pair.server, acceptedFor(lively.writer, pair.server), random);
            }
          }
          assertThat(lively.result()).isEqualTo(lively.bytes);
          assertThat(pair.server.cuts).isEmpty();
          assertThat(pair.server.session.wantsInput()).isTrue();
          pair.finish();
        });
  }

  @Test
  void in_version_1_an_unread_stream_is_cut_off_and_the_others_arrive() {
    Seeds.forEach(
        20,
        seed -> {
          SeededRandom random = new SeededRandom(seed);
          SmuxConfig config = SmuxConfig.builder().maxReceiveBufferBytes(500_000).build();
          SmuxPair pair = new SmuxPair(config, random);
          Flow paused = new Flow(pair.client.session.open(), new byte[2_000_000]);
          Flow lively = new Flow(pair.client.session.open(), random.bytes(1_000_000));
          int steps = 0;
          while (lively.readBytes < lively.bytes.length) {
            if (paused.writer.state() == SmuxStreamState.OPEN) {
              paused.write(random);
            }
            lively.write(random);
            pair.step();
            if (pair.server.accepted.size() == 2) {
              lively.read(pair.server, acceptedFor(lively.writer, pair.server), random);
            }
            if (++steps % 100 == 0) {
              pair.client.advance(End.SECOND);
              pair.server.advance(End.SECOND);
            }
          }
          assertThat(lively.result()).isEqualTo(lively.bytes);
          assertThat(pair.server.cuts)
              .singleElement()
              .satisfies(
                  cut -> {
                    assertThat(cut.stream().id()).isEqualTo(paused.writer.id());
                    assertThat(cut.reason()).isEqualTo(StreamEnd.STALLED);
                  });
          assertThat(paused.writer.isPeerFinished()).isTrue();
          pair.finish();
        });
  }

  @Test
  void a_hundred_thousand_short_streams_leave_nothing_behind() {
    SmuxPair pair = new SmuxPair(SmuxConfig.own(), new SeededRandom(1));
    for (int i = 0; i < 100_000; i++) {
      SmuxStream stream = pair.client.session.open();
      stream.write(Unpooled.wrappedBuffer(new byte[] {1, 2, 3}));
      stream.close(pair.client.now);
      while (pair.step()) {
        for (SmuxStream accepted : pair.server.accepted) {
          assertThat(pair.server.readAll(accepted)).hasSizeLessThanOrEqualTo(3);
          if (accepted.isPeerFinished()) {
            accepted.close(pair.server.now);
          }
        }
        pair.server.accepted.removeIf(s -> s.state() == SmuxStreamState.CLOSED);
        pair.server.pollReady();
        pair.client.pollReady();
      }
    }
    assertThat(pair.client.session.streams()).isZero();
    assertThat(pair.server.session.streams()).isZero();
    pair.finish();
  }
}
