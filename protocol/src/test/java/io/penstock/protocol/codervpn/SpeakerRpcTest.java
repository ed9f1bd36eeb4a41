package io.penstock.protocol.codervpn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penstock.protocol.Deadlines;
import io.penstock.protocol.codervpn.message.Agent;
import io.penstock.protocol.codervpn.message.LastPing;
import io.penstock.protocol.codervpn.message.ManagerMessage;
import io.penstock.protocol.codervpn.message.NetworkSettingsResponse;
import io.penstock.protocol.codervpn.message.PeerUpdate;
import io.penstock.protocol.codervpn.message.RPC;
import io.penstock.protocol.codervpn.message.TunnelMessage;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/// Requests and replies: ids, order, one reply each, cancelling, time, and what is ignored.
@ExtendWith(End.CloseAll.class)
class SpeakerRpcTest {

  private static final long LIMIT = 10 * End.SECOND;

  private static long call(End<ManagerMessage, TunnelMessage> manager, ManagerMessage request) {
    return waiting(manager.speaker.call(request, LIMIT, manager.now));
  }

  private static long waiting(CallStart start) {
    assertThat(start).isInstanceOf(CallStart.Waiting.class);
    return start instanceof CallStart.Waiting(long call) ? call : 0;
  }

  // ---- calls ----

  @Test
  void a_call_gets_the_reply_with_its_id() {
    var manager = End.openManager();
    long call = call(manager, Samples.START);
    assertThat(End.managerMessages(manager.output()))
        .containsExactly(Samples.asked(Samples.START, 1));
    TunnelMessage reply = Samples.replied(Samples.STARTED, 1);
    manager.receive(reply);
    assertThat(manager.takeEvents()).containsExactly(new SpeakerEvent.Replied<>(call, reply));
    assertThat(manager.speaker.nextDeadlineNanos()).isEqualTo(Deadlines.NONE);
  }

  @Test
  void ids_count_from_1_for_what_is_sent_and_each_end_counts_alone() {
    var config = SpeakerConfig.manager().header(HeaderChoice.CURRENT).maxPendingCalls(2).build();
    var manager = End.openManager(config);
    call(manager, Samples.START);
    call(manager, Samples.GET_PEER_UPDATE);
    assertThat(manager.speaker.call(Samples.GET_PEER_UPDATE, LIMIT, manager.now))
        .isEqualTo(new CallStart.Refused(CallFault.Plain.TOO_MANY_CALLS));
    manager.receive(Samples.replied(Samples.STARTED, 1));
    call(manager, Samples.STOP);
    assertThat(End.managerMessages(manager.output()))
        .containsExactly(
            Samples.asked(Samples.START, 1),
            Samples.asked(Samples.GET_PEER_UPDATE, 2),
            Samples.asked(Samples.STOP, 3));

    // The tunnel's own request has the id 1, too.
    manager.receive(Samples.asked(Samples.SETTINGS, 1));
    assertThat(manager.takeEvents())
        .last()
        .isEqualTo(new SpeakerEvent.Request<>(1, Samples.asked(Samples.SETTINGS, 1)));
  }

  @Test
  void replies_may_come_in_any_order() {
    var manager = End.openManager();
    long first = call(manager, Samples.START);
    long second = call(manager, Samples.GET_PEER_UPDATE);
    manager.receive(Samples.replied(Samples.NO_PEERS, second));
    manager.receive(Samples.replied(Samples.STARTED, first));
    assertThat(manager.takeEvents())
        .containsExactly(
            new SpeakerEvent.Replied<>(second, Samples.replied(Samples.NO_PEERS, second)),
            new SpeakerEvent.Replied<>(first, Samples.replied(Samples.STARTED, first)));
  }

  @Test
  void a_second_or_unknown_reply_is_ignored() {
    var manager = End.openManager();
    call(manager, Samples.START);
    manager.receive(Samples.replied(Samples.STARTED, 1));
    manager.takeEvents();
    manager.receive(Samples.replied(Samples.STARTED, 1));
    manager.receive(Samples.replied(Samples.STARTED, 2));
    manager.receive(Samples.replied(Samples.STARTED, -1));
    assertThat(manager.takeEvents())
        .containsOnly(new SpeakerEvent.Ignored<>(SpeakerEvent.Ignored.Why.LATE_REPLY))
        .hasSize(3);
    // A late answer to a stop that nobody waits for stops nothing.
    manager.receive(Samples.replied(Samples.STOPPED, 1));
    assertThat(manager.speaker.send(Samples.STOP, manager.now)).isEmpty();
  }

  @Test
  void a_message_with_both_ids_is_a_reply() {
    var manager = End.openManager();
    call(manager, Samples.START);
    TunnelMessage both =
        Samples.STARTED.toBuilder().setRpc(RPC.newBuilder().setMsgId(5).setResponseTo(1)).build();
    manager.receive(both);
    assertThat(manager.takeEvents()).containsExactly(new SpeakerEvent.Replied<>(1, both));
  }

  @Test
  void a_cancelled_call_ends_at_once_and_its_late_reply_harms_nobody() {
    var manager = End.openManager();
    long call = call(manager, Samples.START);
    manager.output();
    manager.speaker.cancel(call);
    assertThat(manager.takeEvents())
        .containsExactly(new SpeakerEvent.CallFailed<>(call, CallFault.Plain.CANCELLED));
    manager.speaker.cancel(call);
    manager.receive(Samples.replied(Samples.STARTED, call));
    assertThat(manager.takeEvents())
        .containsExactly(new SpeakerEvent.Ignored<>(SpeakerEvent.Ignored.Why.LATE_REPLY));
    assertThat(call(manager, Samples.GET_PEER_UPDATE)).isEqualTo(2);
  }

  @Test
  void a_call_waits_until_its_own_deadline() {
    var manager = End.openManager();
    long slow = waiting(manager.speaker.call(Samples.START, 10 * End.SECOND, manager.now));
    long fast = waiting(manager.speaker.call(Samples.GET_PEER_UPDATE, 2 * End.SECOND, manager.now));
    manager.output();
    assertThat(manager.speaker.nextDeadlineNanos()).isEqualTo(manager.now + 2 * End.SECOND);
    manager.advance(2 * End.SECOND - 1);
    assertThat(manager.events).isEmpty();
    manager.advance(1);
    assertThat(manager.takeEvents())
        .containsExactly(new SpeakerEvent.CallFailed<>(fast, CallFault.Plain.TIMED_OUT));
    manager.advance(8 * End.SECOND);
    assertThat(manager.takeEvents())
        .containsExactly(new SpeakerEvent.CallFailed<>(slow, CallFault.Plain.TIMED_OUT));
    assertThat(manager.speaker.isClosed()).isFalse();
  }

  @Test
  void every_call_fails_when_the_stream_ends() {
    var manager = End.openManager();
    call(manager, Samples.START);
    call(manager, Samples.GET_PEER_UPDATE);
    manager.output();
    manager.inputEnded();
    manager.output();
    var ended = new CallFault.StreamEnded(SpeakerEnd.Orderly.PEER_CLOSED);
    assertThat(manager.takeEvents())
        .containsExactly(
            new SpeakerEvent.CallFailed<>(1, ended),
            new SpeakerEvent.CallFailed<>(2, ended),
            new SpeakerEvent.Closed<>(SpeakerEnd.Orderly.PEER_CLOSED));
    assertThat(ended.logText()).isEqualTo("the stream has ended: the peer closed the stream");
    assertThat(manager.speaker.call(Samples.START, LIMIT, manager.now))
        .isEqualTo(new CallStart.Refused(ended));
    assertThat(manager.speaker.send(Samples.START, manager.now)).contains(ended);
  }

  // ---- requests ----

  @Test
  void requests_are_told_one_at_a_time_in_order_and_replied_to_with_their_ids() {
    var tunnel = End.openTunnel();
    tunnel.receive(
        End.concat(
            End.frame(Samples.asked(Samples.GET_PEER_UPDATE, 11)),
            End.frame(Samples.asked(Samples.START, 12))));
    assertThat(tunnel.takeEvents())
        .containsExactly(new SpeakerEvent.Request<>(1, Samples.asked(Samples.GET_PEER_UPDATE, 11)));
    tunnel.speaker.reply(1, Samples.NO_PEERS, tunnel.now);
    assertThat(tunnel.takeEvents())
        .containsExactly(new SpeakerEvent.Request<>(2, Samples.asked(Samples.START, 12)));
    tunnel.speaker.reply(2, Samples.STARTED, tunnel.now);
    assertThat(End.tunnelMessages(tunnel.output()))
        .containsExactly(
            Samples.replied(Samples.NO_PEERS, 11), Samples.replied(Samples.STARTED, 12));
  }

  @Test
  void a_notice_is_told_in_its_turn_and_released() {
    var manager = End.openManager();
    manager.receive(Samples.asked(Samples.SETTINGS, 1));
    manager.receive(Samples.log("later"));
    assertThat(manager.takeEvents()).hasSize(1);
    manager.speaker.release(1, manager.now);
    assertThat(manager.takeEvents())
        .containsExactly(new SpeakerEvent.Notice<>(2, Samples.log("later")));
    manager.speaker.release(2, manager.now);
    assertThat(manager.output()).isEmpty();
  }

  @Test
  void a_reply_of_ours_may_wait_while_the_peer_replies_to_us() {
    var tunnel = End.openTunnel();
    tunnel.receive(Samples.asked(Samples.START, 1));
    long settings = waiting(tunnel.speaker.call(Samples.SETTINGS, LIMIT, tunnel.now));
    tunnel.receive(Samples.asked(Samples.GET_PEER_UPDATE, 2));
    ManagerMessage reply = Samples.replied(ManagerMessage.getDefaultInstance(), settings);
    tunnel.receive(reply);
    assertThat(tunnel.takeEvents())
        .containsExactly(
            new SpeakerEvent.Request<>(1, Samples.asked(Samples.START, 1)),
            new SpeakerEvent.Replied<>(settings, reply));
  }

  @Test
  void a_request_without_an_id_cannot_be_replied_to_and_is_ignored() {
    var tunnel = End.openTunnel();
    tunnel.receive(Samples.STOP);
    tunnel.receive(Samples.asked(Samples.STOP, 0));
    assertThat(tunnel.takeEvents())
        .containsOnly(new SpeakerEvent.Ignored<>(SpeakerEvent.Ignored.Why.NO_ID))
        .hasSize(2);
    assertThat(tunnel.output()).isEmpty();
  }

  @Test
  void a_request_of_an_unknown_kind_is_replied_to_with_nothing_in_it() {
    var tunnel = End.openTunnel();
    ManagerMessage nothing = ManagerMessage.getDefaultInstance();
    ManagerMessage response =
        nothing.toBuilder()
            .setNetworkSettings(NetworkSettingsResponse.getDefaultInstance())
            .build();
    tunnel.receive(Samples.asked(nothing, 4));
    tunnel.receive(Samples.asked(response, 5));
    tunnel.receive(response);
    assertThat(tunnel.takeEvents())
        .containsOnly(new SpeakerEvent.Ignored<>(SpeakerEvent.Ignored.Why.UNKNOWN_MESSAGE))
        .hasSize(3);
    TunnelMessage empty = TunnelMessage.getDefaultInstance();
    assertThat(End.tunnelMessages(tunnel.output()))
        .containsExactly(Samples.replied(empty, 4), Samples.replied(empty, 5));
  }

  @Test
  void only_the_message_in_hand_can_be_replied_to() {
    var tunnel = End.openTunnel();
    assertThatThrownBy(() -> tunnel.speaker.reply(1, Samples.STARTED, tunnel.now))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("message 1 is not being handled");
    tunnel.receive(Samples.asked(Samples.START, 1));
    tunnel.speaker.reply(1, Samples.STARTED, tunnel.now);
    assertThatThrownBy(() -> tunnel.speaker.reply(1, Samples.STARTED, tunnel.now))
        .isInstanceOf(IllegalStateException.class);

    tunnel.receive(Samples.asked(Samples.START, 2));
    tunnel.speaker.close(SpeakerEnd.Orderly.CLOSED_HERE);
    tunnel.speaker.reply(2, Samples.STARTED, tunnel.now);
    tunnel.speaker.release(2, tunnel.now);
    assertThat(tunnel.output()).isEmpty();
  }

  // ---- versions ----

  @Test
  void a_wake_is_not_sent_to_a_peer_that_does_not_know_it() {
    var manager = End.manager(SpeakerConfig.manager().header(HeaderChoice.CURRENT).build());
    manager.receive("codervpn tunnel 1.2\n");
    manager.output();
    var refused = manager.speaker.call(Samples.WAKE, LIMIT, manager.now);
    assertThat(refused)
        .isEqualTo(
            new CallStart.Refused(
                new CallFault.Unsupported(ProtocolVersion.V1_3, ProtocolVersion.V1_2)));
    assertThat(manager.output()).isEmpty();

    var newer = End.openManager();
    call(newer, Samples.WAKE);
    assertThat(End.managerMessages(newer.output())).containsExactly(Samples.asked(Samples.WAKE, 1));
  }

  @Test
  void fields_that_the_peer_does_not_know_are_left_out() {
    var start = Samples.START.toBuilder();
    start.getStartBuilder().setDeviceId("d").setDeviceOs("linux").setCoderDesktopVersion("1");
    start.getStartBuilder().addHeadersBuilder().setName("X").setValue("y");
    ManagerMessage withoutDevice = start.build().toBuilder().build();
    var expected = withoutDevice.toBuilder();
    expected.getStartBuilder().clearDeviceId().clearDeviceOs().clearCoderDesktopVersion();

    var old = End.manager(SpeakerConfig.manager().build());
    old.receive("codervpn 1.0 tunnel\n");
    old.output();
    call(old, start.build());
    assertThat(End.managerMessages(old.output()))
        .containsExactly(Samples.asked(expected.build(), 1));

    var newer = End.openManager();
    call(newer, start.build());
    assertThat(End.managerMessages(newer.output()))
        .containsExactly(Samples.asked(start.build(), 1));
  }

  @Test
  void the_last_ping_is_for_managers_since_1_2() {
    Agent agent = Samples.agent(1, 2);
    Agent pinged = agent.toBuilder().setLastPing(LastPing.newBuilder().setDidP2P(true)).build();
    TunnelMessage update = update(pinged);

    var old = End.tunnel(SpeakerConfig.tunnel().build());
    old.receive("codervpn manager 1.1\n");
    old.output();
    assertThat(old.speaker.send(update, old.now)).isEqualTo(Optional.empty());
    assertThat(End.tunnelMessages(old.output())).containsExactly(update(agent));

    var newer = End.openTunnel();
    newer.speaker.send(update, newer.now);
    assertThat(End.tunnelMessages(newer.output())).containsExactly(update);
  }

  private static TunnelMessage update(Agent agent) {
    return TunnelMessage.newBuilder()
        .setPeerUpdate(PeerUpdate.newBuilder().addUpsertedAgents(agent))
        .build();
  }
}
