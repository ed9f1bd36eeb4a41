package io.penstock.node.tunnel;

import io.penstock.api.HostLookup;
import io.penstock.api.HostPort;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.List;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// What the owner of a node is asked with each attempt to connect: the API token, and the addresses
/// of the gateway's host. Both are the owner's own code ([OwnerCall]). Any thread may ask, and is
/// blocked for at most the limit.
final class OwnerAnswers {

  private static final Logger LOG = LoggerFactory.getLogger(OwnerAnswers.class);

  private final Supplier<String> token;
  private final HostLookup hosts;
  private final OwnerCall tokens;
  private final OwnerCall lookups;

  OwnerAnswers(PacketTunnelConfig config) {
    token = config.token();
    hosts = config.hosts();
    tokens = new OwnerCall(config.answerLimit());
    lookups = new OwnerCall(config.answerLimit());
  }

  /// The secret of the API token.
  ///
  /// @throws IOException when it does not come in time; besides, whatever the supplier throws
  String token() throws IOException {
    return tokens.ask("the supplier of the API token", token::get);
  }

  /// The look-up for clients of the gateway's API. That of the machine stays what it is, since such
  /// a client looks up by itself then, within the limit of its call.
  HostLookup hosts() {
    return hosts.equals(HostLookup.SYSTEM) ? hosts : this::addresses;
  }

  /// Addresses to connect to, as [HostLookup#resolve] has them.
  List<InetSocketAddress> resolve(HostPort target) throws UnknownHostException {
    HostLookup limited = this::addresses;
    return limited.resolve(target);
  }

  private List<InetAddress> addresses(String host) throws UnknownHostException {
    try {
      return lookups.ask("the look-up of " + host, () -> hosts.addresses(host));
    } catch (UnknownHostException e) {
      throw e;
    } catch (IOException e) {
      UnknownHostException unknown = new UnknownHostException(e.getMessage());
      unknown.initCause(e);
      throw unknown;
    }
  }

  /// Ends all asking and waits a while for those who are asked; says who is left.
  void close(Duration limit) throws InterruptedException {
    long until = System.nanoTime() + limit.toNanos();
    for (OwnerCall each : List.of(tokens, lookups)) {
      each.close(Duration.ofNanos(until - System.nanoTime()))
          .ifPresent(
              left ->
                  LOG.warn(
                      "a thread is left in the {}, which does not return although it was"
                          + " interrupted thread={}",
                      each.equals(tokens) ? "supplier of the API token" : "look-up of the gateway",
                      left.getName()));
    }
  }
}
