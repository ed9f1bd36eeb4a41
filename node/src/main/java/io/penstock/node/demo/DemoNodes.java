package io.penstock.node.demo;

import io.penstock.api.HostPort;
import io.penstock.api.IpAddress;
import io.penstock.node.identity.NodeIdentity;
import io.penstock.node.ping.PingRequest;
import io.penstock.node.ping.PingResult;
import io.penstock.node.ping.Pinger;
import io.penstock.node.tunnel.PacketTunnel;
import io.penstock.node.tunnel.PacketTunnelConfig;
import io.penstock.transport.tls.Trust;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/// Tries an overlay network with two tiny nodes in this process, each of which pings the other.
///
/// Blocks the calling thread, for some tens of milliseconds as a rule and 25 s at most for each
/// thing that can fail.
public final class DemoNodes {

  /// What the check is called in the table.
  public static final String NAME = "Two nodes ping";

  private static final Duration ANSWER_LIMIT = Duration.ofSeconds(5);

  private final HostPort gateway;
  private final Trust trust;
  private final String token;

  /// @param gateway its tunnel port
  /// @param token an API token with the scope `overlay`
  public DemoNodes(HostPort gateway, Trust trust, String token) {
    this.gateway = gateway;
    this.trust = trust;
    this.token = token;
  }

  /// Tries it and says what came of it.
  public DemoCheck.Result run() throws InterruptedException {
    long start = System.nanoTime();
    try (var one = node("demo-one");
        var other = node("demo-other");
        var near = Pinger.on(one);
        var far = Pinger.on(other)) {
      List<String> seen = new ArrayList<>();
      for (IpAddress target : other.addresses()) {
        seen.add(ping(near, target));
      }
      for (IpAddress target : one.addresses()) {
        seen.add(ping(far, target));
      }
      return result(true, start, "round trips " + String.join(", ", seen));
    } catch (IOException e) {
      return result(false, start, String.valueOf(e.getMessage()));
    }
  }

  private PacketTunnel node(String name) throws IOException, InterruptedException {
    return PacketTunnel.connect(
        PacketTunnelConfig.builder(gateway, NodeIdentity.ephemeral(), name)
            .trust(trust)
            .token(token)
            .build());
  }

  static String ping(Pinger from, IpAddress target) throws IOException, InterruptedException {
    PingResult result;
    try {
      result =
          from.ping(PingRequest.to(target).withTimeout(ANSWER_LIMIT))
              .toCompletableFuture()
              .get(2 * ANSWER_LIMIT.toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException | TimeoutException e) {
      throw new IOException("the ping of " + target + " failed", e);
    }
    return switch (result) {
      case PingResult.Reply reply ->
          String.format(Locale.ROOT, "%.1f ms", reply.roundTrip().toNanos() / 1e6);
      case PingResult.Reported(_, IpAddress reporter, String words) ->
          throw new IOException(
              "%s does not answer: %s, says %s".formatted(target, words, reporter));
      case PingResult.TimedOut _ ->
          throw new IOException(
              "%s does not answer within %d s".formatted(target, ANSWER_LIMIT.toSeconds()));
      case PingResult.NotSent(String why) -> throw new IOException(why);
    };
  }

  private static DemoCheck.Result result(boolean passed, long start, String detail) {
    return new DemoCheck.Result(NAME, passed, Duration.ofNanos(System.nanoTime() - start), detail);
  }
}
