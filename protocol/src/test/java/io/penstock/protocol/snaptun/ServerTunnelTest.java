package io.penstock.protocol.snaptun;

import static io.penstock.protocol.snaptun.ServerFixture.HOUR_MILLIS;
import static io.penstock.protocol.snaptun.ServerFixture.SECOND;
import static io.penstock.protocol.snaptun.Texts.ASSIGN;
import static io.penstock.protocol.snaptun.Texts.RENEW;
import static io.penstock.protocol.snaptun.Texts.TOKEN;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penstock.protocol.Deadlines;
import io.penstock.protocol.snaptun.ControlResponse.Status;
import java.util.List;
import org.junit.jupiter.api.Test;

/// The server's end: order, statuses, codes, time limits.
class ServerTunnelTest {

  private static final AddressRange ANY_V4 = AddressRange.ipv4(Texts.ISD_AS, 0);

  @Test
  void a_tunnel_is_established_by_a_renewal_and_an_assignment() {
    var server = new ServerFixture();
    server.request(RENEW + TOKEN);
    assertThat(server.actions).containsExactly(new ServerAction.Validate(1, "secret", true));
    server.validate(new TokenOutcome.Valid(1_700_003_600_000L));
    assertThat(server.last())
        .isEqualTo(new ServerAction.Answer(new ControlResponse.Renewed(1_700_003_600)));
    assertThat(server.tunnel.states().current())
        .isEqualTo(
            new TunnelStates.Versioned(new TunnelState.SessionEstablished(1_700_003_600_000L), 1));
    server.tunnel.answerWritten(server.now);

    server.requestAssignment(Texts.V4);
    server.validate();
    assertThat(server.last()).isEqualTo(new ServerAction.Allocate(3, List.of(Texts.V4), false));
    server.actions.clear();
    assertThat(server.tunnel.allocated(3, List.of(Texts.V4), List.of(), server.now)).isTrue();
    server.drain();
    assertThat(server.actions)
        .containsExactly(
            new ServerAction.Assigned(List.of(Texts.V4)),
            new ServerAction.Answer(new ControlResponse.Assigned(List.of(Texts.V4), List.of())));
    server.tunnel.answerWritten(server.now);
    server.drain();
    assertThat(server.last()).isEqualTo(ServerAction.Simple.ESTABLISHED);
    assertThat(server.tunnel.states().current())
        .isEqualTo(
            new TunnelStates.Versioned(
                new TunnelState.Assigned(1_700_003_600_000L, List.of(Texts.V4)), 2));
  }

  @Test
  void a_peer_that_names_no_address_is_given_any_of_either_family() {
    var server = new ServerFixture();
    server.renewFor(HOUR_MILLIS);
    server.requestAssignment();
    server.validate();
    assertThat(server.last())
        .isEqualTo(
            new ServerAction.Allocate(
                3, List.of(AddressRange.ipv4(0, 0), AddressRange.ipv6(0, 0, 0)), false));
  }

  @Test
  void the_first_request_must_renew_the_session() {
    var server = new ServerFixture();
    server.requestAssignment(Texts.V4);
    assertClosed(server, 1, "expected session renewal request");
  }

  @Test
  void the_second_request_must_ask_for_an_address() {
    var server = new ServerFixture();
    server.renewFor(HOUR_MILLIS);
    server.request(RENEW + TOKEN);
    assertClosed(server, 1, "expected address assignment request");
  }

  @Test
  void afterwards_requests_come_in_any_order() {
    var server = ServerFixture.established();
    server.renewFor(HOUR_MILLIS);
    server.assign(Texts.V6);
    server.renewFor(HOUR_MILLIS);
    assertThat(server.tunnel.wantsRequest()).isTrue();
    assertThat(server.actions).doesNotContain(ServerAction.Simple.ESTABLISHED);
  }

  @Test
  void each_faulty_request_closes_with_its_code_and_reason_also_later() {
    for (ServerFixture server : List.of(new ServerFixture(), ServerFixture.established())) {
      server.request("GET / HTTP/1.1\r\n\r\n");
      assertClosed(server, 1, "invalid method");
    }
    assertClosed("POST / HTTP/1.1\r\n\r\n", 1, "invalid path");
    assertClosed(RENEW + "x: " + "y".repeat(4096), 1, "request too big");
    assertClosed(ASSIGN + TOKEN + "\n\u0012", 1, "error when parsing address assignment request");
    assertClosed(RENEW + "\r\n", 3, "no auth header");
    assertClosed(RENEW + "Authorization: x\r\n\r\n", 3, "bearer not found in authorization header");
    assertClosed("nonsense", 5, "closed prematurely");
  }

  @Test
  void a_reset_request_closes_with_read_error() {
    var server = ServerFixture.established();
    server.tunnel.requestOpened(server.now);
    server.tunnel.requestFailed(server.now);
    server.drain();
    assertClosed(server, 5, "read error");
  }

  @Test
  void a_renewal_that_is_refused_at_first_is_answered_and_then_closed() {
    for (var outcome : TokenOutcome.Invalid.values()) {
      var server = new ServerFixture();
      server.request(RENEW + TOKEN);
      server.validate(outcome);
      assertThat(server.last())
          .isEqualTo(new ServerAction.Answer(new ControlResponse.Failed(outcome.status())));
      server.tunnel.answerWritten(server.now);
      server.drain();
      assertClosed(server, 1, "handling session renewal request");
      assertThat(server.end())
          .isEqualTo(new TunnelEnd.Refused(TunnelEnd.Refused.During.RENEWAL, outcome.status()));
    }
  }

  @Test
  void an_assignment_that_is_refused_at_first_is_answered_and_then_closed() {
    var server = new ServerFixture();
    server.renewFor(HOUR_MILLIS);
    server.requestAssignment(Texts.V4);
    server.validate();
    server.tunnel.allocated(
        server.ticket(), List.of(), List.of(new Refusal(0, "exhausted")), server.now);
    server.drain();
    assertThat(server.last())
        .isEqualTo(new ServerAction.Answer(new ControlResponse.Failed(Status.BAD_REQUEST)));
    server.tunnel.answerWritten(server.now);
    server.drain();
    assertClosed(server, 1, "handling address assignment request");
  }

  @Test
  void why_an_address_is_refused_is_told_to_who_asks_for_it_or_for_several_addresses() {
    assertThat(refusalTold(Texts.ASSIGN + TOKEN, Texts.V4)).isEmpty();
    assertThat(refusalTold(Texts.ASSIGN + TOKEN)).isEmpty();
    assertThat(refusalTold(Texts.ASSIGN + TOKEN, Texts.V4, Texts.V6)).isNotEmpty();
    assertThat(refusalTold(Texts.ASSIGN + Texts.TELL + TOKEN, Texts.V4)).isNotEmpty();
    assertThat(refusalTold(Texts.ASSIGN + Texts.TELL + TOKEN)).isNotEmpty();
  }

  private static List<Refusal> refusalTold(String head, AddressRange... wanted) {
    var server = ServerFixture.established();
    server.request(Texts.bytes(head, Messages.assignRequest(List.of(wanted))));
    server.validate();
    server.tunnel.allocated(
        server.ticket(), List.of(), List.of(new Refusal(0, "exhausted")), server.now);
    server.drain();
    return ((ControlResponse.Failed) ((ServerAction.Answer) server.last()).response()).refused();
  }

  @Test
  void a_refusal_that_cannot_be_sent_closes_all_the_same() {
    var server = new ServerFixture();
    server.request(RENEW + TOKEN);
    server.validate(TokenOutcome.Invalid.BAD_SIGNATURE);
    server.advance(2 * SECOND);
    assertClosed(server, 1, "handling session renewal request");
  }

  @Test
  void later_a_refusal_leaves_the_tunnel_up() {
    assertThat(List.of(TokenOutcome.Invalid.values()))
        .map(
            outcome -> {
              var server = ServerFixture.established();
              server.request(RENEW + TOKEN);
              server.validate(outcome);
              server.tunnel.answerWritten(server.now);
              assertThat(server.tunnel.wantsRequest()).isTrue();
              return server.status();
            })
        .containsExactly(401, 401, 401, 400, 500);
  }

  @Test
  void the_token_is_judged_before_what_is_asked_for() {
    assertThat(statusOf(TokenOutcome.Invalid.EXPIRED, Texts.V4, Texts.V4, Texts.V4)).isEqualTo(401);
    assertThat(statusOf(valid(), Texts.V4, Texts.V4, Texts.V4)).isEqualTo(501);
    assertThat(statusOf(valid(), Texts.V4.withIsdAs(0), Texts.V4, Texts.V4)).isEqualTo(501);
    assertThat(statusOf(valid(), Texts.V4.withIsdAs(0))).isEqualTo(400);
  }

  @Test
  void a_server_that_gives_one_address_answers_two_as_the_original_does() {
    var server = ServerFixture.established(ServerTunnelConfig.builder().maxAddresses(1).build());
    server.requestAssignment(Texts.V4, Texts.V6);
    server.validate();
    assertThat(server.status()).isEqualTo(501);
  }

  @Test
  void several_addresses_are_answered_in_order_with_those_refused() {
    var server = ServerFixture.established();
    server.requestAssignment(Texts.V6, ANY_V4);
    server.validate();
    assertThat(server.last())
        .isEqualTo(new ServerAction.Allocate(server.ticket(), List.of(Texts.V6, ANY_V4), true));
    var refused = List.of(new Refusal(0, "path MTU 1252 is below 1280"));
    server.tunnel.allocated(server.ticket(), List.of(Texts.V4), refused, server.now);
    server.drain();
    assertThat(server.last())
        .isEqualTo(
            new ServerAction.Answer(new ControlResponse.Assigned(List.of(Texts.V4), refused)));
  }

  @Test
  void no_request_for_three_seconds_closes_with_timeout() {
    var server = new ServerFixture();
    assertThat(server.tunnel.nextDeadlineNanos() - server.now).isEqualTo(3 * SECOND);
    server.advance(3 * SECOND - 1);
    assertThat(server.actions).isEmpty();
    server.advance(1);
    assertClosed(server, 2, "timeout establishing snaptun");
    assertThat(server.tunnel.nextDeadlineNanos()).isEqualTo(Deadlines.NONE);
  }

  @Test
  void both_requests_share_the_three_seconds() {
    var server = new ServerFixture();
    server.advance(2 * SECOND);
    server.renewFor(HOUR_MILLIS);
    server.tunnel.requestOpened(server.now);
    server.advance(SECOND);
    assertClosed(server, 2, "timeout establishing snaptun");
  }

  @Test
  void a_slow_judge_does_not_stop_the_three_seconds() {
    var server = new ServerFixture();
    server.request(RENEW + TOKEN);
    long ticket = server.ticket();
    server.advance(3 * SECOND);
    assertClosed(server, 2, "timeout establishing snaptun");
    assertThat(server.tunnel.validated(ticket, valid(), server.now, server.millisNow())).isFalse();
    server.drain();
    assertThat(server.last()).isInstanceOf(ServerAction.Close.class);
  }

  @Test
  void an_answer_that_is_not_taken_for_two_seconds_closes_the_connection() {
    var server = ServerFixture.established();
    server.request(RENEW + TOKEN);
    server.validate();
    server.advance(2 * SECOND - 1);
    assertThat(server.last()).isInstanceOf(ServerAction.Answer.class);
    server.advance(1);
    assertClosed(server, 5, "send control response error");
    assertThat(server.end()).isEqualTo(TunnelEnd.ServerEnd.SEND_TIMEOUT);
  }

  @Test
  void an_answer_that_cannot_be_sent_closes_the_connection() {
    var server = ServerFixture.established();
    server.request(RENEW + TOKEN);
    server.validate();
    server.tunnel.answerFailed(server.now);
    server.drain();
    assertClosed(server, 5, "send control response error");
    assertThat(server.end()).isEqualTo(TunnelEnd.ServerEnd.SEND_FAILED);
  }

  @Test
  void a_session_ends_to_the_second() {
    var server = new ServerFixture();
    server.renewFor(1500);
    server.assign(Texts.V4);
    server.advance(SECOND * 3 / 2 - 1);
    assertThat(server.last()).isEqualTo(ServerAction.Simple.ESTABLISHED);
    server.advance(1);
    assertClosed(server, 4, "session expired");
  }

  @Test
  void a_session_ends_also_while_a_request_is_stuck() {
    var server =
        ServerFixture.established(
            ServerTunnelConfig.builder().requestTimeout(java.time.Duration.ofDays(1)).build());
    server.renewFor(1000);
    server.tunnel.requestOpened(server.now);
    server.advance(SECOND);
    assertClosed(server, 4, "session expired");

    server = ServerFixture.established();
    server.renewFor(1000);
    server.request(RENEW + TOKEN);
    server.validate(TokenOutcome.Invalid.EXPIRED);
    server.advance(SECOND);
    assertClosed(server, 4, "session expired");
  }

  @Test
  void a_renewal_moves_the_end_of_the_session_and_is_no_change_of_state() {
    var server = ServerFixture.established();
    long version = server.tunnel.states().version();
    server.renewFor(1000);
    server.renewFor(10_000);
    assertThat(server.tunnel.states().version()).isEqualTo(version);
    server.advance(9 * SECOND);
    assertThat(server.last()).isInstanceOf(ServerAction.Answer.class);
    server.renewFor(1000);
    server.advance(SECOND);
    assertClosed(server, 4, "session expired");
  }

  @Test
  void a_token_of_a_far_future_does_not_end_today() {
    var server = ServerFixture.established();
    server.renewFor(Long.MAX_VALUE - ServerFixture.START_MILLIS - HOUR_MILLIS);
    server.advance(3600 * SECOND);
    assertThat(server.last()).isInstanceOf(ServerAction.Answer.class);
  }

  @Test
  void a_stuck_request_is_dropped_and_the_next_one_read() {
    var server = ServerFixture.established();
    server.tunnel.requestOpened(server.now);
    server.tunnel.receive(Texts.bytes(RENEW), server.now);
    server.advance(3 * SECOND);
    assertThat(server.actions).containsExactly(ServerAction.Simple.DROP_REQUEST);
    server.renewFor(HOUR_MILLIS);
    assertThat(server.status()).isEqualTo(200);
  }

  @Test
  void outside_work_that_takes_too_long_is_answered_with_500_and_its_result_is_not_wanted() {
    var server = ServerFixture.established();
    server.requestAssignment(Texts.V6);
    server.validate();
    long ticket = server.ticket();
    server.advance(3 * SECOND);
    assertThat(server.status()).isEqualTo(500);
    assertThat(server.tunnel.allocated(ticket, List.of(Texts.V6), List.of(), server.now)).isFalse();
    assertThat(addresses(server)).containsExactly(Texts.V4);
  }

  @Test
  void an_observer_notices_however_many_steps_lie_between_two_looks() {
    var server = ServerFixture.established();
    long seen = server.tunnel.states().version();
    server.assign(Texts.V6);
    server.assign(Texts.V4);
    server.assign(Texts.V6);
    assertThat(server.tunnel.states().version()).isEqualTo(seen + 3);
    assertThat(addresses(server)).containsExactly(Texts.V6);
  }

  @Test
  void a_tunnel_closes_once_and_for_good() {
    var server = ServerFixture.established();
    server.tunnel.close(4, "session replaced");
    server.drain();
    assertClosed(server, 4, "session replaced");
    long version = server.tunnel.states().version();
    server.tunnel.close(0, "");
    server.tunnel.connectionEnded(new TunnelEnd.ConnectionLost("idle"));
    server.tunnel.receive(Texts.bytes("x"), server.now);
    server.tunnel.answerWritten(server.now);
    server.advance(100 * SECOND);
    assertThat(server.actions).hasSize(1);
    assertThat(server.tunnel.states().version()).isEqualTo(version);
    assertThat(server.tunnel.wantsRequest()).isFalse();
    assertThat(server.tunnel.allocated(0, List.of(Texts.V4), List.of(), server.now)).isFalse();
    assertThatThrownBy(() -> server.tunnel.requestOpened(server.now))
        .isInstanceOf(IllegalStateException.class);
  }

  @Test
  void a_peer_that_closes_ends_the_tunnel_gracefully_and_a_lost_connection_does_not() {
    assertThat(new TunnelEnd.PeerClosed(0, "").graceful()).isTrue();
    assertThat(new TunnelEnd.ConnectionLost("idle").graceful()).isFalse();
    var server = ServerFixture.established();
    server.tunnel.connectionEnded(new TunnelEnd.PeerClosed(7, "bye"));
    server.drain();
    assertThat(server.actions)
        .containsExactly(new ServerAction.Close(new TunnelEnd.PeerClosed(7, "bye")));
    assertThat(server.tunnel.states().current().state())
        .isEqualTo(new TunnelState.Closed(new TunnelEnd.PeerClosed(7, "bye")));
  }

  @Test
  void a_config_says_which_key_is_wrong() {
    assertThatThrownBy(() -> ServerTunnelConfig.builder().maxAddresses(9).build())
        .hasMessage("maxAddresses is 9, allowed is 1 to 8");
    assertThatThrownBy(() -> new ServerTunnelConfig(0, 1, 1, 1)).hasMessageContaining("accept");
    assertThatThrownBy(() -> new ServerTunnelConfig(1, 0, 1, 1)).hasMessageContaining("send");
    assertThatThrownBy(() -> new ServerTunnelConfig(1, 1, 0, 1)).hasMessageContaining("request");
  }

  private static void assertClosed(String request, int code, String reason) {
    var server = ServerFixture.established();
    server.request(request);
    assertClosed(server, code, reason);
  }

  private static void assertClosed(ServerFixture server, int code, String reason) {
    assertThat(server.end().closeCode()).isEqualTo(code);
    assertThat(server.end().peerText()).isEqualTo(reason);
    assertThat(server.tunnel.states().current().state())
        .isEqualTo(new TunnelState.Closed(server.end()));
  }

  private static int statusOf(TokenOutcome outcome, AddressRange... wanted) {
    var server = ServerFixture.established();
    server.requestAssignment(wanted);
    server.validate(outcome);
    return server.status();
  }

  private static TokenOutcome valid() {
    return new TokenOutcome.Valid(ServerFixture.START_MILLIS + HOUR_MILLIS);
  }

  private static List<AddressRange> addresses(ServerFixture server) {
    return ((TunnelState.Assigned) server.tunnel.states().current().state()).addresses();
  }
}
