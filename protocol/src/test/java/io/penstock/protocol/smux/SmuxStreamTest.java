package io.penstock.protocol.smux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.penstock.protocol.smux.SmuxCloseReason.SessionEnd;
import io.penstock.protocol.smux.SmuxCloseReason.StreamEnd;
import java.util.List;
import org.junit.jupiter.api.Test;

/// The life of a stream and of its session, one state after the other.
class SmuxStreamTest {

  private final End client = End.client(SmuxConfig.original());
  private final End v2 = End.client(SmuxConfig.builder().version(2).build());

  private static SmuxStream opened(End end) {
    SmuxStream stream = end.session.open();
    end.output().release();
    return stream;
  }

  @Test
  void after_the_peers_fin_a_stream_is_read_to_its_end_and_still_written() {
    SmuxStream stream = opened(client);
    client.receive(SmuxFrame.PSH, 3, (byte) 'x');
    client.receive(SmuxFrame.FIN, 3);
    assertThat(stream.state()).isEqualTo(SmuxStreamState.PEER_FINISHED);
    assertThat(stream.isPeerFinished()).isTrue();
    stream.write(End.text("y"));
    assertThat(client.outputFrames()).containsExactly("PSH 3 1");
    assertThat(client.readText(stream)).isEqualTo("x");
    stream.shutdownOutput();
    assertThat(stream.state()).isEqualTo(SmuxStreamState.FINISHING_LAST);
    assertThat(client.outputFrames()).containsExactly("FIN 3");
    assertThat(stream.state()).isEqualTo(SmuxStreamState.FINISHED);
    assertThat(client.session.streams()).isEqualTo(1);
    stream.close(client.now);
    assertThat(client.outputFrames()).isEmpty();
    assertThat(client.session.streams()).isZero();
  }

  @Test
  void after_our_fin_a_stream_is_still_read() {
    SmuxStream stream = opened(client);
    stream.write(End.text("x"));
    stream.shutdownOutput();
    assertThat(stream.state()).isEqualTo(SmuxStreamState.FINISHING);
    assertThat(client.outputFrames()).containsExactly("PSH 3 1", "FIN 3");
    assertThat(stream.state()).isEqualTo(SmuxStreamState.LOCAL_FINISHED);
    client.receive(SmuxFrame.PSH, 3, (byte) 'y');
    client.receive(SmuxFrame.FIN, 3);
    assertThat(stream.state()).isEqualTo(SmuxStreamState.FINISHED);
    assertThat(client.readText(stream)).isEqualTo("y");
    assertThat(stream.isPeerFinished()).isTrue();
  }

  @Test
  void bytes_after_the_peers_fin_are_dropped() {
    SmuxStream stream = opened(client);
    client.receive(SmuxFrame.FIN, 3);
    client.receive(SmuxFrame.PSH, 3, (byte) 'x');
    client.receive(SmuxFrame.FIN, 3);
    assertThat(stream.readableBytes()).isZero();
    assertThat(stream.state()).isEqualTo(SmuxStreamState.PEER_FINISHED);
  }

  @Test
  void a_closed_stream_sends_what_was_written_and_drops_what_comes() {
    SmuxStream stream = opened(client);
    client.receive(SmuxFrame.PSH, 3, new byte[5000]);
    stream.write(End.text("last"));
    stream.close(client.now);
    assertThat(stream.state()).isEqualTo(SmuxStreamState.LINGERING);
    assertThat(client.session.heldInputBytes()).isZero();
    client.receive(SmuxFrame.PSH, 3, new byte[5000]);
    assertThat(client.session.heldInputBytes()).isZero();
    assertThat(client.outputFrames()).containsExactly("PSH 3 4", "FIN 3");
    assertThat(stream.state()).isEqualTo(SmuxStreamState.CLOSED);
    assertThat(client.session.streams()).isZero();
    client.receive(SmuxFrame.PSH, 3, new byte[5000]);
    client.receive(SmuxFrame.FIN, 3);
    assertThat(client.pollReady().stream().filter(s -> s.readableBytes() > 0)).isEmpty();
    assertThat(client.memoryBytes()).isZero();
  }

  @Test
  void a_stream_closed_in_the_middle_of_an_incoming_frame_drops_the_rest() {
    SmuxStream stream = opened(client);
    ByteBuf frame = End.frame(1, SmuxFrame.PSH, 3, new byte[5000]);
    client.receive(frame.readRetainedSlice(3000));
    stream.close(client.now);
    client.receive(frame);
    assertThat(client.session.heldInputBytes()).isZero();
    assertThat(client.outputFrames()).containsExactly("FIN 3");
    SmuxStream next = opened(client);
    client.receive(SmuxFrame.PSH, 5, (byte) 'x');
    assertThat(client.readText(next)).isEqualTo("x");
  }

  @Test
  void a_frame_that_was_begun_is_completed_when_its_stream_is_closed() {
    SmuxStream stream = opened(client);
    stream.write(Unpooled.wrappedBuffer(new byte[30_000]));
    ByteBuf sent = Unpooled.buffer();
    ByteBuf header = client.piece();
    sent.writeBytes(header);
    header.release();
    stream.close(client.now);
    ByteBuf rest = client.output();
    sent.writeBytes(rest);
    rest.release();
    assertThat(End.frames(sent)).containsExactly("PSH 3 30000", "FIN 3");
  }

  @Test
  void closing_or_finishing_twice_is_harmless_and_writing_afterwards_is_not() {
    SmuxStream stream = opened(client);
    stream.shutdownOutput();
    stream.shutdownOutput();
    ByteBuf late = End.text("late");
    assertThatThrownBy(() -> stream.write(late)).isInstanceOf(IllegalStateException.class);
    assertThat(late.refCnt()).isZero();
    assertThat(stream.writableBytes()).isZero();
    stream.close(client.now);
    stream.close(client.now);
    assertThat(client.outputFrames()).containsExactly("FIN 3");
    stream.close(client.now);
    stream.shutdownOutput();
    assertThat(stream.read(1, client.now)).isNull();
    assertThat(client.outputFrames()).isEmpty();
  }

  @Test
  void a_closed_stream_whose_peer_takes_nothing_gives_up_after_the_linger_time() {
    SmuxStream stream = opened(v2);
    SmuxStream later = opened(v2);
    v2.receive(SmuxFrame.UPD, 3, End.update(0, 0));
    v2.receive(SmuxFrame.UPD, 5, End.update(0, 0));
    stream.write(Unpooled.wrappedBuffer(new byte[1000]));
    stream.close(v2.now);
    v2.advance(End.SECOND);
    later.write(Unpooled.wrappedBuffer(new byte[1000]));
    later.close(v2.now);
    assertThat(v2.outputFrames()).isEmpty();
    for (int i = 0; i < 29; i++) {
      v2.receive(SmuxFrame.NOP, 0);
      v2.advance(End.SECOND);
    }
    assertThat(v2.outputFrames()).contains("FIN 3").doesNotContain("FIN 5");
    v2.receive(SmuxFrame.NOP, 0);
    v2.advance(End.SECOND);
    assertThat(v2.outputFrames()).contains("FIN 5");
    assertThat(v2.session.streams()).isZero();
  }

  @Test
  void a_shutdown_sends_what_was_written_then_fins_then_closes() {
    SmuxStream first = opened(client);
    SmuxStream second = opened(client);
    first.write(End.text("last words"));
    client.session.shutdown(client.now);
    client.pollEvents();
    assertThat(client.cuts)
        .containsExactlyInAnyOrder(
            new SmuxEvent.StreamCut(first, SessionEnd.SHUT_DOWN),
            new SmuxEvent.StreamCut(second, SessionEnd.SHUT_DOWN));
    assertThat(client.session.canOpen()).isFalse();
    client.receive(SmuxFrame.SYN, 8);
    assertThat(client.accepted).isEmpty();
    assertThat(client.closed).isEmpty();
    assertThat(client.outputFrames())
        .containsExactlyInAnyOrder("PSH 3 10", "FIN 3", "FIN 5", "FIN 8");
    assertThat(client.closed).containsExactly(SessionEnd.SHUT_DOWN);
  }

  @Test
  void a_shutdown_that_the_peer_does_not_let_finish_ends_after_the_linger_time() {
    End end = End.client(SmuxConfig.builder().version(2).withoutKeepAlive().build());
    SmuxStream stream = opened(end);
    end.receive(SmuxFrame.UPD, 3, End.update(0, 0));
    stream.write(Unpooled.wrappedBuffer(new byte[1000]));
    end.session.shutdown(end.now);
    end.advance(30 * End.SECOND - 1);
    assertThat(end.outputFrames()).isEmpty();
    assertThat(end.closed).isEmpty();
    end.advance(1);
    end.output().release();
    assertThat(end.closed).containsExactly(SessionEnd.SHUT_DOWN);
    assertThat(end.memoryBytes()).isZero();
  }

  @Test
  void the_end_of_the_session_ends_every_stream_once_and_frees_everything() {
    SmuxStream open = opened(client);
    SmuxStream closedByOwner = opened(client);
    client.receive(SmuxFrame.PSH, 3, new byte[5000]);
    open.write(Unpooled.wrappedBuffer(new byte[50_000]));
    closedByOwner.close(client.now);
    client.piece().release();
    client.session.close(SessionEnd.PEER_CLOSED);
    client.session.close(SessionEnd.CLOSED);
    client.pollEvents();
    assertThat(client.cuts).containsExactly(new SmuxEvent.StreamCut(open, SessionEnd.PEER_CLOSED));
    assertThat(client.closed).containsExactly(SessionEnd.PEER_CLOSED);
    assertThat(client.session.streams()).isZero();
    assertThat(client.memoryBytes()).isZero();
    assertThat(client.session.nextDeadlineNanos()).isEqualTo(Long.MAX_VALUE);
    assertThatThrownBy(client.session::open).isInstanceOf(IllegalStateException.class);
    assertThat(open.read(10, client.now)).isNull();
    open.close(client.now);
  }

  @Test
  void streams_beyond_the_backlog_are_refused_and_the_others_go_on() {
    End server = End.server(SmuxConfig.builder().acceptBacklogStreams(2).build());
    ByteBuf input = Unpooled.buffer();
    for (int sid = 3; sid <= 9; sid += 2) {
      for (int command : List.of(SmuxFrame.SYN, SmuxFrame.PSH)) {
        ByteBuf frame =
            End.frame(1, command, sid, command == SmuxFrame.PSH ? new byte[7] : new byte[0]);
        input.writeBytes(frame);
        frame.release();
      }
    }
    server.receive(input);
    assertThat(server.accepted).extracting(SmuxStream::id).containsExactly(3, 5);
    assertThat(server.outputFrames()).containsExactly("FIN 7", "FIN 9");
    assertThat(server.readAll(server.accepted.getLast())).hasSize(7);
    server.receive(SmuxFrame.SYN, 11);
    assertThat(server.accepted).hasSize(3);
  }

  @Test
  void a_peer_has_no_more_live_streams_than_allowed() {
    End server = End.server(SmuxConfig.builder().maxPeerStreams(2).build());
    server.receive(SmuxFrame.SYN, 3);
    server.receive(SmuxFrame.SYN, 5);
    server.receive(SmuxFrame.SYN, 7);
    assertThat(server.outputFrames()).containsExactly("FIN 7");
    server.accepted.getFirst().close(server.now);
    server.output().release();
    server.receive(SmuxFrame.SYN, 9);
    assertThat(server.accepted).extracting(SmuxStream::id).containsExactly(3, 5, 9);
  }

  @Test
  void a_peer_that_floods_with_streams_and_reads_no_refusal_loses_the_session() {
    End server = End.server(SmuxConfig.builder().maxPeerStreams(1).acceptBacklogStreams(4).build());
    for (int sid = 3; sid < 100; sid += 2) {
      server.receive(SmuxFrame.SYN, sid);
    }
    assertThat(server.closed).containsExactly(SessionEnd.OPEN_FLOOD);
  }

  @Test
  void when_the_ids_are_used_up_no_stream_opens_and_the_open_ones_go_on() {
    SmuxSession session = new SmuxSession(SmuxConfig.original(), -5, client.memory, client.now);
    assertThat(session.open().id()).isEqualTo(-3);
    SmuxStream last = session.open();
    assertThat(Integer.toUnsignedString(last.id())).isEqualTo("4294967295");
    assertThat(session.canOpen()).isFalse();
    assertThatThrownBy(session::open)
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("used up");
    last.write(End.text("x"));
    assertThat(session.isClosed()).isFalse();
    session.close(SessionEnd.CLOSED);
  }

  @Test
  void a_stream_cut_off_tells_its_peer_with_fin_and_its_owner_with_an_event() {
    SmuxStream stream = opened(v2);
    stream.write(Unpooled.wrappedBuffer(new byte[100]));
    v2.output().release();
    v2.receive(SmuxFrame.UPD, 3, End.update(101, 65_536));
    assertThat(v2.cuts)
        .containsExactly(new SmuxEvent.StreamCut(stream, StreamEnd.CONSUMED_OVERRUN));
    assertThat(v2.outputFrames()).containsExactly("FIN 3");
    assertThat(stream.state()).isEqualTo(SmuxStreamState.CLOSED);
  }

  @Test
  void an_id_of_ours_that_the_peer_has_taken_is_skipped_while_its_stream_lives() {
    End server = End.server(SmuxConfig.original());
    server.receive(SmuxFrame.SYN, 2);
    server.receive(SmuxFrame.SYN, 4);
    server.receive(SmuxFrame.SYN, 8);
    SmuxStream ours = server.session.open();
    SmuxStream next = server.session.open();
    assertThat(server.outputFrames()).containsExactly("SYN 6", "SYN 10");
    server.receive(SmuxFrame.PSH, 4, (byte) 't');
    server.receive(SmuxFrame.PSH, 6, (byte) 'o');
    assertThat(server.readText(server.accepted.get(1))).isEqualTo("t");
    assertThat(server.readText(ours)).isEqualTo("o");
    server.accepted.forEach(stream -> stream.close(server.now));
    ours.close(server.now);
    next.close(server.now);
    server.output().release();
    assertThat(server.session.streams()).isZero();
    server.session.open();
    assertThat(server.outputFrames()).containsExactly("SYN 12");
  }

  @Test
  void ids_that_the_peer_has_taken_up_to_the_last_leave_none_to_open() {
    SmuxSession session = new SmuxSession(SmuxConfig.original(), -6, client.memory, client.now);
    session.receive(End.frame(1, SmuxFrame.SYN, -2), client.now);
    assertThat(session.open().id()).isEqualTo(-4);
    assertThat(session.canOpen()).isFalse();
    assertThatThrownBy(session::open).hasMessage("the stream ids are used up");
  }
}
