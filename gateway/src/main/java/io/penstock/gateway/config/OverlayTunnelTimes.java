package io.penstock.gateway.config;

import io.penstock.api.OverlayNetwork;
import io.penstock.api.config.Requirements;
import io.penstock.protocol.snaptun.ServerTunnelConfig;
import io.penstock.transport.quic.QuicConfig;
import io.penstock.transport.snaptun.SnapTunServerConfig;
import java.time.Duration;

/// How long each step of a node's tunnel may take, and how an idle tunnel lives on.
///
/// @param idleTimeout how long a connection lives without hearing from its node; the smaller one of
///   both ends counts (RFC 9000, section 10.1)
/// @param keepAlive after how long without packets a node is to keep its tunnel alive, at the
///   latest; it does so at a third of the idle timeout anyhow. Nodes are told with their session
/// @param handshakeLimit how long a connection may take to become established
/// @param addressProofLimit how long a node has to come back with the proof of its UDP address
/// @param establishLimit how long an established connection may take to become a tunnel
/// @param requestLimit how long one later request may take to come and to be decided
/// @param answerLimit how long a node may take to let an answer be sent
/// @param pathWait how long an IPv6 address waits until it is known that the path carries 1280
///   bytes
public record OverlayTunnelTimes(
    Duration idleTimeout,
    Duration keepAlive,
    Duration handshakeLimit,
    Duration addressProofLimit,
    Duration establishLimit,
    Duration requestLimit,
    Duration answerLimit,
    Duration pathWait) {

  /// A third of the default idle timeout, and less than NATs remember a UDP flow.
  public static final Duration DEFAULT_KEEP_ALIVE = Duration.ofSeconds(10);

  private static final Duration SHORT = Duration.ofMillis(100);
  private static final Duration LEAST_IDLE = Duration.ofSeconds(1);
  private static final Duration LONG = Duration.ofMinutes(10);

  /// What holds when nothing is set.
  public static final OverlayTunnelTimes DEFAULT =
      new OverlayTunnelTimes(
          QuicConfig.DEFAULT_IDLE_TIMEOUT,
          DEFAULT_KEEP_ALIVE,
          QuicConfig.DEFAULT_HANDSHAKE_TIMEOUT,
          QuicConfig.DEFAULT_TOKEN_LIFETIME,
          ServerTunnelConfig.DEFAULT_ACCEPT_TIMEOUT,
          ServerTunnelConfig.DEFAULT_REQUEST_TIMEOUT,
          ServerTunnelConfig.DEFAULT_SEND_TIMEOUT,
          SnapTunServerConfig.DEFAULT_PATH_WAIT);

  public OverlayTunnelTimes {
    Requirements.of(OverlayTunnelSettings.TABLE)
        .between("idle_timeout", idleTimeout, LEAST_IDLE, LONG)
        .between(
            "keep_alive",
            keepAlive,
            Duration.ofMillis(OverlayNetwork.LEAST_KEEP_ALIVE_MILLIS),
            LONG)
        .between("handshake_limit", handshakeLimit, SHORT, LONG)
        .between("address_proof_limit", addressProofLimit, SHORT, LONG)
        .between("establish_limit", establishLimit, SHORT, LONG)
        .between("request_limit", requestLimit, SHORT, LONG)
        .between("answer_limit", answerLimit, SHORT, LONG)
        .between("path_wait", pathWait, Duration.ZERO, establishLimit)
        .check();
  }

  /// The same with another idle timeout and time between keep-alives.
  public OverlayTunnelTimes withIdle(Duration timeout, Duration keepAlive) {
    return new OverlayTunnelTimes(
        timeout,
        keepAlive,
        handshakeLimit,
        addressProofLimit,
        establishLimit,
        requestLimit,
        answerLimit,
        pathWait);
  }
}
