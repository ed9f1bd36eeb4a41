package io.penstock.node.tunnel;

import io.penstock.api.Session;
import io.penstock.api.client.ApiException;
import io.penstock.api.client.GatewayAccess;
import io.penstock.api.client.SessionClient;
import io.penstock.api.tunnel.TunnelNames;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/// Where a tunnel buys its sessions: the client API of the gateway. Every call blocks.
///
/// Each session has a client of its own, so that nothing stays open for the hour until the next.
final class Sessions {

  /// What a person has to mend; everything else may mend itself.
  private static final Set<String> LASTING =
      Set.of(
          "bad_request",
          "no_signature",
          "bad_token",
          "missing_scope",
          "bad_signature",
          "key_mismatch",
          "wrong_user",
          "name_bound",
          "name_taken");

  private static final int NOT_FOUND = 404;

  private final PacketTunnelConfig config;
  private final OwnerAnswers owner;
  private final GatewayAccess access;
  private final AtomicInteger unanswered = new AtomicInteger();
  private final AtomicLong lastSignedMillis = new AtomicLong(Long.MIN_VALUE);

  Sessions(PacketTunnelConfig config, OwnerAnswers owner, GatewayAccess access) {
    this.config = config;
    this.owner = owner;
    this.access = access;
  }

  /// Buys a session.
  ///
  /// @throws ApiException when the gateway refuses, see [#lasting]
  Session buy() throws IOException {
    String token = owner.token();
    try (var client = new SessionClient(access, token, this::laterThanBefore)) {
      Session session = config.identity().openSession(client, config.name());
      if (!session.alpn().equals(TunnelNames.ALPN_NODE)) {
        throw new IOException(
            "the gateway's tunnels speak \"%s\", this node \"%s\"; one of both is too old"
                .formatted(session.alpn(), TunnelNames.ALPN_NODE));
      }
      return session;
    }
  }

  /// Where the tunnel of a session goes: the first address, or another one after it did not answer.
  InetSocketAddress resolve(Session session) throws IOException {
    try {
      List<InetSocketAddress> all = owner.resolve(session.quic());
      return all.get(Math.floorMod(unanswered.get(), all.size()));
    } catch (UnknownHostException e) {
      throw new IOException(
          "no address is known for the host of the gateway's tunnels: " + e.getMessage(), e);
    }
  }

  /// The address of the tunnel did not answer; the next attempt goes to the next one.
  void tunnelUnanswered() {
    unanswered.incrementAndGet();
  }

  /// What to tell the user if a refusal does not pass by itself.
  Optional<TunnelStatus.Stopped> lasting(ApiException refusal) {
    if (refusal.status() == NOT_FOUND) {
      return Optional.of(
          new TunnelStatus.Stopped(
              "no_overlay",
              "the gateway %s has no overlay network; on the gateway try: penstock gateway --overlay ADDRESS"
                  .formatted(config.gateway())));
    }
    if (!LASTING.contains(refusal.code())) {
      return Optional.empty();
    }
    String advice =
        switch (refusal.code()) {
          case "name_taken" ->
              "; give this node another name, or if that one is gone for good have it forgotten with: penstock node kick %s --forget"
                  .formatted(config.name());
          case "key_mismatch" -> "; the identity of this node is another one than before";
          default -> "";
        };
    return Optional.of(new TunnelStatus.Stopped(refusal.code(), refusal.getMessage() + advice));
  }

  /// The clock, which a gateway must never see going back.
  private Instant laterThanBefore() {
    long now = System.currentTimeMillis();
    return Instant.ofEpochMilli(lastSignedMillis.updateAndGet(last -> Math.max(now, last + 1)));
  }
}
