package io.penstock.protocol.smux;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.penstock.protocol.Deadlines;
import io.penstock.protocol.smux.SmuxCloseReason.StreamEnd;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/// Who may send how much, in both versions, and the order of what is sent.
class SmuxFlowControlTest {

  private static final SmuxConfig V1 =
      SmuxConfig.builder().maxReceiveBufferBytes(100_000).maxStreamBufferBytes(65_536).build();
  private static final SmuxConfig V2 = SmuxConfig.builder().version(2).build();

  private static ByteBuf zeros(int length) {
    return Unpooled.wrappedBuffer(new byte[length]);
  }

  private static void read(End end, SmuxStream stream, int length) {
    int left = length;
    while (left > 0) {
      ByteBuf bytes = stream.read(left, end.now);
      assertThat(bytes).isNotNull();
      left -= bytes.readableBytes();
      bytes.release();
    }
  }

  // ---- version 2, receiving ----

  @Test
  void the_first_read_and_then_every_half_window_sends_an_update() {
    End server = End.server(V2);
    server.receive(SmuxFrame.SYN, 3);
    SmuxStream stream = server.accepted.getFirst();
    server.receive(SmuxFrame.PSH, 3, new byte[60_000]);
    server.receive(SmuxFrame.PSH, 3, new byte[60_000]);
    assertThat(server.outputFrames()).isEmpty();
    read(server, stream, 1);
    assertThat(server.outputFrames()).containsExactly("UPD 3 1+65536");
    read(server, stream, 32_767);
    assertThat(server.outputFrames()).isEmpty();
    read(server, stream, 1);
    assertThat(server.outputFrames()).containsExactly("UPD 3 32769+65536");
  }

  @Test
  void no_update_is_sent_once_the_peer_has_finished() {
    End server = End.server(V2);
    server.receive(SmuxFrame.SYN, 3);
    server.receive(SmuxFrame.PSH, 3, new byte[60_000]);
    server.receive(SmuxFrame.FIN, 3);
    read(server, server.accepted.getFirst(), 60_000);
    assertThat(server.outputFrames()).isEmpty();
  }

  @Test
  void an_unread_stream_does_not_keep_the_session_from_receiving() {
    End server = End.server(V2);
    server.receive(SmuxFrame.SYN, 3);
    server.receive(SmuxFrame.SYN, 5);
    for (int i = 0; i < 4; i++) {
      server.receive(SmuxFrame.PSH, 3, new byte[65_535]);
    }
    assertThat(server.session.wantsInput()).isTrue();
    server.receive(SmuxFrame.PSH, 5, (byte) 'x');
    assertThat(server.readText(server.accepted.getLast())).isEqualTo("x");
    assertThat(server.cuts).isEmpty();
  }

  @Test
  void a_peer_that_overruns_its_window_by_more_than_a_frame_loses_the_stream_alone() {
    End server = End.server(V2);
    server.receive(SmuxFrame.SYN, 3);
    server.receive(SmuxFrame.SYN, 5);
    int sent = 0;
    for (; sent + 65_535 <= 262_144 + 65_535; sent += 65_535) {
      server.receive(SmuxFrame.PSH, 3, new byte[65_535]);
    }
    assertThat(server.cuts).isEmpty();
    server.receive(SmuxFrame.PSH, 3, new byte[65_535]);
    assertThat(server.cuts)
        .containsExactly(
            new SmuxEvent.StreamCut(server.accepted.getFirst(), StreamEnd.WINDOW_OVERRUN));
    assertThat(server.outputFrames()).containsExactly("FIN 3");
    assertThat(server.session.heldInputBytes()).isZero();
    server.receive(SmuxFrame.PSH, 5, (byte) 'x');
    assertThat(server.readText(server.accepted.getLast())).isEqualTo("x");
  }

  @Test
  void when_the_buffer_is_full_the_largest_holder_alone_is_cut_off() {
    End server = End.server(SmuxConfig.builder().version(2).maxReceiveBufferBytes(300_000).build());
    server.receive(SmuxFrame.SYN, 3);
    server.receive(SmuxFrame.SYN, 5);
    server.receive(SmuxFrame.PSH, 3, new byte[60_000]);
    for (int i = 0; i < 4; i++) {
      server.receive(SmuxFrame.PSH, 5, new byte[60_000]);
    }
    assertThat(server.cuts)
        .containsExactly(new SmuxEvent.StreamCut(server.accepted.getLast(), StreamEnd.BUFFER_FULL));
    assertThat(server.session.wantsInput()).isTrue();
    assertThat(server.readAll(server.accepted.getFirst())).hasSize(60_000);
  }

  @Test
  void large_windows_come_from_a_pool_that_is_never_more_than_half_the_buffer() {
    SmuxConfig config =
        SmuxConfig.builder()
            .version(2)
            .maxReceiveBufferBytes(16 << 20)
            .maxStreamBufferBytes(4 << 20)
            .build();
    End server = End.server(config);
    List<Integer> windows = new ArrayList<>();
    long beyondInitial = 0;
    for (int sid = 3; sid < 203; sid += 2) {
      server.receive(SmuxFrame.SYN, sid);
      server.receive(SmuxFrame.PSH, sid, (byte) 'x');
      read(server, server.accepted.getLast(), 1);
      String update = server.outputFrames().getFirst();
      int window = Integer.parseInt(update.substring(update.indexOf('+') + 1));
      windows.add(window);
      beyondInitial += window - 262_144;
    }
    assertThat(windows.getFirst()).isEqualTo(4 << 20);
    assertThat(windows.getLast()).isBetween(262_144, 300_000);
    assertThat(beyondInitial).isLessThanOrEqualTo(8 << 20);
    server.accepted.forEach(stream -> stream.close(server.now));
    server.output().release();
    server.receive(SmuxFrame.SYN, 1001);
    server.receive(SmuxFrame.PSH, 1001, (byte) 'x');
    read(server, server.accepted.getLast(), 1);
    assertThat(server.outputFrames()).containsExactly("UPD 1001 1+" + (4 << 20));
  }

  @Test
  void a_window_that_shrinks_still_admits_what_the_larger_one_promised() {
    End server = End.server(V2);
    server.receive(SmuxFrame.SYN, 3);
    server.receive(SmuxFrame.PSH, 3, new byte[10]);
    read(server, server.accepted.getFirst(), 10);
    assertThat(server.outputFrames()).containsExactly("UPD 3 10+65536");
    for (int i = 0; i < 4; i++) {
      server.receive(SmuxFrame.PSH, 3, new byte[65_533]);
    }
    assertThat(server.cuts).isEmpty();
    read(server, server.accepted.getFirst(), 4 * 65_533);
  }

  // ---- version 2, sending ----

  @Test
  void a_stream_sends_no_more_than_the_initial_window_until_it_is_updated() {
    End client = End.client(V2.toBuilder().maxStreamOutputBytes(1 << 20).build());
    SmuxStream stream = client.session.open();
    stream.write(zeros(300_000));
    assertThat(client.outputFrames())
        .containsExactly(
            "SYN 3",
            "PSH 3 32768",
            "PSH 3 32768",
            "PSH 3 32768",
            "PSH 3 32768",
            "PSH 3 32768",
            "PSH 3 32768",
            "PSH 3 32768",
            "PSH 3 32768");
    client.receive(SmuxFrame.UPD, 3, End.update(262_144 - 65_536, 65_536));
    assertThat(client.outputFrames()).isEmpty();
    client.receive(SmuxFrame.UPD, 3, End.update(262_144 - 65_536, 65_546));
    assertThat(client.outputFrames()).containsExactly("PSH 3 10");
    client.receive(SmuxFrame.UPD, 3, End.update(262_154, 65_536));
    assertThat(client.outputFrames()).containsExactly("PSH 3 32768", "PSH 3 5078");
  }

  @Test
  void the_consumed_counter_wraps() {
    End client = End.client(V2.toBuilder().maxFrameBytes(65_535).build());
    SmuxStream stream = client.session.open();
    client.output().release();
    ByteBuf block = zeros(65_536);
    long sent = 0;
    while (sent <= (1L << 32) + 65_536) {
      stream.write(block.retainedSlice());
      sent += 65_536;
      ByteBuf next;
      while ((next = client.session.transmit()) != null) {
        next.release();
      }
      client.receive(SmuxFrame.UPD, 3, End.update((int) sent, 65_536));
    }
    block.release();
    assertThat(client.cuts).isEmpty();
    stream.write(zeros(10));
    assertThat(client.outputFrames()).containsExactly("PSH 3 10");
  }

  @Test
  void the_largest_possible_window_is_not_taken_for_a_negative_one() {
    End client = End.client(V2);
    SmuxStream stream = client.session.open();
    client.receive(SmuxFrame.UPD, 3, End.update(0, -1));
    stream.write(zeros(10));
    assertThat(client.outputFrames()).containsExactly("SYN 3", "PSH 3 10");
  }

  // ---- version 1 ----

  @Test
  void an_empty_bucket_stops_the_input_until_a_stream_is_read() {
    End server = End.server(V1);
    server.receive(SmuxFrame.SYN, 3);
    server.receive(SmuxFrame.PSH, 3, new byte[60_000]);
    assertThat(server.session.wantsInput()).isTrue();
    server.receive(SmuxFrame.PSH, 3, new byte[60_000]);
    assertThat(server.session.wantsInput()).isFalse();
    read(server, server.accepted.getFirst(), 60_000);
    assertThat(server.session.wantsInput()).isTrue();
    server.advance(6 * End.SECOND);
    assertThat(server.cuts).isEmpty();
  }

  @Test
  void closing_a_stream_returns_its_bytes_to_the_bucket() {
    End server = End.server(V1);
    server.receive(SmuxFrame.SYN, 3);
    server.receive(SmuxFrame.PSH, 3, new byte[60_000]);
    server.receive(SmuxFrame.PSH, 3, new byte[60_000]);
    server.accepted.getFirst().close(server.now);
    assertThat(server.session.wantsInput()).isTrue();
    assertThat(server.session.heldInputBytes()).isZero();
  }

  @Test
  void after_five_seconds_of_an_empty_bucket_the_largest_holder_is_cut_off() {
    End server = End.server(V1);
    server.receive(SmuxFrame.SYN, 3);
    server.receive(SmuxFrame.SYN, 5);
    server.receive(SmuxFrame.PSH, 3, new byte[30_000]);
    server.receive(SmuxFrame.PSH, 5, new byte[60_000]);
    server.receive(SmuxFrame.PSH, 5, new byte[20_000]);
    assertThat(server.session.wantsInput()).isFalse();
    server.advance(5 * End.SECOND - 1);
    assertThat(server.cuts).isEmpty();
    server.advance(1);
    assertThat(server.cuts)
        .containsExactly(new SmuxEvent.StreamCut(server.accepted.getLast(), StreamEnd.STALLED));
    assertThat(server.outputFrames()).containsExactly("FIN 5");
    assertThat(server.session.wantsInput()).isTrue();
    server.receive(SmuxFrame.PSH, 5, new byte[60_000]);
    server.receive(SmuxFrame.PSH, 3, (byte) 'x');
    assertThat(server.readAll(server.accepted.getFirst())).hasSize(30_001);
    assertThat(server.session.nextDeadlineNanos()).isNotEqualTo(Deadlines.NONE);
  }

  @Test
  void a_bucket_that_is_read_from_now_and_then_costs_nobody_the_stream() {
    End server = End.server(V1);
    server.receive(SmuxFrame.SYN, 3);
    server.receive(SmuxFrame.PSH, 3, new byte[60_000]);
    for (int i = 0; i < 5; i++) {
      server.receive(SmuxFrame.PSH, 3, new byte[60_000]);
      server.advance(4 * End.SECOND);
      read(server, server.accepted.getFirst(), 60_000);
    }
    assertThat(server.cuts).isEmpty();
  }

  /// Reads `bytes` every `everyNanos` from the stream that holds the bucket full, and lets its peer
  /// fill it again at once, for as long as `wholeNanos` or until somebody is cut off.
  private static void readFromFullBucket(End server, int bytes, long everyNanos, long wholeNanos) {
    SmuxStream stream = server.accepted.getFirst();
    for (long passed = 0; passed < wholeNanos && server.cuts.isEmpty(); passed += everyNanos) {
      while (server.session.wantsInput()) {
        server.receive(SmuxFrame.PSH, stream.id(), new byte[1000]);
      }
      server.advance(everyNanos);
      if (server.cuts.isEmpty()) {
        read(server, stream, bytes);
      }
    }
  }

  @Test
  void a_slow_reader_that_keeps_the_bucket_full_is_cut_off() {
    End server = End.server(SmuxConfig.original());
    server.receive(SmuxFrame.SYN, 3);
    server.receive(SmuxFrame.SYN, 5);
    server.receive(SmuxFrame.PSH, 5, new byte[50_000]);
    long start = server.now;
    readFromFullBucket(server, 32 * 1024, 4 * End.SECOND, 600 * End.SECOND);
    assertThat(server.cuts)
        .containsExactly(new SmuxEvent.StreamCut(server.accepted.getFirst(), StreamEnd.STALLED));
    assertThat(server.now - start).isLessThanOrEqualTo(8 * End.SECOND);
    assertThat(server.session.wantsInput()).isTrue();
    assertThat(server.readAll(server.accepted.getLast())).hasSize(50_000);
  }

  @Test
  void a_reader_a_little_too_slow_for_a_full_bucket_is_cut_off_later() {
    End server = End.server(SmuxConfig.original());
    server.receive(SmuxFrame.SYN, 3);
    long start = server.now;
    readFromFullBucket(server, 80_000, End.SECOND, 600 * End.SECOND);
    assertThat(server.cuts).hasSize(1);
    assertThat(server.now - start).isBetween(15 * End.SECOND, 30 * End.SECOND);
  }

  @Test
  void a_fast_transfer_may_keep_the_bucket_full_for_ever() {
    End server = End.server(SmuxConfig.original());
    server.receive(SmuxFrame.SYN, 3);
    readFromFullBucket(server, 64 * 1024, End.SECOND / 100, 300 * End.SECOND);
    assertThat(server.cuts).isEmpty();
    readFromFullBucket(server, 600_000, 49 * End.SECOND / 10, 600 * End.SECOND);
    assertThat(server.cuts).isEmpty();
  }

  @Test
  void time_with_room_in_the_bucket_makes_up_for_time_without() {
    End server = End.server(SmuxConfig.original());
    server.receive(SmuxFrame.SYN, 3);
    for (int i = 0; i < 10; i++) {
      readFromFullBucket(server, 40_000, 4 * End.SECOND, 1);
      assertThat(server.session.wantsInput()).isTrue();
      server.advance(5 * End.SECOND);
    }
    assertThat(server.cuts).isEmpty();
  }

  @Test
  void a_thread_that_was_held_up_costs_nobody_a_stream_that_is_read_again() {
    End server = End.server(SmuxConfig.original());
    server.receive(SmuxFrame.SYN, 3);
    readFromFullBucket(server, 40_000, End.SECOND, 1);
    while (server.session.wantsInput()) {
      server.receive(SmuxFrame.PSH, 3, new byte[1000]);
    }
    server.now += 20 * End.SECOND;
    read(server, server.accepted.getFirst(), 40_000);
    readFromFullBucket(server, 40_000, End.SECOND / 10, End.SECOND);
    assertThat(server.cuts).isEmpty();
  }

  @Test
  void a_version_1_peer_may_send_any_amount_on_one_stream() {
    End server = End.server(SmuxConfig.original());
    server.receive(SmuxFrame.SYN, 3);
    for (int i = 0; i < 50; i++) {
      server.receive(SmuxFrame.PSH, 3, new byte[65_535]);
    }
    assertThat(server.cuts).isEmpty();
    assertThat(server.readAll(server.accepted.getFirst())).hasSize(50 * 65_535);
    assertThat(server.outputFrames()).isEmpty();
  }

  // ---- the order of output ----

  @Test
  void streams_take_turns_frame_by_frame() {
    End client = End.client(SmuxConfig.builder().maxFrameBytes(10_000).build());
    client.session.open().write(zeros(30_000));
    client.session.open().write(zeros(15_000));
    client.session.open().write(zeros(100));
    assertThat(client.outputFrames())
        .containsExactly(
            "SYN 3",
            "SYN 5",
            "SYN 7",
            "PSH 3 10000",
            "PSH 5 10000",
            "PSH 7 100",
            "PSH 3 10000",
            "PSH 5 5000",
            "PSH 3 10000");
  }

  @Test
  void a_syn_and_a_keep_alive_overtake_data_that_waits() {
    End client = End.client(SmuxConfig.original());
    client.session.open().write(zeros(100_000));
    ByteBuf sent = Unpooled.buffer();
    for (int i = 0; i < 2; i++) {
      ByteBuf piece = client.piece();
      sent.writeBytes(piece);
      piece.release();
    }
    client.session.open().write(zeros(5));
    client.advance(10 * End.SECOND);
    ByteBuf rest = client.output();
    sent.writeBytes(rest);
    rest.release();
    assertThat(End.frames(sent))
        .startsWith("SYN 3", "PSH 3 32768", "NOP 0", "SYN 5")
        .contains("PSH 5 5");
  }

  @Test
  void small_writes_travel_in_one_frame() {
    End client = End.client(SmuxConfig.original());
    SmuxStream stream = client.session.open();
    for (int i = 0; i < 1000; i++) {
      stream.write(zeros(1));
    }
    assertThat(client.outputFrames()).containsExactly("SYN 3", "PSH 3 1000");
  }

  @Test
  void a_stream_is_full_at_its_bound_and_says_when_it_has_room_again() {
    End client = End.client(SmuxConfig.builder().maxStreamOutputBytes(50_000).build());
    SmuxStream stream = client.session.open();
    assertThat(stream.writableBytes()).isEqualTo(50_000);
    stream.write(zeros(50_000));
    assertThat(stream.writableBytes()).isZero();
    assertThat(client.pollReady()).isEmpty();
    client.output().release();
    assertThat(client.pollReady()).containsExactly(stream);
    assertThat(stream.writableBytes()).isEqualTo(50_000);
  }

  @Test
  void a_large_payload_is_not_copied() {
    End client = End.client(SmuxConfig.original());
    SmuxStream stream = client.session.open();
    client.output().release();
    ByteBuf payload = zeros(20_000);
    stream.write(payload);
    ByteBuf header = client.piece();
    ByteBuf sent = client.piece();
    assertThat(header.readableBytes()).isEqualTo(SmuxFrame.HEADER_BYTES);
    assertThat(sent.array()).isSameAs(payload.array());
    header.release();
    sent.release();
    assertThat(client.session.transmit()).isNull();
  }
}
