package io.penstock.protocol.snaptun;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.penstock.protocol.Deadlines;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/// The client's end: establishing, renewing, staying alive.
class ClientTunnelTest {

  private static final long SECOND = 1_000_000_000L;
  private static final long START_SECONDS = 1_700_000_000L;

  private final List<ClientAction> actions = new ArrayList<>();
  private final ClientTunnelConfig config =
      ClientTunnelConfig.builder().idleTimeout(Duration.ZERO).build();
  private long now = 5 * SECOND;
  private ClientTunnel client = new ClientTunnel(config, List.of(Texts.V4), now);

  @Test
  void a_tunnel_is_established_by_a_renewal_and_an_assignment() {
    drain();
    assertThat(actions).containsExactly(new ClientAction.FetchToken(1));
    token("secret");
    assertThat(last()).isEqualTo(sent("secret"));
    renewed(3600);
    assertThat(last())
        .isEqualTo(
            new ClientAction.Send(
                new ControlRequest.AddressAssignment("secret", List.of(Texts.V4), true)));
    actions.clear();
    assigned(Texts.V4);
    assertThat(actions)
        .containsExactly(
            new ClientAction.Assigned(List.of(Texts.V4), List.of()),
            new ClientAction.Established());
    assertThat(client.states().current())
        .isEqualTo(
            new TunnelStates.Versioned(
                new TunnelState.Assigned((START_SECONDS + 3600) * 1000, List.of(Texts.V4)), 2));
    assertThat(client.nextDeadlineNanos() - now).isEqualTo(2700 * SECOND);
  }

  @Test
  void a_supplier_without_a_token_ends_the_attempt() {
    client.tokenFailed(1, "the disk is gone", now);
    assertEnd(
        new TunnelEnd.ConnectFailed(new ConnectFault.NoToken("the disk is gone")),
        "not established: no token: the disk is gone");
  }

  @Test
  void a_token_that_cannot_be_sent_ends_the_attempt() {
    token("a\nb");
    assertEnd(
        new TunnelEnd.ConnectFailed(new ConnectFault.NoToken("it cannot be sent")),
        "not established: no token: it cannot be sent");
  }

  @Test
  void a_refused_token_ends_the_attempt_with_its_status() {
    token("secret");
    respond(new ControlResponse.Failed(ControlResponse.Status.UNAUTHORIZED));
    assertEnd(
        new TunnelEnd.ConnectFailed(
            new ConnectFault.Renewal(new ResponseFault.Status(401, List.of()))),
        "not established: session renewal: the server answered with status 401");
  }

  @Test
  void a_refused_assignment_ends_the_attempt_with_the_reasons() {
    token("secret");
    renewed(3600);
    var refused = List.of(new Refusal(0, "exhausted"), new Refusal(1, "no IPv6"));
    respond(new ControlResponse.Failed(ControlResponse.Status.BAD_REQUEST, refused));
    assertEnd(
        new TunnelEnd.ConnectFailed(
            new ConnectFault.Assignment(new ResponseFault.Status(400, refused))),
        "not established: address assignment: the server answered with status 400;"
            + " exhausted; no IPv6");
  }

  @Test
  void establishing_has_one_time_limit_and_so_have_the_token_and_each_response() {
    advance(10 * SECOND);
    assertThat(end()).isEqualTo(new TunnelEnd.ConnectFailed(ConnectFault.Timeout.TIMEOUT));

    client =
        new ClientTunnel(
            ClientTunnelConfig.builder().tokenTimeout(Duration.ofSeconds(1)).build(),
            List.of(),
            now);
    advance(SECOND);
    assertThat(end().logText()).contains("supplier did not answer in time");

    client = new ClientTunnel(config, List.of(), now);
    actions.clear();
    token("secret");
    advance(5 * SECOND);
    assertThat(actions).contains(ClientAction.DropRequest.DROP_REQUEST);
    assertThat(end())
        .isEqualTo(
            new TunnelEnd.ConnectFailed(
                new ConnectFault.Renewal(ResponseFault.NoResponse.NO_RESPONSE)));
  }

  @Test
  void the_session_is_renewed_with_a_new_token_before_it_ends() {
    establish(3600);
    advance(2700 * SECOND - 1);
    assertThat(actions).isEmpty();
    advance(1);
    assertThat(last()).isInstanceOf(ClientAction.FetchToken.class);
    token("second");
    assertThat(last()).isEqualTo(sent("second"));
    long version = client.states().version();
    renewed(3600);
    assertThat(client.states().version()).isEqualTo(version);
    assertThat(client.nextDeadlineNanos() - now).isEqualTo(2700 * SECOND);
  }

  @Test
  void a_session_below_the_threshold_is_renewed_at_once_but_not_in_a_loop() {
    establish(3);
    advance(0);
    assertThat(last()).isInstanceOf(ClientAction.FetchToken.class);
    token("second");
    renewed(3);
    assertThat(client.nextDeadlineNanos() - now).isEqualTo(SECOND * 9 / 4);
  }

  @Test
  void failures_are_tried_again_later_and_the_fifth_ends_renewing_but_not_the_tunnel() {
    establish(3600);
    advance(2700 * SECOND);
    for (int seconds : new int[] {3, 9, 27, 81}) {
      failToken();
      assertThat(last()).isInstanceOf(ClientAction.RenewalFailed.class);
      assertThat(client.nextDeadlineNanos() - now).isEqualTo(seconds * SECOND);
      advance(seconds * SECOND);
    }
    failToken();
    assertThat(last()).isEqualTo(new ClientAction.RenewalEnded(RenewalEnd.MAX_RETRIES_REACHED));
    assertThat(client.nextDeadlineNanos()).isEqualTo(Deadlines.NONE);
    assertThat(client.states().current().state()).isInstanceOf(TunnelState.Assigned.class);
  }

  @Test
  void a_refused_renewal_counts_as_a_failure_and_a_success_starts_anew() {
    establish(3600);
    advance(2700 * SECOND);
    token("second");
    respond(new ControlResponse.Failed(ControlResponse.Status.UNAUTHORIZED));
    assertThat(last())
        .isEqualTo(new ClientAction.RenewalFailed(1, new ResponseFault.Status(401, List.of())));
    advance(3 * SECOND);
    token("third");
    renewed(3600);
    advance(2700 * SECOND);
    failToken();
    assertThat(client.nextDeadlineNanos() - now).isEqualTo(3 * SECOND);
  }

  @Test
  void a_session_that_is_over_is_no_longer_renewed() {
    establish(0);
    assertThat(last()).isEqualTo(new ClientAction.RenewalEnded(RenewalEnd.SESSION_EXPIRED));
  }

  @Test
  void a_session_is_renewed_only_on_command_if_told_so() {
    client =
        new ClientTunnel(
            ClientTunnelConfig.builder().withoutAutoRenewal().idleTimeout(Duration.ZERO).build(),
            List.of(),
            now);
    establish(3);
    assertThat(client.nextDeadlineNanos()).isEqualTo(Deadlines.NONE);
    long ticket = client.renew(now);
    drain();
    token("second");
    renewed(3600);
    assertThat(last()).isEqualTo(new ClientAction.Done(ticket));
    assertThat(client.nextDeadlineNanos()).isEqualTo(Deadlines.NONE);
  }

  private void establishWithIdleTimeout(Duration timeout) {
    client =
        new ClientTunnel(ClientTunnelConfig.builder().idleTimeout(timeout).build(), List.of(), now);
    actions.clear();
    establish(3600);
    actions.clear();
  }

  @Test
  void an_idle_tunnel_is_kept_alive_with_the_newest_token() {
    establishWithIdleTimeout(Duration.ofSeconds(30));
    pass(10 * SECOND - 1);
    assertThat(actions).isEmpty();
    pass(1);
    assertThat(actions).containsExactly(sent("secret"));
    renewed(3580);
    long ticket = client.renew(now);
    drain();
    token("second");
    renewed(3600);
    assertThat(last()).isEqualTo(new ClientAction.Done(ticket));
    pass(10 * SECOND);
    assertThat(last()).isEqualTo(sent("second"));
    respond(new ControlResponse.Failed(ControlResponse.Status.UNAUTHORIZED));
    pass(10 * SECOND);
    assertThat(last()).isEqualTo(sent("second"));
  }

  @Test
  void a_keep_alive_leaves_within_a_third_of_the_idle_timeout_after_any_last_packet() {
    long third = 10 * SECOND;
    for (long atMillis = 0; atMillis < 10_000; atMillis += 250) {
      establishWithIdleTimeout(Duration.ofSeconds(30));
      pass(atMillis * 1_000_000);
      client.noteTraffic(1);
      actions.clear();
      long lastPacket = now;
      while (actions.isEmpty()) {
        pass(client.nextDeadlineNanos() - now);
      }
      assertThat(actions).containsExactly(sent("secret"));
      assertThat(now - lastPacket)
          .as("after a packet at %s ms", atMillis)
          .isLessThanOrEqualTo(third);
    }
  }

  @Test
  void a_tunnel_with_packets_is_not_kept_alive_by_anything_else() {
    establishWithIdleTimeout(Duration.ofSeconds(30));
    for (int packet = 1; packet <= 60; packet++) {
      pass(5 * SECOND);
      client.noteTraffic(packet);
    }
    assertThat(actions).isEmpty();
  }

  @Test
  void a_keep_alive_that_brings_nothing_is_followed_by_the_next_one_in_time() {
    establishWithIdleTimeout(Duration.ofSeconds(30));
    pass(10 * SECOND);
    pass(5 * SECOND);
    assertThat(last()).isEqualTo(ClientAction.DropRequest.DROP_REQUEST);
    pass(5 * SECOND);
    assertThat(last()).isEqualTo(sent("secret"));
  }

  @Test
  void the_tunnel_is_kept_alive_while_the_supplier_looks_for_a_token() {
    establishWithIdleTimeout(Duration.ofSeconds(30));
    long ticket = client.renew(now);
    drain();
    actions.clear();
    for (int third = 1; third <= 2; third++) {
      pass(10 * SECOND);
      assertThat(actions).containsExactly(sent("secret"));
      renewed(3600 - 10 * third);
      actions.clear();
    }
    client.tokenFetched(2, "second", now);
    drain();
    assertThat(actions).containsExactly(sent("second"));
    renewed(3600);
    assertThat(last()).isEqualTo(new ClientAction.Done(ticket));
  }

  @Test
  void a_token_that_comes_during_a_keep_alive_waits_for_its_answer_or_its_failure() {
    establishWithIdleTimeout(Duration.ofSeconds(30));
    for (boolean answered : new boolean[] {true, false}) {
      long ticket = client.renew(now);
      drain();
      pass(10 * SECOND);
      token("second");
      assertThat(last()).isInstanceOf(ClientAction.Send.class).isNotEqualTo(sent("second"));
      if (answered) {
        renewed(3000);
      } else {
        client.requestFailed("reset", now);
        drain();
      }
      assertThat(last()).isEqualTo(sent("second"));
      renewed(3600);
      assertThat(last()).isEqualTo(new ClientAction.Done(ticket));
      establishWithIdleTimeout(Duration.ofSeconds(30));
    }
  }

  @Test
  void a_supplier_that_takes_too_long_fails_its_renewal_alone() {
    establishWithIdleTimeout(Duration.ofSeconds(30));
    long ticket = client.renew(now);
    drain();
    pass(30 * SECOND);
    assertThat(actions)
        .contains(
            new ClientAction.Failed(
                ticket, new ConnectFault.NoToken("the supplier did not answer in time")));
    renewed(3600);
    actions.clear();
    client.tokenFetched(2, "late", now);
    drain();
    assertThat(actions).isEmpty();
    long next = client.assign(List.of(), now);
    drain();
    assigned(Texts.V4);
    assertThat(last()).isEqualTo(new ClientAction.Done(next));
  }

  @Test
  void a_command_that_waits_for_a_token_is_not_disturbed_by_the_next_command() {
    establish(3600);
    long renewal = client.renew(now);
    drain();
    long token = fetchTicket();
    long assignment = client.assign(List.of(Texts.V6), now);
    client.tokenFetched(token, "second", now);
    drain();
    assertThat(last()).isEqualTo(sent("second"));
    renewed(3600);
    assertThat(actions).contains(new ClientAction.Done(renewal));
    assigned(Texts.V6);
    assertThat(last()).isEqualTo(new ClientAction.Done(assignment));
  }

  @Test
  void a_token_that_the_server_refuses_is_not_used_for_what_follows() {
    establish(3600);
    client.renew(now);
    drain();
    token("bad");
    respond(new ControlResponse.Failed(ControlResponse.Status.UNAUTHORIZED));
    client.assign(List.of(Texts.V6), now);
    drain();
    assertThat(last())
        .isEqualTo(
            new ClientAction.Send(
                new ControlRequest.AddressAssignment("secret", List.of(Texts.V6), true)));
  }

  @Test
  void the_smaller_idle_timeout_of_both_ends_decides() {
    ClientTunnelConfig own =
        ClientTunnelConfig.builder().idleTimeout(Duration.ofSeconds(30)).build();
    assertThat(own.withPeerIdleTimeout(Duration.ofSeconds(6)).keepAliveNanos())
        .isEqualTo(2 * SECOND);
    assertThat(own.withPeerIdleTimeout(Duration.ofSeconds(60))).isEqualTo(own);
    assertThat(own.withPeerIdleTimeout(Duration.ZERO)).isEqualTo(own);
    assertThat(own.withKeepAliveWithin(Duration.ofSeconds(3)).keepAliveNanos())
        .isEqualTo(3 * SECOND);
    assertThat(config.withPeerIdleTimeout(Duration.ofSeconds(6)).keepAliveNanos())
        .as("none wanted")
        .isZero();
  }

  @Test
  void commands_wait_for_each_other_and_are_told_how_they_ended() {
    establish(3600);
    long first = client.assign(List.of(Texts.V6), now);
    long second = client.assign(List.of(), now);
    drain();
    assertThat(actions)
        .containsExactly(
            new ClientAction.Send(
                new ControlRequest.AddressAssignment("secret", List.of(Texts.V6), true)));
    assigned(Texts.V6);
    assertThat(actions).contains(new ClientAction.Done(first));
    respond(new ControlResponse.Failed(ControlResponse.Status.BAD_REQUEST));
    assertThat(last())
        .isEqualTo(new ClientAction.Failed(second, new ResponseFault.Status(400, List.of())));
    assertThat(client.states().version()).isEqualTo(3);
  }

  @Test
  void commands_that_can_no_longer_be_done_are_told_so() {
    establish(3600);
    long first = client.assign(List.of(), now);
    long second = client.renew(now);
    drain();
    actions.clear();
    var end = new TunnelEnd.PeerClosed(4, "session expired");
    client.connectionEnded(end);
    drain();
    assertThat(actions)
        .containsExactly(
            new ClientAction.Failed(first, end),
            new ClientAction.Failed(second, end),
            new ClientAction.Close(end));
    assertThatThrownBy(() -> client.renew(now)).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void commands_are_bounded_and_need_an_established_tunnel() {
    assertThatThrownBy(() -> client.renew(now)).hasMessage("the tunnel is not established");
    establish(3600);
    for (int i = 0; i < 17; i++) {
      client.renew(now);
    }
    assertThatThrownBy(() -> client.renew(now)).hasMessage("16 commands are waiting");
    assertThatThrownBy(() -> client.assign(java.util.Collections.nCopies(9, Texts.V4), now))
        .hasMessageContaining("at most 8");
  }

  @Test
  void a_broken_stream_and_a_broken_response_are_faults() {
    establish(3600);
    long first = client.assign(List.of(), now);
    client.requestFailed("reset", now);
    drain();
    assertThat(last())
        .isEqualTo(new ClientAction.Failed(first, new ResponseFault.StreamFailed("reset")));
    long second = client.assign(List.of(), now);
    client.receive(Texts.bytes("nonsense\r\n"), now);
    drain();
    assertThat(actions).contains(ClientAction.DropRequest.DROP_REQUEST);
    assertThat(last()).isEqualTo(new ClientAction.Failed(second, ResponseFault.Malformed.HEAD));
  }

  private void establish(long seconds) {
    token("secret");
    renewed(seconds);
    assigned(Texts.V4);
    actions.removeIf(action -> !(action instanceof ClientAction.RenewalEnded));
  }

  private void token(String token) {
    drain();
    client.tokenFetched(fetchTicket(), token, now);
    drain();
  }

  private void failToken() {
    drain();
    client.tokenFailed(fetchTicket(), "offline", now);
    drain();
  }

  private long fetchTicket() {
    return actions.stream()
        .filter(action -> action instanceof ClientAction.FetchToken)
        .map(action -> ((ClientAction.FetchToken) action).ticket())
        .reduce((_, second) -> second)
        .orElseThrow();
  }

  private void renewed(long seconds) {
    respond(new ControlResponse.Renewed(millis() / 1000 + seconds));
  }

  private void assigned(AddressRange address) {
    respond(new ControlResponse.Assigned(List.of(address), List.of()));
  }

  private void respond(ControlResponse response) {
    ByteBuf bytes = ServerFixture.encode(response);
    client.receive(bytes, now);
    client.responseFinished(now, millis());
    drain();
  }

  private void advance(long nanos) {
    now += nanos;
    client.onDeadline(now);
    drain();
  }

  /// Lets time pass with every deadline on its way.
  private void pass(long nanos) {
    long until = now + nanos;
    for (long next = client.nextDeadlineNanos();
        next != Deadlines.NONE && next - until <= 0;
        next = client.nextDeadlineNanos()) {
      advance(Math.max(0, next - now));
    }
    now = until;
  }

  private static ClientAction sent(String token) {
    return new ClientAction.Send(new ControlRequest.SessionRenewal(token));
  }

  private void drain() {
    for (ClientAction action = client.pollAction(); action != null; action = client.pollAction()) {
      actions.add(action);
    }
  }

  private void assertEnd(TunnelEnd end, String logText) {
    drain();
    assertThat(end()).isEqualTo(end);
    assertThat(end().closeCode()).isZero();
    assertThat(end().logText()).isEqualTo(logText);
    assertThat(client.states().current().state()).isEqualTo(new TunnelState.Closed(end));
    assertThat(client.nextDeadlineNanos()).isEqualTo(Deadlines.NONE);
  }

  private TunnelEnd end() {
    drain();
    return ((ClientAction.Close) last()).end();
  }

  private ClientAction last() {
    return actions.getLast();
  }

  private long millis() {
    return START_SECONDS * 1000 + (now - 5 * SECOND) / 1_000_000;
  }
}
