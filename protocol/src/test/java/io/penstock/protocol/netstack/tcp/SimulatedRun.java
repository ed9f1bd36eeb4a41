package io.penstock.protocol.netstack.tcp;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBufAllocator;
import io.penstock.protocol.netstack.ip.LinkTraits;
import io.penstock.protocol.netstack.wire.IpEndpoint;
import io.penstock.testkit.LinkFaults;
import io.penstock.testkit.SimulatedNetwork;
import java.util.SplittableRandom;

/// One connection that carries bytes in both directions over a link whose faults, and whose ends'
/// settings, follow from a seed.
///
/// It ends with every byte of both sides exact and nothing held. As no outage is as long as the
/// user timeout, nothing else is allowed, but that a handshake takes too long.
final class SimulatedRun {

  private static final long MILLI = 1_000_000L;
  private static final long LIMIT_NANOS = 6L * 3600 * 1_000 * MILLI;
  private static final int PORT = 80;

  private final long seed;
  private final SplittableRandom random;
  private final ByteBufAllocator allocator;
  private final SimulatedNetwork network;
  private final TcpHost client;
  private final TcpHost server;
  private final SimulatedNetwork.Node left;
  private final SimulatedNetwork.Node right;
  private final long up;
  private final long down;
  private LinkFaults forth;
  private LinkFaults back;

  private SimulatedRun(long seed, ByteBufAllocator allocator) {
    this.seed = seed;
    this.allocator = allocator;
    random = new SplittableRandom(seed);
    network = new SimulatedNetwork(seed, random.nextLong());
    boolean ipv4 = random.nextInt(3) > 0;
    up = randomBytes();
    down = randomBytes();
    LinkTraits link =
        LinkTraits.plain(ipv4 ? 576 + random.nextInt(3_000) : 1_280 + random.nextInt(3_000));
    client = host(ipv4, 1, link);
    server = host(ipv4, 2, link);
    left = network.attach("client", client);
    right = network.attach("server", server);
    forth = randomFaults();
    back = randomFaults();
    network.connect(left, right, forth, back);
    left.out().corruptSingleBytes();
    right.out().corruptSingleBytes();
  }

  static void run(long seed, ByteBufAllocator allocator) {
    new SimulatedRun(seed, allocator).run();
  }

  /// Around 128 KiB; some next to nothing, one in a hundred 4 MiB.
  private long randomBytes() {
    if (random.nextInt(100) == 0) {
      return 4 << 20;
    }
    if (random.nextInt(10) == 0) {
      return random.nextInt(64);
    }
    return (long) (131_072 * Math.pow(2, 8 * random.nextDouble() - 4));
  }

  private TcpHost host(boolean ipv4, int number, LinkTraits link) {
    IpEndpoint address =
        ipv4
            ? new IpEndpoint(true, 0, 0x0a00_0000L + number, 0)
            : new IpEndpoint(false, 0xfd00_0000_0000_0000L, number, 0);
    int receive = 4_096 << random.nextInt(7);
    int send = 4_096 << random.nextInt(7);
    CongestionAlgorithm algorithm =
        switch (random.nextInt(3)) {
          case 0 -> CongestionAlgorithm.OFF;
          case 1 -> CongestionAlgorithm.NEW_RENO;
          default -> CongestionAlgorithm.CUBIC;
        };
    TcpConfig config =
        TcpConfig.builder()
            .congestion(algorithm)
            .pacing(random.nextBoolean())
            .ecn(random.nextBoolean())
            .sack(random.nextInt(4) > 0)
            .timestamps(random.nextInt(4) > 0)
            .windowScaling(random.nextInt(4) > 0)
            .noDelay(random.nextBoolean())
            .delayedAckMillis(random.nextInt(3) * 40)
            .initialReceiveBufferBytes(receive)
            .maxReceiveBufferBytes(receive << random.nextInt(4))
            .initialSendBufferBytes(send)
            .maxSendBufferBytes(send << random.nextInt(4))
            .build();
    return new TcpHost(address, config, link, allocator, random.nextLong(), network.nowNanos());
  }

  private LinkFaults randomFaults() {
    LinkFaults faults = LinkFaults.none(random.nextInt(1, 100));
    if (random.nextInt(3) > 0) {
      faults = faults.withLoss(random.nextDouble() * random.nextDouble() * 0.3);
    }
    if (random.nextInt(4) == 0) {
      faults = faults.withBursts(random.nextDouble() * 0.02, 1 + random.nextInt(400));
    }
    if (random.nextInt(3) == 0) {
      faults = faults.withJitter(random.nextInt(60));
    }
    if (random.nextInt(3) == 0) {
      faults = faults.withReordering(random.nextDouble() * 0.3, 1 + random.nextInt(200));
    }
    if (random.nextInt(3) == 0) {
      faults = faults.withDuplication(random.nextDouble() * 0.1);
    }
    if (random.nextInt(4) == 0) {
      faults = faults.withCorruption(random.nextDouble() * 0.05);
    }
    if (random.nextInt(3) == 0) {
      int rate = 20_000 << random.nextInt(8);
      faults = faults.withRate(rate, 6_000 + random.nextInt(rate));
    }
    return faults;
  }

  private void run() {
    try (network;
        client;
        server) {
      server.listen(PORT, c -> new Conversation(c, allocator, seed + 2, down, seed + 1, up));
      IpEndpoint to = server.address.withPort(PORT);
      TcpConnection connection = client.connect(to, network.nowNanos());
      client.add(new Conversation(connection, allocator, seed + 1, up, seed + 2, down));
      scheduleTrouble();
      network.runUntil(this::isOver, LIMIT_NANOS);
      check();
    } catch (AssertionError | RuntimeException e) {
      throw new AssertionError("seed " + seed + ": " + describe(), e);
    }
  }

  private void scheduleTrouble() {
    for (int i = random.nextInt(4); i > 0; i--) {
      network.schedule(randomMoment(), this::trouble);
    }
  }

  private long randomMoment() {
    return random.nextLong(1, 3_000) * MILLI;
  }

  private void trouble() {
    switch (random.nextInt(6)) {
      case 0 -> outage();
      case 1 -> {
        forth = randomFaults();
        left.out().setFaults(forth);
      }
      case 2 -> network.jumpClock(random.nextLong(10_000) * MILLI);
      case 3 -> pauseReading();
      case 4 -> changeLinkMtu();
      default -> shrinkMtu();
    }
  }

  private void outage() {
    left.out().dropIf(_ -> true);
    right.out().dropIf(_ -> true);
    network.schedule(
        randomMoment() * 4,
        () -> {
          left.out().dropIf(_ -> false);
          right.out().dropIf(_ -> false);
          if (random.nextBoolean()) {
            client.tcp.linkUp(network.nowNanos());
            server.tcp.linkUp(network.nowNanos());
          }
        });
  }

  private void pauseReading() {
    Conversation paused = client.conversations.getFirst();
    paused.setReadable(false);
    network.schedule(randomMoment() * 10, () -> paused.setReadable(true));
  }

  /// Both ends learn of another size of packets, smaller or larger than before.
  private void changeLinkMtu() {
    int least = client.address.ipv4() ? 576 : 1_280;
    int mtu = least + random.nextInt(2_000);
    client.tcp.setLinkMtu(mtu);
    server.tcp.setLinkMtu(mtu);
  }

  /// What is larger vanishes and nobody says so.
  private void shrinkMtu() {
    int least = client.address.ipv4() ? 576 : 1_280;
    int mtu = least + random.nextInt(1_000);
    forth = forth.withMtu(mtu);
    left.out().setFaults(forth);
  }

  private boolean isOver() {
    checkInvariants(client);
    checkInvariants(server);
    if (!server.conversations.isEmpty()) {
      TcpConnection ours = client.conversations.getFirst().connection();
      TcpConnection theirs = server.conversations.getFirst().connection();
      checkStream(ours, theirs);
      checkStream(theirs, ours);
    }
    return client.tcp.connectionCount() + server.tcp.connectionCount() == 0
        && client.conversations.getFirst().isRead();
  }

  private static void checkInvariants(TcpHost host) {
    for (Conversation conversation : host.conversations) {
      TcpConnection connection = conversation.connection();
      Flight flight = connection.sender().flight();
      long bound =
          (long) connection.receiver().windowLimitBytes()
              + host.config.maxSendBufferBytes()
              + 4L * ChunkPool.CHUNK_BYTES;
      if (flight.sackedBytes() + flight.lostBytes() > flight.outstandingBytes()
          || flight.lostBytes() < 0
          || host.tcp.heldBytes() > bound) {
        throw new AssertionError("an invariant is broken");
      }
      boolean waits = !flight.isEmpty() && connection.state() != TcpState.CLOSED;
      if (waits && connection.timers().earliest() == Long.MAX_VALUE) {
        throw new AssertionError("something is in flight and no timer runs");
      }
    }
  }

  /// One direction, seen from both ends at once: nothing has come that was not sent, nothing counts
  /// as acknowledged that has not come, and nothing is sent beyond what was ever offered, but one
  /// byte that asks for more and the FIN.
  private static void checkStream(TcpConnection from, TcpConnection to) {
    if (!from.state().isSynchronized() || !to.state().isSynchronized()) {
      return;
    }
    Sender sender = from.sender();
    int rcvNxt = to.receiver().rcvNxt();
    int offered = rcvNxt + to.receiver().windowBytes();
    if (SequenceNumber.isAfter(sender.sndUna(), rcvNxt)
        || SequenceNumber.isAfter(rcvNxt, sender.sndNxt())
        || sender.sndUna() + sender.flight().outstandingBytes() != sender.sndNxt()) {
      throw new AssertionError("sequence numbers of both ends do not fit");
    }
    if (SequenceNumber.isAfter(sender.sndNxt(), offered + 2)) {
      throw new AssertionError("more was sent than the window has room for");
    }
  }

  private void check() {
    Conversation ours = client.conversations.getFirst();
    if (server.conversations.isEmpty()) {
      // the handshake took too long for the server, which says so
      assertThat(ours.connection().closeReason())
          .isIn(TcpCloseReason.RESET, TcpCloseReason.CONNECT_TIMEOUT);
      return;
    }
    Conversation theirs = server.conversations.getFirst();
    assertThat(ours.isIntact() && theirs.isIntact()).as("bytes are what was sent").isTrue();
    assertThat(ours.received()).isEqualTo(down);
    assertThat(theirs.received()).isEqualTo(up);
    checkEnd(ours);
    checkEnd(theirs);
    assertThat(client.tcp.heldBytes() + server.tcp.heldBytes()).isZero();
  }

  /// After TIME-WAIT, which a last FIN may miss, the answer to it is a reset.
  private static void checkEnd(Conversation conversation) {
    assertThat(conversation.connection().closeReason())
        .isIn(TcpCloseReason.FINISHED, TcpCloseReason.RESET);
  }

  private String describe() {
    StringBuilder text = new StringBuilder();
    text.append(up).append(" up, ").append(down).append(" down, ").append(forth).append(back);
    client.conversations.forEach(c -> text.append("\n client ").append(c));
    server.conversations.forEach(c -> text.append("\n server ").append(c));
    return text.toString();
  }
}
