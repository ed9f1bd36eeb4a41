package io.penstock.protocol.codervpn;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.protocol.Deadlines;
import io.penstock.protocol.codervpn.message.ManagerMessage;
import io.penstock.protocol.codervpn.message.StartResponse;
import io.penstock.protocol.codervpn.message.TunnelMessage;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/// How a stream ends: by a stop, by either end, by a broken connection, and at every byte.
@ExtendWith(End.CloseAll.class)
class SpeakerStopTest {

  private static final TunnelMessage START_CANCELLED =
      TunnelMessage.newBuilder()
          .setStart(StartResponse.newBuilder().setErrorMessage("cancelled"))
          .build();

  // ---- the tunnel ----

  @Test
  void the_reply_to_a_stop_is_the_last_frame_and_then_the_output_is_closed() {
    var tunnel = End.openTunnel();
    tunnel.receive(Samples.asked(Samples.STOP, 1));
    tunnel.speaker.send(Samples.log("before"), tunnel.now);
    tunnel.speaker.reply(1, Samples.STOPPED, tunnel.now);
    var ended = new CallFault.StreamEnded(SpeakerEnd.Orderly.STOPPED);
    assertThat(tunnel.speaker.send(Samples.log("after"), tunnel.now)).contains(ended);
    assertThat(tunnel.speaker.call(Samples.SETTINGS, End.SECOND, tunnel.now))
        .isEqualTo(new CallStart.Refused(ended));

    tunnel.takeEvents();
    assertThat(End.tunnelMessages(tunnel.output()))
        .containsExactly(Samples.log("before"), Samples.replied(Samples.STOPPED, 1));
    assertThat(tunnel.takeEvents()).containsExactly(new SpeakerEvent.OutputFinished<>());
    assertThat(tunnel.speaker.isClosed()).isFalse();

    tunnel.inputEnded();
    assertThat(tunnel.end()).isEqualTo(SpeakerEnd.Orderly.STOPPED);
    assertThat(tunnel.speaker.nextDeadlineNanos()).isEqualTo(Deadlines.NONE);
  }

  @Test
  void senders_that_are_at_work_when_the_tunnel_stops_all_get_an_answer() {
    var tunnel = End.openTunnel();
    for (int i = 1; i <= 3; i++) {
      tunnel.speaker.call(Samples.SETTINGS, End.SECOND, tunnel.now);
    }
    tunnel.receive(Samples.asked(Samples.STOP, 1));
    tunnel.takeEvents();
    tunnel.speaker.reply(1, Samples.STOPPED, tunnel.now);
    var ended = new CallFault.StreamEnded(SpeakerEnd.Orderly.STOPPED);
    assertThat(tunnel.takeEvents())
        .containsExactly(
            new SpeakerEvent.CallFailed<>(1, ended),
            new SpeakerEvent.CallFailed<>(2, ended),
            new SpeakerEvent.CallFailed<>(3, ended));
    assertThat(End.tunnelMessages(tunnel.output()))
        .last()
        .isEqualTo(Samples.replied(Samples.STOPPED, 1));
  }

  @Test
  void after_a_stop_nothing_is_looked_at_and_the_wait_for_the_peer_has_a_limit() {
    var tunnel = End.openTunnel();
    tunnel.receive(Samples.asked(Samples.STOP, 1));
    tunnel.speaker.reply(1, Samples.STOPPED, tunnel.now);
    tunnel.output();
    tunnel.takeEvents();
    tunnel.receive(new byte[] {-1, -1, -1, -1, 0, 0});
    tunnel.receive(Samples.asked(Samples.START, 2));
    assertThat(tunnel.takeEvents()).isEmpty();
    assertThat(tunnel.speaker.wantsInput()).isTrue();
    tunnel.advance(5 * End.SECOND);
    assertThat(tunnel.end()).isEqualTo(SpeakerEnd.Orderly.STOPPED);
  }

  @Test
  void a_stop_cancels_the_start_that_is_being_handled_and_waits_for_its_reply() {
    var tunnel = End.openTunnel();
    tunnel.receive(Samples.asked(Samples.START, 1));
    tunnel.receive(Samples.asked(Samples.GET_PEER_UPDATE, 2));
    tunnel.takeEvents();
    tunnel.receive(Samples.asked(Samples.STOP, 3));
    tunnel.receive(Samples.asked(Samples.STOP, 4));
    assertThat(tunnel.takeEvents()).containsExactly(new SpeakerEvent.StartCancelled<>(1));

    tunnel.speaker.reply(1, START_CANCELLED, tunnel.now);
    tunnel.speaker.reply(2, Samples.NO_PEERS, tunnel.now);
    assertThat(tunnel.takeEvents())
        .containsExactly(
            new SpeakerEvent.Request<>(2, Samples.asked(Samples.GET_PEER_UPDATE, 2)),
            new SpeakerEvent.Request<>(3, Samples.asked(Samples.STOP, 3)));
    tunnel.speaker.reply(3, Samples.STOPPED, tunnel.now);
    assertThat(End.tunnelMessages(tunnel.output()))
        .containsExactly(
            Samples.replied(START_CANCELLED, 1),
            Samples.replied(Samples.NO_PEERS, 2),
            Samples.replied(Samples.STOPPED, 3));
  }

  @Test
  void a_start_behind_which_a_stop_waits_already_is_cancelled_when_its_turn_comes() {
    var tunnel = End.openTunnel();
    tunnel.receive(Samples.asked(Samples.GET_PEER_UPDATE, 1));
    tunnel.receive(Samples.asked(Samples.START, 2));
    tunnel.receive(Samples.asked(Samples.STOP, 3));
    tunnel.takeEvents();
    tunnel.speaker.reply(1, Samples.NO_PEERS, tunnel.now);
    assertThat(tunnel.takeEvents())
        .containsExactly(
            new SpeakerEvent.Request<>(2, Samples.asked(Samples.START, 2)),
            new SpeakerEvent.StartCancelled<>(2));
  }

  @Test
  void nothing_but_a_start_is_cancelled_by_a_stop() {
    var tunnel = End.openTunnel();
    tunnel.receive(Samples.asked(Samples.GET_PEER_UPDATE, 1));
    tunnel.receive(Samples.asked(Samples.STOP, 2));
    assertThat(tunnel.takeEvents()).hasSize(1);
  }

  @Test
  void a_start_is_cancelled_when_the_manager_is_gone() {
    var tunnel = End.openTunnel();
    tunnel.receive(Samples.asked(Samples.START, 1));
    tunnel.takeEvents();
    tunnel.speaker.connectionFailed("Connection reset by peer", tunnel.now);
    assertThat(tunnel.takeEvents()).containsExactly(new SpeakerEvent.StartCancelled<>(1));
    tunnel.speaker.reply(1, START_CANCELLED, tunnel.now);
    assertThat(tunnel.output()).isEmpty();
    assertThat(tunnel.end()).isEqualTo(new SpeakerEnd.ConnectionFailed("Connection reset by peer"));
  }

  @Test
  void what_was_asked_before_the_peer_closed_its_direction_is_still_answered() {
    var tunnel = End.openTunnel();
    tunnel.receive(Samples.asked(Samples.GET_PEER_UPDATE, 1));
    tunnel.receive(Samples.asked(Samples.STOP, 2));
    tunnel.inputEnded();
    tunnel.speaker.reply(1, Samples.NO_PEERS, tunnel.now);
    tunnel.speaker.reply(2, Samples.STOPPED, tunnel.now);
    assertThat(End.tunnelMessages(tunnel.output()))
        .containsExactly(Samples.replied(Samples.NO_PEERS, 1), Samples.replied(Samples.STOPPED, 2));
    assertThat(tunnel.end()).isEqualTo(SpeakerEnd.Orderly.STOPPED);

    var slow = End.openTunnel();
    slow.receive(Samples.asked(Samples.START, 1));
    slow.inputEnded();
    assertThat(slow.takeEvents()).last().isEqualTo(new SpeakerEvent.StartCancelled<>(1));
    slow.advance(5 * End.SECOND);
    assertThat(slow.end()).isEqualTo(SpeakerEnd.Orderly.PEER_CLOSED);
  }

  // ---- the manager ----

  @Test
  void a_manager_whose_stop_was_answered_has_nothing_more_to_say() {
    var manager = End.openManager();
    manager.speaker.call(Samples.GET_PEER_UPDATE, End.SECOND, manager.now);
    manager.speaker.call(Samples.STOP, End.SECOND, manager.now);
    manager.output();
    manager.receive(Samples.replied(Samples.STOPPED, 2));
    assertThat(manager.output()).isEmpty();
    var ended = new CallFault.StreamEnded(SpeakerEnd.Orderly.STOPPED);
    assertThat(manager.takeEvents())
        .containsExactly(
            new SpeakerEvent.Replied<>(2, Samples.replied(Samples.STOPPED, 2)),
            new SpeakerEvent.CallFailed<>(1, ended),
            new SpeakerEvent.Closed<>(SpeakerEnd.Orderly.STOPPED));
  }

  @Test
  void what_a_tunnel_said_before_it_answered_the_stop_is_still_told() {
    var manager = End.openManager();
    manager.speaker.call(Samples.STOP, End.SECOND, manager.now);
    manager.output();
    manager.receive(Samples.log("first"));
    manager.receive(Samples.log("last"));
    manager.receive(Samples.replied(Samples.STOPPED, 1));
    manager.speaker.outputFailed("Broken pipe", manager.now);
    manager.inputEnded();
    assertThat(manager.output()).isEmpty();
    manager.speaker.release(1, manager.now);
    manager.speaker.release(2, manager.now);
    assertThat(manager.output()).isEmpty();
    assertThat(manager.takeEvents())
        .containsExactly(
            new SpeakerEvent.Notice<>(1, Samples.log("first")),
            new SpeakerEvent.Replied<>(1, Samples.replied(Samples.STOPPED, 1)),
            new SpeakerEvent.Notice<>(2, Samples.log("last")),
            new SpeakerEvent.Closed<>(SpeakerEnd.Orderly.STOPPED));
  }

  @Test
  void a_manager_that_can_write_no_more_still_reads_the_answer_to_its_stop() {
    var manager = End.openManager();
    manager.speaker.call(Samples.STOP, End.SECOND, manager.now);
    manager.output();
    manager.speaker.call(Samples.GET_PEER_UPDATE, End.SECOND, manager.now);
    manager.speaker.outputFailed("Broken pipe", manager.now);
    assertThat(manager.output()).isEmpty();
    manager.receive(Samples.log("last"));
    manager.receive(Samples.replied(Samples.STOPPED, 1));
    manager.speaker.release(1, manager.now);
    assertThat(manager.output()).isEmpty();
    assertThat(manager.takeEvents())
        .containsExactly(
            new SpeakerEvent.Notice<>(1, Samples.log("last")),
            new SpeakerEvent.Replied<>(1, Samples.replied(Samples.STOPPED, 1)),
            new SpeakerEvent.CallFailed<>(2, new CallFault.StreamEnded(SpeakerEnd.Orderly.STOPPED)),
            new SpeakerEvent.Closed<>(SpeakerEnd.Orderly.STOPPED));
  }

  @Test
  void what_was_said_before_the_connection_was_lost_is_still_told_but_not_what_was_asked() {
    for (boolean broken : new boolean[] {false, true}) {
      var manager = End.openManager();
      manager.speaker.call(Samples.STOP, End.SECOND, manager.now);
      manager.receive(Samples.log("first"));
      manager.receive(Samples.asked(Samples.SETTINGS, 1));
      manager.receive(Samples.log("last"));
      manager.takeEvents();
      if (broken) {
        manager.speaker.connectionFailed("Connection reset by peer", manager.now);
      }
      manager.speaker.connectionClosed(manager.now);
      assertThat(manager.output()).isEmpty();
      manager.speaker.release(1, manager.now);
      manager.speaker.release(3, manager.now);
      assertThat(manager.output()).isEmpty();
      SpeakerEnd end =
          broken
              ? new SpeakerEnd.ConnectionFailed("Connection reset by peer")
              : SpeakerEnd.Orderly.PEER_CLOSED;
      assertThat(manager.takeEvents())
          .containsExactly(
              new SpeakerEvent.CallFailed<>(1, new CallFault.StreamEnded(end)),
              new SpeakerEvent.Ignored<>(SpeakerEvent.Ignored.Why.NOBODY_WAITS),
              new SpeakerEvent.Notice<>(3, Samples.log("last")),
              new SpeakerEvent.Closed<>(end));
    }
  }

  @Test
  void a_broken_output_ends_the_stream_in_time_even_if_the_input_does_not() {
    var manager = End.openManager();
    manager.speaker.outputFailed("Broken pipe", manager.now);
    assertThat(manager.speaker.send(Samples.STOP, manager.now))
        .contains(new CallFault.StreamEnded(new SpeakerEnd.ConnectionFailed("Broken pipe")));
    manager.advance(5 * End.SECOND);
    assertThat(manager.end()).isEqualTo(new SpeakerEnd.ConnectionFailed("Broken pipe"));

    var gone = End.openManager();
    gone.speaker.outputFailed("Broken pipe", gone.now);
    gone.receive(Samples.asked(Samples.SETTINGS, 1));
    gone.inputEnded();
    assertThat(gone.output()).isEmpty();
    assertThat(gone.end()).isEqualTo(SpeakerEnd.Orderly.PEER_CLOSED);

    var finished = End.openManager();
    finished.speaker.outputFailed("Broken pipe", finished.now);
    finished.speaker.finish(finished.now);
    finished.inputEnded();
    assertThat(finished.end()).isEqualTo(SpeakerEnd.Orderly.CLOSED_HERE);
  }

  @Test
  void either_end_may_finish_in_good_order() {
    var manager = End.openManager();
    manager.speaker.call(Samples.GET_PEER_UPDATE, End.SECOND, manager.now);
    manager.speaker.finish(manager.now);
    assertThat(End.managerMessages(manager.output())).hasSize(1);
    assertThat(manager.takeEvents()).last().isEqualTo(new SpeakerEvent.OutputFinished<>());
    manager.inputEnded();
    assertThat(manager.end()).isEqualTo(SpeakerEnd.Orderly.CLOSED_HERE);

    var endedFirst = End.openManager();
    endedFirst.speaker.send(Samples.STOP, endedFirst.now);
    endedFirst.speaker.finish(endedFirst.now);
    endedFirst.inputEnded();
    assertThat(endedFirst.output()).isNotEmpty();
    assertThat(endedFirst.end()).isEqualTo(SpeakerEnd.Orderly.CLOSED_HERE);
  }

  @Test
  void an_end_that_failed_while_ending_keeps_the_reason_that_it_had() {
    var tunnel = End.openTunnel();
    tunnel.receive(Samples.asked(Samples.STOP, 1));
    tunnel.speaker.reply(1, Samples.STOPPED, tunnel.now);
    tunnel.speaker.outputFailed("Broken pipe", tunnel.now);
    tunnel.speaker.connectionFailed("Connection reset by peer", tunnel.now);
    assertThat(tunnel.end()).isEqualTo(SpeakerEnd.Orderly.STOPPED);
  }

  @Test
  void nothing_is_told_or_sent_after_the_end() {
    var tunnel = End.openTunnel();
    tunnel.speaker.send(Samples.log("lost"), tunnel.now);
    tunnel.speaker.close(SpeakerEnd.Orderly.CLOSED_HERE);
    assertThat(tunnel.end()).isEqualTo(SpeakerEnd.Orderly.CLOSED_HERE);
    tunnel.takeEvents();
    tunnel.speaker.close(SpeakerEnd.Orderly.STOPPED);
    tunnel.receive(Samples.asked(Samples.STOP, 1));
    tunnel.inputEnded();
    tunnel.speaker.connectionClosed(tunnel.now);
    tunnel.speaker.outputFailed("x", tunnel.now);
    tunnel.advance(100 * End.SECOND);
    assertThat(tunnel.output()).isEmpty();
    assertThat(tunnel.takeEvents()).isEmpty();
    assertThat(tunnel.speaker.nextDeadlineNanos()).isEqualTo(Deadlines.NONE);
  }

  // ---- hang-ups ----

  /// The peer goes away after every byte of a whole session, and every call ends exactly once.
  @Test
  void a_hang_up_at_any_byte_ends_every_call_once_and_the_stream_with_a_reason() {
    byte[] session =
        End.concat(
            End.latin("codervpn tunnel 1.3\n"),
            End.frame(Samples.asked(Samples.SETTINGS, 1)),
            End.frame(Samples.replied(Samples.NO_PEERS, 2)),
            End.frame(Samples.log("x")),
            End.frame(Samples.replied(Samples.STARTED, 1)),
            End.frame(Samples.replied(Samples.STOPPED, 3)));
    int header = "codervpn tunnel 1.3\n".length();
    for (int length = 0; length <= session.length; length++) {
      var manager = End.manager(SpeakerConfig.manager().header(HeaderChoice.CURRENT).build());
      manager.receive(Arrays.copyOf(session, Math.min(length, header)));
      int calls = 0;
      if (length >= header) {
        for (ManagerMessage call : List.of(Samples.START, Samples.GET_PEER_UPDATE, Samples.STOP)) {
          manager.speaker.call(call, End.SECOND, manager.now);
          calls++;
        }
        manager.receive(Arrays.copyOfRange(session, header, length));
      }
      manager.output();
      manager.speaker.connectionClosed(manager.now);
      // Whoever has a message in hand has time until the limit.
      manager.advance(5 * End.SECOND);
      manager.output();

      var events = manager.takeEvents();
      assertThat(events).filteredOn(e -> e instanceof SpeakerEvent.Closed).hasSize(1);
      assertThat(events).last().isInstanceOf(SpeakerEvent.Closed.class);
      assertThat(
              events.stream()
                  .filter(
                      e ->
                          e instanceof SpeakerEvent.Replied
                              || e instanceof SpeakerEvent.CallFailed))
          .as("%d bytes", length)
          .hasSize(calls);
    }
  }
}
