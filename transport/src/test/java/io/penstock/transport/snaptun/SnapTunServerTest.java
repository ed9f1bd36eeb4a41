package io.penstock.transport.snaptun;

import static io.penstock.transport.snaptun.RawStream.ASSIGN;
import static io.penstock.transport.snaptun.RawStream.RENEW;
import static io.penstock.transport.snaptun.RawStream.TOKEN;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.netty.handler.codec.quic.QuicChannel;
import io.penstock.protocol.snaptun.RequestFault;
import io.penstock.protocol.snaptun.TunnelEnd;
import io.penstock.transport.quic.QuicConfig;
import io.penstock.transport.quic.QuicEnd;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// The server over real QUIC, with peers that write their requests themselves.
class SnapTunServerTest {

  private static final String UNAUTHORIZED = "HTTP/1.1 401 Unauthorized";
  private static final String BAD_REQUEST = "HTTP/1.1 400 Bad Request";
  private static final String OK = "HTTP/1.1 200 OK";
  private static final String TELL = "Penstock-Tell: refused\r\n";

  @SuppressWarnings("NullAway.Init") // each test starts its own
  private Tunnels tunnels;

  @AfterEach
  void close() {
    if (tunnels != null) {
      tunnels.close();
    }
  }

  @Test
  void a_renewal_and_an_assignment_make_a_tunnel() throws Exception {
    tunnels = Tunnels.start();
    QuicChannel connection = tunnels.connection();
    String renewed = RawStream.request(connection, RENEW + TOKEN).response();
    assertThat(renewed).startsWith("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n\u0008");
    String assigned = RawStream.request(connection, ASSIGN + TOKEN).response();
    assertThat(assigned).startsWith("HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n\n\u0012");
    var tunnel = tunnels.tunnel();
    assertThat(tunnel.claims()).isEqualTo("node");
    assertThat(tunnel.control().addresses()).hasToString("[1-ff00:0:110,10.0.0.1]");
    assertThat(tunnel.sender().addresses()).isEqualTo(tunnel.control().addresses());
    assertThat(tunnel.control().expiry())
        .isBetween(Instant.now().plusSeconds(3590), Instant.now().plusSeconds(3601));
    assertThat(tunnels.metrics().tunnels()).isEqualTo(1);
  }

  @Test
  void a_connection_that_never_sends_a_request_goes_away_at_three_seconds_with_code_2()
      throws Exception {
    tunnels = Tunnels.start();
    long start = System.nanoTime();
    QuicChannel connection = tunnels.connection();
    assertThat(Tunnels.endOf(connection))
        .isEqualTo(new QuicEnd.ByPeer(2, "timeout establishing snaptun"));
    assertThat(Duration.ofNanos(System.nanoTime() - start))
        .isBetween(Duration.ofMillis(2900), Duration.ofMillis(4500));
    assertThat(tunnels.accepted())
        .isEqualTo(new AcceptResult.Refused<>(TunnelEnd.ServerEnd.ACCEPT_TIMEOUT));
    assertThat(tunnels.metrics().refused()).isEqualTo(1);
  }

  @Test
  void an_assignment_without_fin_does_not_establish_a_tunnel() throws Exception {
    tunnels = Tunnels.limited(limits -> limits.acceptTimeout(Duration.ofMillis(700)));
    QuicChannel connection = tunnels.connection();
    RawStream.request(connection, RENEW + TOKEN).response();
    new RawStream(connection).write(ASSIGN + TOKEN);
    assertThat(Tunnels.endOf(connection))
        .isEqualTo(new QuicEnd.ByPeer(2, "timeout establishing snaptun"));
  }

  @Test
  void a_renewal_without_fin_is_answered_all_the_same() throws Exception {
    tunnels = Tunnels.start();
    QuicChannel connection = tunnels.connection();
    RawStream open = new RawStream(connection);
    open.write(RENEW + TOKEN);
    assertThat(open.status()).isEqualTo(OK);
    assertThat(RawStream.request(connection, ASSIGN + TOKEN).status()).isEqualTo(OK);
    open.finish();
    assertThat(tunnels.tunnel().control().closed().toCompletableFuture()).isNotDone();
  }

  @Test
  void the_order_of_the_first_two_requests_is_kept() throws Exception {
    tunnels = Tunnels.start();
    assertRefused(
        1, "expected session renewal request", RequestFault.RENEWAL_EXPECTED, ASSIGN + TOKEN);
    assertRefused(
        1,
        "expected address assignment request",
        RequestFault.ASSIGNMENT_EXPECTED,
        RENEW + TOKEN,
        RENEW + TOKEN);
  }

  @Test
  void faulty_requests_close_with_their_codes_and_reasons() throws Exception {
    tunnels = Tunnels.start();
    assertRefused(1, "invalid method", RequestFault.INVALID_METHOD, "GET / HTTP/1.1\r\n\r\n");
    assertRefused(1, "invalid path", RequestFault.INVALID_PATH, "POST / HTTP/1.1\r\n\r\n");
    assertRefused(1, "request too big", RequestFault.TOO_BIG, RENEW + "x: " + "y".repeat(5000));
    assertRefused(
        1,
        "request too big",
        RequestFault.TOO_BIG,
        RENEW + TOKEN,
        ASSIGN + TOKEN + "y".repeat(5000));
    assertRefused(
        1,
        "error when parsing address assignment request",
        RequestFault.MALFORMED_BODY,
        RENEW + TOKEN,
        ASSIGN + TOKEN + "\n\u0012");
    assertRefused(3, "no auth header", RequestFault.NO_AUTHORIZATION, RENEW + "\r\n");
    assertRefused(
        3,
        "bearer not found in authorization header",
        RequestFault.NO_BEARER,
        RENEW + "Authorization: Basic x\r\n\r\n");
    assertRefused(5, "closed prematurely", RequestFault.CLOSED_PREMATURELY, "");
  }

  @Test
  void a_reset_request_closes_with_read_error() throws Exception {
    tunnels = Tunnels.start();
    QuicChannel connection = tunnels.connection();
    RawStream stream = new RawStream(connection);
    stream.write(RENEW);
    stream.reset();
    assertThat(Tunnels.endOf(connection)).isEqualTo(new QuicEnd.ByPeer(5, "read error"));
  }

  @Test
  void a_peer_that_resets_streams_without_end_is_closed() throws Exception {
    tunnels = Tunnels.start();
    QuicChannel connection = established();
    for (int i = 0; i < 256; i++) {
      RawStream stream = new RawStream(connection);
      stream.write(RENEW + TOKEN);
      assertThat(stream.status()).isEqualTo(OK);
      stream.reset();
    }
    assertThat(Tunnels.endOf(connection)).isEqualTo(new QuicEnd.ByPeer(5, "read error"));
  }

  @Test
  void a_refused_token_closes_with_code_1_when_establishing() throws Exception {
    tunnels = Tunnels.start();
    for (String token : List.of(Tokens.STRANGE, Tokens.EXPIRED, Tokens.THROWS, "malformed")) {
      QuicChannel connection = tunnels.connection();
      RawStream.request(connection, RENEW + "Authorization: Bearer " + token + "\r\n\r\n");
      assertThat(Tunnels.endOf(connection))
          .isEqualTo(new QuicEnd.ByPeer(1, "handling session renewal request"));
      assertThat(tunnels.accepted()).isInstanceOf(AcceptResult.Refused.class);
    }
  }

  @Test
  void a_refused_address_closes_with_code_1_when_establishing() throws Exception {
    tunnels = Tunnels.start();
    QuicChannel connection = tunnels.connection();
    RawStream.request(connection, RENEW + TOKEN).response();
    RawStream.request(connection, ASSIGN + TOKEN + range(5, 32, 4));
    assertThat(Tunnels.endOf(connection))
        .isEqualTo(new QuicEnd.ByPeer(1, "handling address assignment request"));
  }

  @Test
  void later_a_refused_request_leaves_the_tunnel_up() throws Exception {
    tunnels = Tunnels.start();
    QuicChannel connection = established();
    assertThat(statusOf(connection, Tokens.STRANGE)).isEqualTo(UNAUTHORIZED);
    assertThat(statusOf(connection, Tokens.EXPIRED)).isEqualTo(UNAUTHORIZED);
    assertThat(statusOf(connection, "other:3600")).isEqualTo(UNAUTHORIZED);
    assertThat(statusOf(connection, "malformed")).isEqualTo(BAD_REQUEST);
    assertThat(statusOf(connection, Tokens.THROWS)).isEqualTo("HTTP/1.1 500 Internal Server Error");
    assertThat(RawStream.request(connection, ASSIGN + TOKEN + range(4, 24, 4)).status())
        .isEqualTo(BAD_REQUEST);
    assertThat(RawStream.request(connection, ASSIGN + TOKEN + range(4, 32, 4).repeat(3)).status())
        .isEqualTo("HTTP/1.1 501 Not Implemented");
    assertThat(statusOf(connection, "node:3600")).isEqualTo(OK);
    assertThat(tunnels.tunnel().control().closed().toCompletableFuture()).isNotDone();
  }

  @Test
  void two_streams_at_once_are_answered_in_order() throws Exception {
    tunnels = Tunnels.start();
    QuicChannel connection = tunnels.connection();
    RawStream first = new RawStream(connection);
    RawStream second = new RawStream(connection);
    second.write(ASSIGN + TOKEN);
    second.finish();
    first.write(RENEW);
    first.write(TOKEN);
    first.finish();
    assertThat(first.status()).isEqualTo(OK);
    assertThat(second.status()).isEqualTo(OK);
    tunnels.tunnel();
  }

  @Test
  void many_streams_at_once_are_all_answered() throws Exception {
    tunnels = Tunnels.start();
    QuicChannel connection = established();
    List<RawStream> streams = new java.util.ArrayList<>();
    for (int i = 0; i < 300; i++) {
      if (i >= 40) {
        assertThat(streams.get(i - 40).status()).isEqualTo(OK);
      }
      streams.add(RawStream.request(connection, RENEW + TOKEN));
    }
    for (RawStream stream : streams) {
      assertThat(stream.status()).isEqualTo(OK);
    }
  }

  @Test
  void a_session_of_a_second_ends_with_code_4() throws Exception {
    tunnels = Tunnels.start();
    Instant start = Instant.now();
    QuicChannel connection = established("node:1");
    assertThat(Tunnels.endOf(connection)).isEqualTo(new QuicEnd.ByPeer(4, "session expired"));
    assertThat(Tunnels.get(tunnels.tunnel().control().closed()))
        .isEqualTo(TunnelEnd.ServerEnd.SESSION_EXPIRED);
    assertThat(Instant.now()).isAfterOrEqualTo(start.plusSeconds(1));
    await().until(() -> tunnels.addresses.held().size() == 1);
    assertThat(tunnels.metrics().tunnels()).isZero();
  }

  @Test
  void a_session_ends_to_the_second_while_a_request_is_stuck() throws Exception {
    tunnels = Tunnels.limited(limits -> limits.requestTimeout(Duration.ofHours(1)));
    QuicChannel connection = established("node:2");
    Instant expiry = tunnels.tunnel().control().expiry();
    new RawStream(connection).write(RENEW);
    assertThat(Tunnels.endOf(connection)).isEqualTo(new QuicEnd.ByPeer(4, "session expired"));
    assertThat(Instant.now()).isBetween(expiry, expiry.plusSeconds(1));
  }

  @Test
  void a_session_ends_to_the_second_while_the_judge_is_stuck() throws Exception {
    tunnels = Tunnels.limited(limits -> limits.requestTimeout(Duration.ofHours(1)));
    QuicChannel connection = established("node:2");
    RawStream.request(connection, RENEW + "Authorization: Bearer stuck\r\n\r\n");
    assertThat(Tunnels.endOf(connection)).isEqualTo(new QuicEnd.ByPeer(4, "session expired"));
  }

  @Test
  void a_stuck_request_is_given_up_and_the_next_one_answered() throws Exception {
    tunnels = Tunnels.limited(limits -> limits.requestTimeout(Duration.ofMillis(300)));
    QuicChannel connection = established();
    new RawStream(connection).write(RENEW);
    RawStream silent = new RawStream(connection);
    assertThat(statusOf(connection, "node:3600")).isEqualTo(OK);
    silent.finish();
    assertThat(tunnels.tunnel().control().closed().toCompletableFuture()).isNotDone();
  }

  @Test
  void an_answer_that_the_peer_does_not_take_closes_with_code_5() throws Exception {
    tunnels = Tunnels.limited(limits -> limits.sendTimeout(Duration.ofMillis(500)));
    QuicChannel connection = stingy();
    RawStream.request(connection, RENEW + TOKEN);
    assertThat(Tunnels.endOf(connection))
        .isEqualTo(new QuicEnd.ByPeer(5, "send control response error"));
    assertThat(tunnels.accepted())
        .isEqualTo(new AcceptResult.Refused<>(TunnelEnd.ServerEnd.SEND_TIMEOUT));
  }

  @Test
  void a_tunnel_that_is_closed_tells_its_peer_the_code_and_the_reason() throws Exception {
    tunnels = Tunnels.start();
    QuicChannel connection = established();
    var control = tunnels.tunnel().control();
    control.close(4, "session replaced");
    assertThat(Tunnels.endOf(connection)).isEqualTo(new QuicEnd.ByPeer(4, "session replaced"));
    assertThat(Tunnels.get(control.closed()))
        .isEqualTo(new TunnelEnd.ClosedHere(4, "session replaced"));
    await().until(() -> tunnels.addresses.held().size() == 1);
    assertThat(control.addresses()).isEmpty();
    assertThat(control.expiry()).isEqualTo(Instant.EPOCH);
  }

  @Test
  void a_peer_that_closes_has_its_address_held() throws Exception {
    tunnels = Tunnels.start();
    QuicChannel connection = established();
    var control = tunnels.tunnel().control();
    connection.close(true, 7, Tunnels.packet("bye"));
    TunnelEnd end = Tunnels.get(control.closed());
    assertThat(end).isEqualTo(new TunnelEnd.PeerClosed(7, "bye"));
    assertThat(end.graceful()).isTrue();
    await().until(() -> tunnels.addresses.held().equals(tunnels.addresses.allocated));
  }

  @Test
  void a_connection_that_is_lost_has_its_address_held() throws Exception {
    tunnels = Tunnels.start();
    QuicChannel connection =
        tunnels.connection(
            QuicConfig.builder().idleTimeout(Duration.ofMillis(500)).build(),
            SnapTunHandlers.client());
    establish(connection, "node:3600");
    var control = tunnels.tunnel().control();
    connection.parent().close();
    TunnelEnd end = Tunnels.get(control.closed());
    assertThat(end).isInstanceOf(TunnelEnd.ConnectionLost.class);
    assertThat(end.graceful()).isFalse();
    await().until(() -> tunnels.addresses.held().size() == 1);
  }

  @Test
  void a_connection_that_ends_before_it_is_a_tunnel_is_refused() throws Exception {
    tunnels = Tunnels.start();
    QuicChannel connection = tunnels.connection();
    RawStream.request(connection, RENEW + TOKEN).response();
    connection.close(true, 1, Tunnels.packet("changed my mind"));
    assertThat(tunnels.accepted())
        .isEqualTo(new AcceptResult.Refused<>(new TunnelEnd.PeerClosed(1, "changed my mind")));
  }

  @Test
  void an_ipv6_address_is_refused_by_name_over_a_path_that_is_too_narrow() throws Exception {
    tunnels =
        Tunnels.start(
            config -> config.withLeastIpv6Bytes(8000).withPathWait(Duration.ofMillis(100)));
    QuicChannel connection = established();
    assertThat(
            RawStream.request(connection, ASSIGN + TOKEN + range(4, 32, 4) + range(6, 128, 16))
                .response())
        .startsWith("HTTP/1.1 200 OK\r\n")
        .contains("Penstock-Refused: 1 IPv6 needs packets of 8000 bytes, the path carries ");
    assertThat(RawStream.request(connection, ASSIGN + TOKEN + range(6, 128, 16)).response())
        .isEqualTo("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
    assertThat(RawStream.request(connection, ASSIGN + TELL + TOKEN + range(6, 128, 16)).response())
        .startsWith("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n")
        .contains("Penstock-Refused: 0 IPv6 needs packets of 8000 bytes, the path carries ");
  }

  @Test
  void so_many_addresses_of_a_family_are_given_as_a_client_may_have() throws Exception {
    tunnels = Tunnels.start(config -> config.withMaxPerFamily(1).withLeastIpv6Bytes(0));
    QuicChannel connection = established();
    assertThat(
            RawStream.request(connection, ASSIGN + TOKEN + range(4, 32, 4) + range(4, 32, 4))
                .response())
        .startsWith("HTTP/1.1 200 OK\r\nContent-Length: 20\r\n")
        .contains("Penstock-Refused: 1 a client has at most 1 of IPv4\r\n");
    assertThat(
            RawStream.request(connection, ASSIGN + TOKEN + range(4, 32, 4) + range(6, 128, 16))
                .response())
        .startsWith("HTTP/1.1 200 OK\r\n")
        .doesNotContain("Penstock-Refused");
  }

  private void assertRefused(int code, String reason, RequestFault fault, String... requests)
      throws Exception {
    QuicChannel connection = tunnels.connection();
    for (int i = 0; i < requests.length - 1; i++) {
      RawStream.request(connection, requests[i]).response();
    }
    RawStream.request(connection, requests[requests.length - 1]);
    assertThat(Tunnels.endOf(connection)).isEqualTo(new QuicEnd.ByPeer(code, reason));
    assertThat(tunnels.accepted())
        .isEqualTo(new AcceptResult.Refused<>(new TunnelEnd.FaultyRequest(fault)));
  }

  private QuicChannel established() throws Exception {
    return established("node:3600");
  }

  private QuicChannel established(String token) throws Exception {
    QuicChannel connection = tunnels.connection();
    establish(connection, token);
    return connection;
  }

  private static void establish(QuicChannel connection, String token) throws Exception {
    String bearer = "Authorization: Bearer " + token + "\r\n\r\n";
    assertThat(RawStream.request(connection, RENEW + bearer).status()).isEqualTo(OK);
    assertThat(RawStream.request(connection, ASSIGN + bearer).status()).isEqualTo(OK);
  }

  private static String statusOf(QuicChannel connection, String token) throws Exception {
    return RawStream.request(connection, RENEW + "Authorization: Bearer " + token + "\r\n\r\n")
        .status();
  }

  /// One requested address of 1-ff00:0:110, its bytes all 1.
  private static String range(int version, int prefix, int bytes) {
    String isdAs = "\u0008\u0090\u0082\u0080\u0080\u0080\u00e0\u007f";
    String varint =
        prefix < 128 ? "" + (char) prefix : "" + (char) ((prefix & 0x7f) | 0x80) + (char) 1;
    String body =
        isdAs
            + "\u0010"
            + (char) version
            + "\u0018"
            + varint
            + "\""
            + (char) bytes
            + "\u0001".repeat(bytes);
    return "\n" + (char) body.length() + body;
  }

  /// A connection whose end lets the other side send nothing on the streams that it opened.
  private QuicChannel stingy() throws Exception {
    return StingyClient.connect(tunnels);
  }
}
