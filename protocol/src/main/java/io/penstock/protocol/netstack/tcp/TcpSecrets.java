package io.penstock.protocol.netstack.tcp;

import io.penstock.protocol.netstack.wire.IpPacket;
import java.util.random.RandomGenerator;

/// Numbers that outsiders cannot guess, made of a flow and a key: initial sequence numbers (RFC
/// 6528), places of timestamps (RFC 7323 section 5.4), places in hash tables, SYN cookies.
///
/// The function is SipHash-2-4 under a key that is drawn once for each stack.
final class TcpSecrets {

  /// What a hash is for; two purposes never give the same number.
  enum Purpose {
    SEQUENCE_NUMBER(1),
    TIMESTAMP(2),
    PORT(3),
    COOKIE(4);

    private final int number;

    Purpose(int number) {
      this.number = number;
    }
  }

  /// RFC 6528 section 3: a clock that ticks every 4 microseconds.
  private static final int NANOS_PER_TICK = 4_000;

  private final long key0;
  private final long key1;
  private final long tableKey;
  private final long originNanos;

  TcpSecrets(RandomGenerator random, long nowNanos) {
    key0 = random.nextLong();
    key1 = random.nextLong();
    tableKey = random.nextLong() | 1;
    originNanos = nowNanos;
  }

  long originNanos() {
    return originNanos;
  }

  int initialSequenceNumber(Flow flow, long nowNanos) {
    int clock = (int) ((nowNanos - originNanos) / NANOS_PER_TICK);
    return clock + (int) hash(Purpose.SEQUENCE_NUMBER, flow, 0);
  }

  /// What a connection adds to the clock for its timestamps: it tells nothing of other connections,
  /// and is the same for a later connection of the same ends, which makes TIME-WAIT reusable (RFC
  /// 6191).
  int timestampOffset(Flow flow) {
    return (int) hash(Purpose.TIMESTAMP, flow, 0);
  }

  long hash(Purpose purpose, Flow flow, long extra) {
    SipHash hash = new SipHash(key0, key1);
    hash.add(flow.localHigh());
    hash.add(flow.localLow());
    hash.add(flow.remoteHigh());
    hash.add(flow.remoteLow());
    hash.add((long) flow.localPort() << 32 | flow.remotePort());
    hash.add(extra);
    hash.add((long) purpose.number << 1 | (flow.ipv4() ? 1 : 0));
    return hash.finish();
  }

  /// A place for a table: cheap, and of no use to whoever wants to fill one slot.
  int tableHash(IpPacket packet) {
    return mix(
        packet.destinationHigh(),
        packet.destinationLow(),
        packet.destinationPort(),
        packet.sourceHigh(),
        packet.sourceLow(),
        packet.sourcePort());
  }

  int tableHash(Flow flow) {
    return mix(
        flow.localHigh(),
        flow.localLow(),
        flow.localPort(),
        flow.remoteHigh(),
        flow.remoteLow(),
        flow.remotePort());
  }

  /// A place for a local address and port alone.
  int tableHash(long localHigh, long localLow, int localPort) {
    return mix(localHigh, localLow, localPort, 0, 0, 0);
  }

  private int mix(
      long localHigh,
      long localLow,
      int localPort,
      long remoteHigh,
      long remoteLow,
      int remotePort) {
    long h = tableKey;
    h = fold(h ^ localLow, localHigh ^ tableKey);
    h = fold(h ^ remoteLow, remoteHigh ^ Long.rotateLeft(tableKey, 32));
    h = fold(h ^ ((long) localPort << 16 | remotePort), tableKey);
    return (int) (h ^ h >>> 32);
  }

  private static long fold(long a, long b) {
    long product = (a ^ 0x9e37_79b9_7f4a_7c15L) * (b | 1);
    long high = Math.multiplyHigh(a ^ 0x9e37_79b9_7f4a_7c15L, b | 1);
    return product ^ high;
  }
}
