package io.penstock.node.stack;

import static io.penstock.node.stack.VirtualPair.SECOND;
import static io.penstock.node.stack.VirtualPair.SERVER_4;
import static io.penstock.node.stack.VirtualPair.saying;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFuture;
import io.penstock.api.IpAddress;
import io.penstock.node.fallback.FallbackConfig;
import io.penstock.node.fallback.FlowAnswer;
import io.penstock.protocol.netstack.NetStackConfig;
import io.penstock.protocol.netstack.wire.InternetChecksum;
import io.penstock.protocol.netstack.wire.IpProtocol;
import io.penstock.protocol.netstack.wire.Ipv4Address;
import io.penstock.protocol.netstack.wire.Ipv4Header;
import io.penstock.protocol.netstack.wire.TcpHeader;
import io.penstock.protocol.netstack.wire.UdpHeader;
import io.penstock.testkit.leak.LeakCheck;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/// First packets of flows from sources that do not exist, faster than they can be dealt with, while
/// a fallback handler takes what comes: what they cost is bounded, and good connections go on.
@ExtendWith(LeakCheck.class)
class FallbackFloodTest {

  private static final int PACKETS = 10_000;
  private static final int PACKETS_PER_MILLI = 20;
  private static final long MILLI = 1_000_000L;
  private static final int GOOD_DIALS = 20;
  private static final int OPEN_PORT = 80;
  private static final int FLOODED_PORT = 4711;

  /// The first of their addresses, 11.0.0.0/8.
  private static final int SOURCES = 0x0b00_0000;

  /// What one accepted flow of which no more is heard may hold.
  private static final int MAX_HALF_OPEN_BYTES = 1024;

  private final SplittableRandom random = new SplittableRandom(1);
  private VirtualPair pair;
  private int mostInFlight;

  @BeforeEach
  void start() {
    pair = new VirtualPair();
    // answers to sources that do not exist
    pair.serverEnd
        .out()
        .dropIf(
            packet ->
                Ipv4Header.destination(packet, packet.readerIndex()) >>> 24 == SOURCES >>> 24);
    pair.server.fallback.registerTcp((_, _) -> FlowAnswer.acceptChannel(saying("good")));
  }

  @AfterEach
  void close() {
    pair.close();
  }

  @Test
  void a_flood_to_one_port_takes_its_share_and_no_more() {
    VirtualPair.Reader reader = reader(OPEN_PORT);

    flood(() -> syn(FLOODED_PORT), GOOD_DIALS);

    assertThat(mostInFlight)
        .isGreaterThan(FallbackConfig.DEFAULT_MAX_FLOWS_PER_PORT)
        .isLessThanOrEqualTo(FallbackConfig.DEFAULT_MAX_FLOWS_PER_PORT + GOOD_DIALS + 1);
    assertThat(pair.server.fallback.counts().overPort()).isGreaterThan(PACKETS / 2);
    assertThat(reader.text).hasToString("good");
    assertFreeAgainAfterHandshakeLimit();
  }

  @Test
  void a_flood_to_all_ports_is_bounded_and_the_connections_that_are_there_go_on() {
    VirtualPair.Reader reader = reader(OPEN_PORT);

    flood(() -> syn(1 + random.nextInt(65_535)), 0);

    assertThat(mostInFlight).isLessThanOrEqualTo(FallbackConfig.DEFAULT_MAX_FLOWS);
    assertThat(pair.server.fallback.counts().overAll()).isPositive();
    assertThat(reader.text).hasToString("good");
    assertFreeAgainAfterHandshakeLimit();
  }

  @Test
  void handlers_that_stall_meanwhile_leave_no_more_than_a_bound_behind() {
    pair.server.runHandlers(false);

    flood(() -> random.nextBoolean() ? syn(FLOODED_PORT) : datagram(FLOODED_PORT), 0);

    assertThat(pair.server.count(stack -> stack.tcp().connectionCount())).isZero();
    pair.network.runFor(SECOND);
    assertThat(pair.server.count(stack -> stack.pendingFlows().size())).isZero();
    assertThat(pair.server.count(stack -> stack.pendingFlows().heldBytes())).isZero();
    pair.server.runHandlers(true);
    pair.network.runFor(SECOND);
    assertThat(pair.wordOf(SERVER_4, OPEN_PORT)).isEqualTo("good");
  }

  /// A good connection, whose first word has come.
  private VirtualPair.Reader reader(int port) {
    VirtualPair.Reader reader = new VirtualPair.Reader();
    ChannelFuture dial = pair.dialled(SERVER_4, port);
    dial.channel().pipeline().addLast(reader);
    pair.network.runUntil(() -> !reader.text.isEmpty(), SECOND);
    return reader;
  }

  private interface Packets {
    ByteBuf next();
  }

  /// Sends the packets within half a second, and dials some good connections to another port on the
  /// way, each of which must succeed.
  private void flood(Packets packets, int goodDials) {
    long held = pair.server.count(stack -> stack.tcp().heldBytes());
    for (int i = 0; i < PACKETS; i++) {
      pair.server.receive(packets.next(), pair.network.nowNanos());
      if (i % PACKETS_PER_MILLI == 0) {
        pair.network.runFor(MILLI);
        mostInFlight = Math.max(mostInFlight, pair.server.fallback.counts().inFlight());
        assertPendingIsBounded();
      }
      if (goodDials > 0 && i % (PACKETS / goodDials) == 0) {
        assertThat(pair.wordOf(SERVER_4, OPEN_PORT)).isEqualTo("good");
      }
    }
    long now = pair.server.count(stack -> stack.tcp().heldBytes());
    assertThat(now - held).isLessThanOrEqualTo((long) mostInFlight * MAX_HALF_OPEN_BYTES);
  }

  private void assertPendingIsBounded() {
    NetStackConfig config = pair.server.stack.driver().config();
    assertThat(pair.server.count(stack -> stack.pendingFlows().size()))
        .isLessThanOrEqualTo(config.pendingFlows().maxFlows());
    assertThat(pair.server.count(stack -> stack.pendingFlows().heldBytes()))
        .isLessThanOrEqualTo(
            FallbackConfig.DEFAULT_MAX_FLOWS * 512L + config.pendingFlows().maxDatagramBytes());
  }

  private void assertFreeAgainAfterHandshakeLimit() {
    pair.network.runUntil(() -> pair.server.fallback.counts().inFlight() < 100, 300 * SECOND);
    assertThat(pair.wordOf(SERVER_4, FLOODED_PORT)).isEqualTo("good");
  }

  // ---- packets ----

  private int randomSource() {
    return SOURCES | random.nextInt(1 << 24);
  }

  private ByteBuf syn(int port) {
    int source = randomSource();
    ByteBuf out = header(IpProtocol.TCP, TcpHeader.MIN_BYTES, source);
    int at = out.writerIndex();
    int from = 1 + random.nextInt(65_535);
    TcpHeader.write(out, from, port, random.nextInt(), 0, TcpHeader.SYN, 65_535, 0);
    TcpHeader.writeChecksum(
        out, at, TcpHeader.MIN_BYTES, pseudoHeader(source, IpProtocol.TCP, TcpHeader.MIN_BYTES));
    return out;
  }

  private ByteBuf datagram(int port) {
    int source = randomSource();
    int bytes = UdpHeader.BYTES + 1000;
    ByteBuf out = header(IpProtocol.UDP, bytes, source);
    int at = out.writerIndex();
    UdpHeader.write(out, 1 + random.nextInt(65_535), port, bytes);
    out.writeZero(1000);
    UdpHeader.writeChecksum(out, at, bytes, pseudoHeader(source, IpProtocol.UDP, bytes));
    return out;
  }

  private static int server() {
    return Ipv4Address.of(IpAddress.parse(SERVER_4).bytes());
  }

  private static long pseudoHeader(int source, int protocol, int bytes) {
    return InternetChecksum.pseudoHeader4(source, server(), protocol, bytes);
  }

  private static ByteBuf header(int protocol, int bytes, int source) {
    ByteBuf out = Unpooled.buffer(Ipv4Header.MIN_BYTES + bytes);
    Ipv4Header.write(
        out,
        0,
        Ipv4Header.MIN_BYTES + bytes,
        1,
        Ipv4Header.DONT_FRAGMENT,
        64,
        protocol,
        source,
        server());
    return out;
  }
}
