package io.penstock.protocol.netstack.tcp;

import java.util.random.RandomGenerator;

/// Picks the local port of an outgoing connection: the double-hash selection of RFC 6056 section
/// 3.3.4, which nobody outside can predict and which uses a port again as late as possible.
final class LocalPorts {

  private static final int COUNTERS = 64;

  /// What a search asks about each port.
  interface Test {
    boolean isFree(int port);
  }

  private final TcpSecrets secrets;
  private final int first;
  private final int count;
  private final int[] counters = new int[COUNTERS];

  LocalPorts(TcpSecrets secrets, TcpConfig config, RandomGenerator random) {
    this.secrets = secrets;
    first = config.localPortFirst();
    count = config.localPortLast() - first + 1;
    for (int i = 0; i < COUNTERS; i++) {
      counters[i] = random.nextInt() & 0x7fff_ffff;
    }
  }

  /// A free port for a flow whose local port is not known yet, -1 when all are taken.
  int pick(Flow flow, Test test) {
    long hash = secrets.hash(TcpSecrets.Purpose.PORT, flow, 0);
    int offset = (int) (hash >>> 33);
    int counter = (int) hash & (COUNTERS - 1);
    for (int i = 0; i < count; i++) {
      int next = counters[counter]++ & 0x7fff_ffff;
      int port = first + (int) (((long) offset + next) % count);
      if (test.isFree(port)) {
        return port;
      }
    }
    return -1;
  }
}
