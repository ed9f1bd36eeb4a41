package io.penstock.gateway.overlay.router;

/// The flows between nodes of different users that a rule has allowed: while a flow is here, its
/// packets pass in both directions.
///
/// The table belongs to the whole router, because the two directions of a flow arrive on two event
/// loops and a node may come back on a third. It is cut into stripes by a keyed hash, each with a
/// lock that is held for one probe and never while anything waits.
///
/// Bounds: `maxFlows` over all, `maxFlowsPerNode` for the flows that one node opened. What has
/// expired is found when its slot is looked at; each new flow looks at a few more slots, so that no
/// timer is needed. A full table refuses new flows and forgets none.
final class FlowTable {

  /// What [#open] has to say.
  enum Opened {
    YES,
    FULL
  }

  private static final int STRIPES = 16;
  private static final long MIX_1 = 0xff51_afd7_ed55_8ccdL;
  private static final long MIX_2 = 0xc4ce_b9fe_1a85_ec53L;

  private final FlowStripe[] stripes = new FlowStripe[STRIPES];
  private final long secret;

  FlowTable(FlowConfig config, long secret) {
    this(config.maxFlows(), config.maxFlowsPerNode(), config.timeouts(), secret);
  }

  FlowTable(int maxFlows, int maxFlowsPerNode, FlowTimeouts timeouts, long secret) {
    this.secret = secret;
    for (int i = 0; i < STRIPES; i++) {
      stripes[i] = new FlowStripe(maxFlows / STRIPES, maxFlowsPerNode, timeouts);
    }
  }

  /// Says whether the flow of a packet is known, and notes that a packet of it has passed.
  boolean pass(FlowKey key, int tcpFlags, long nowNanos) {
    long hash = hash(key);
    return stripe(hash).pass(key, (int) hash, tcpFlags, nowNanos);
  }

  /// Says whether a flow is known, and changes nothing.
  boolean knows(FlowKey key, long nowNanos) {
    long hash = hash(key);
    return stripe(hash).knows(key, (int) hash, nowNanos);
  }

  /// Adds the flow that a packet opens. If the other end has opened it just now, on another loop,
  /// the packet passes as one of that flow.
  Opened open(FlowKey key, int tcpFlags, FlowOwner owner, long nowNanos) {
    long hash = hash(key);
    return stripe(hash).open(key, (int) hash, tcpFlags, owner, nowNanos);
  }

  /// Forgets all flows of an address, because it belongs to another node now, or to none.
  void forget(long high, long low) {
    for (FlowStripe stripe : stripes) {
      stripe.forget(high, low);
    }
  }

  /// Forgets all flows, because other rules hold now.
  void clear() {
    for (FlowStripe stripe : stripes) {
      stripe.clear();
    }
  }

  /// How many flows there are, expired ones that nobody has looked at included.
  int size() {
    int size = 0;
    for (FlowStripe stripe : stripes) {
      size += stripe.size();
    }
    return size;
  }

  private FlowStripe stripe(long hash) {
    return stripes[(int) (hash >>> 32) & (STRIPES - 1)];
  }

  /// Keyed, so that nobody can choose ports that all fall on one place.
  private long hash(FlowKey key) {
    long mixed = mix(key.high1 ^ secret) + key.low1;
    mixed = mix(mixed) + key.high2;
    mixed = mix(mixed) + key.low2;
    return mix(mix(mixed) + key.portsAndProtocol);
  }

  private static long mix(long value) {
    long mixed = (value ^ value >>> 33) * MIX_1;
    mixed = (mixed ^ mixed >>> 29) * MIX_2;
    return mixed ^ mixed >>> 32;
  }
}
