package io.penstock.protocol.netstack.tcp;

import io.netty.buffer.ByteBufAllocator;
import io.penstock.protocol.netstack.ip.LinkTraits;
import io.penstock.protocol.netstack.wire.IpEndpoint;
import io.penstock.testkit.LinkFaults;
import io.penstock.testkit.SimulatedNetwork;

/// One connection that carries bytes in one direction over a simulated link, and how fast.
///
/// @param bytesPerSecond payload by the time from the SYN to the last byte read
/// @param rttNanos the sender's smoothed round trip at the end
/// @param rtoNanos its retransmission timeout at the end, without back-off
/// @param timeouts retransmission timeouts of the sender
record OneWayTransfer(
    double bytesPerSecond,
    long rttNanos,
    long rtoNanos,
    long retransmissions,
    long timeouts,
    long segments) {

  private static final long LIMIT_NANOS = 24L * 3600 * 1_000_000_000L;

  static OneWayTransfer run(
      TcpConfig config, LinkFaults faults, long bytes, long seed, ByteBufAllocator allocator) {
    IpEndpoint a = new IpEndpoint(true, 0, 0x0a00_0001L, 0);
    IpEndpoint b = new IpEndpoint(true, 0, 0x0a00_0002L, 0);
    LinkTraits link = LinkTraits.plain(1500);
    try (SimulatedNetwork network = new SimulatedNetwork(seed);
        TcpHost client = new TcpHost(a, config, link, allocator, seed);
        TcpHost server = new TcpHost(b, config, link, allocator, ~seed)) {
      SimulatedNetwork.Node left = network.attach("client", client);
      SimulatedNetwork.Node right = network.attach("server", server);
      network.connect(left, right, faults);
      server.listen(80, c -> new Conversation(c, allocator, 2, 0, 1, bytes));
      TcpConnection connection =
          client.connect(new IpEndpoint(true, 0, 0x0a00_0002L, 80), network.nowNanos());
      client.add(new Conversation(connection, allocator, 1, bytes, 2, 0));
      network.runUntil(
          () ->
              !server.conversations.isEmpty()
                  && server.conversations.getFirst().received() == bytes,
          LIMIT_NANOS);
      TcpCounters counters = client.tcp.counters();
      return new OneWayTransfer(
          bytes * 1e9 / network.elapsedNanos(),
          connection.sender().rtt().smoothedNanos(),
          connection.sender().rtt().freshRtoNanos(),
          counters.retransmissions(),
          counters.retransmissionTimeouts(),
          counters.segmentsOut());
    }
  }
}
