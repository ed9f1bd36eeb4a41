package io.penstock.protocol.smux;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.penstock.protocol.smux.SmuxCloseReason.ProtocolError;
import io.penstock.protocol.smux.SmuxCloseReason.ProtocolError.Fault;
import io.penstock.testkit.GoldenVectors;
import io.penstock.testkit.SeededRandom;
import io.penstock.testkit.Seeds;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// The frames of the wire: golden vectors, and what breaks the framing.
class SmuxFramingTest {

  private static final SmuxConfig V1 = SmuxConfig.original();
  private static final SmuxConfig V2 = SmuxConfig.builder().version(2).build();

  private static final GoldenVectors VECTORS = GoldenVectors.read("/vectors/smux-frames.txt");

  private static String vector(String name) {
    return HexFormat.of().formatHex(VECTORS.bytes(name));
  }

  @Test
  void a_server_opens_stream_2_first_and_ends_it_with_fin() {
    End server = End.server(V1);
    SmuxStream stream = server.session.open();
    assertThat(server.outputHex()).isEqualTo(vector("syn-2"));
    stream.close(server.now);
    assertThat(server.outputHex()).isEqualTo(vector("fin-2"));
  }

  @Test
  void a_client_opens_stream_3_first_and_its_syn_precedes_its_bytes() {
    End client = End.client(V2);
    client.session.open().write(End.text("x"));
    assertThat(client.outputHex()).isEqualTo(vector("syn-3-v2") + vector("psh-3-x-v2"));
  }

  @Test
  void ids_go_up_by_two() {
    End server = End.server(V1);
    End client = End.client(V1);
    for (int i = 0; i < 3; i++) {
      server.session.open();
      client.session.open();
    }
    assertThat(server.outputFrames()).containsExactly("SYN 2", "SYN 4", "SYN 6");
    assertThat(client.outputFrames()).containsExactly("SYN 3", "SYN 5", "SYN 7");
  }

  @Test
  void the_keep_alive_frame_names_no_stream() {
    End server = End.server(V1);
    server.advance(10 * End.SECOND);
    assertThat(server.outputHex()).isEqualTo(vector("nop"));
  }

  @Test
  void bytes_of_an_open_stream_reach_its_reader() {
    End server = End.server(V1);
    server.receive(SmuxFrame.SYN, 3);
    server.receive(Unpooled.wrappedBuffer(VECTORS.bytes("psh-3-hello")));
    assertThat(server.accepted).singleElement().extracting(SmuxStream::id).isEqualTo(3);
    assertThat(server.pollReady()).containsExactly(server.accepted.getFirst());
    assertThat(server.readText(server.accepted.getFirst())).isEqualTo("hello");
    assertThat(server.session.heldInputBytes()).isZero();
  }

  @Test
  void the_window_update_of_version_2_tells_what_was_consumed_and_the_window() {
    End server = End.server(V2);
    server.receive(SmuxFrame.SYN, 3);
    server.receive(SmuxFrame.PSH, 3, new byte[5]);
    server.readAll(server.accepted.getFirst());
    assertThat(server.outputHex()).isEqualTo(vector("upd-3-5-v2"));
  }

  @ParameterizedTest
  @CsvSource({
    "1, 0200000000000000, VERSION, 2",
    "2, 0100000000000000, VERSION, 1",
    "1, 0005000000000000, VERSION, 0",
    "1, 0105000000000000, COMMAND, 5",
    "1, 01ff000000000000, COMMAND, 255",
    "1, 0103010000000000, CONTROL_LENGTH, 1",
    "1, 0100080003000000, CONTROL_LENGTH, 8",
    "1, 0101ffff03000000, CONTROL_LENGTH, 65535",
    "2, 0204040003000000, UPDATE_LENGTH, 4",
    "1, 0104080003000000, UPDATE_IN_VERSION_1, 1",
  })
  void a_frame_that_breaks_the_framing_ends_the_session(
      int version, String hex, Fault fault, int value) {
    End end = End.server(SmuxConfig.builder().version(version).build());
    end.receive(SmuxFrame.SYN, 3);
    end.receive(SmuxFrame.PSH, 3, new byte[3000]);
    end.receive(Unpooled.wrappedBuffer(HexFormat.of().parseHex(hex)));
    ProtocolError reason = new ProtocolError(fault, value);
    assertThat(end.closed).containsExactly(reason);
    assertThat(reason.code()).isEqualTo("protocol_error");
    assertThat(reason.peerText()).doesNotContain(String.valueOf(value));
    assertThat(end.cuts).containsExactly(new SmuxEvent.StreamCut(end.accepted.getFirst(), reason));
    assertThat(end.session.isClosed()).isTrue();
    assertThat(end.session.transmit()).isNull();
    assertThat(end.session.heldInputBytes()).isZero();
    assertThat(end.memoryBytes()).isZero();
  }

  @Test
  void input_after_the_end_is_ignored() {
    End server = End.server(V1);
    server.receive(77, 0);
    server.receive(SmuxFrame.SYN, 3);
    assertThat(server.accepted).isEmpty();
    assertThat(server.closed).hasSize(1);
  }

  @Test
  void a_syn_of_a_live_stream_is_ignored() {
    End server = End.server(V1);
    server.receive(SmuxFrame.SYN, 3);
    server.receive(SmuxFrame.PSH, 3, (byte) 'a');
    server.receive(SmuxFrame.SYN, 3);
    server.receive(SmuxFrame.PSH, 3, (byte) 'b');
    assertThat(server.accepted).hasSize(1);
    assertThat(server.readText(server.accepted.getFirst())).isEqualTo("ab");
  }

  @Test
  void frames_for_unknown_streams_change_nothing() {
    End server = End.server(V2);
    server.receive(SmuxFrame.PSH, 9, new byte[4000]);
    server.receive(SmuxFrame.FIN, 9);
    server.receive(SmuxFrame.UPD, 9, End.update(5, 5));
    server.receive(SmuxFrame.SYN, 3);
    server.receive(SmuxFrame.PSH, 3, (byte) 'a');
    assertThat(server.readText(server.accepted.getFirst())).isEqualTo("a");
    assertThat(server.session.heldInputBytes()).isZero();
    assertThat(server.closed).isEmpty();
  }

  @Test
  void an_empty_push_does_nothing() {
    End server = End.server(V1);
    server.receive(SmuxFrame.SYN, 3);
    server.receive(SmuxFrame.PSH, 3);
    assertThat(server.pollReady()).isEmpty();
    assertThat(server.closed).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2})
  void any_split_of_the_input_gives_the_same_result(int version) {
    SmuxConfig config = SmuxConfig.builder().version(version).build();
    Seeds.forEach(
        200,
        seed -> {
          SeededRandom random = new SeededRandom(seed);
          ByteBuf input = Unpooled.buffer();
          for (int i = 0; i < 60; i++) {
            int sid = random.between(1, 4);
            int command = random.percent(60) ? SmuxFrame.PSH : random.between(0, 3);
            int length = command == SmuxFrame.PSH ? random.magnitude(0, 5000) : 0;
            ByteBuf frame = End.frame(version, command, sid, random.bytes(length));
            input.writeBytes(frame);
            frame.release();
          }
          End whole = End.server(config);
          End split = End.server(config);
          whole.receive(input.copy());
          random.split(input).forEach(split::receive);
          assertThat(split.accepted)
              .extracting(SmuxStream::id, SmuxStream::state)
              .isEqualTo(
                  whole.accepted.stream()
                      .map(s -> org.assertj.core.groups.Tuple.tuple(s.id(), s.state()))
                      .toList());
          for (int i = 0; i < whole.accepted.size(); i++) {
            assertThat(split.readAll(split.accepted.get(i)))
                .isEqualTo(whole.readAll(whole.accepted.get(i)));
          }
          assertThat(split.outputFrames()).isEqualTo(whole.outputFrames());
        });
  }
}
