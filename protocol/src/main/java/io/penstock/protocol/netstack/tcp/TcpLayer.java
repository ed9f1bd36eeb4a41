package io.penstock.protocol.netstack.tcp;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.penstock.protocol.Bounds;
import io.penstock.protocol.Deadlines;
import io.penstock.protocol.netstack.icmp.IcmpKind;
import io.penstock.protocol.netstack.icmp.IcmpReport;
import io.penstock.protocol.netstack.ip.LinkTraits;
import io.penstock.protocol.netstack.ip.OutputQueue;
import io.penstock.protocol.netstack.ip.PathMtuTable;
import io.penstock.protocol.netstack.wire.IpEndpoint;
import io.penstock.protocol.netstack.wire.IpPacket;
import io.penstock.protocol.netstack.wire.TcpHeader;
import java.util.BitSet;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/// All of TCP of one stack: connections, listeners, TIME-WAIT, and who may send next.
///
/// **Calling.** One thread. [#receive] takes a segment, [#transmit] hands out the next one,
/// [#pollReady] and [#pollAcceptable] tell owners that there is news.
///
/// **Fairness.** Connections with something to send take turns, one segment each.
///
/// **Bounds.** [TcpConfig]: connections, bytes in buffers, records of TIME-WAIT, half-open
/// handshakes; resets and answers of TIME-WAIT go through the stack's bounded [OutputQueue].
public final class TcpLayer {

  /// How far the connections of a link that has come back are apart when they send again.
  private static final long LINK_UP_SPACING_NANOS = 100_000L;

  /// What became of a segment.
  public enum Outcome {
    HANDLED,
    /// It begins a flow that no listener owns: the caller decides, see [#acceptFlow].
    NO_OWNER,
    /// It belongs to no flow and begins none: a reset answers it, see [#refuseFlow], or nothing.
    STRAY
  }

  private final TcpShared shared;
  private final LocalPorts localPorts;
  private final ActiveOpen activeOpen;
  private final PassiveOpen passiveOpen;
  private final Arrival arrival;
  private final Expiry expiry;
  private final InSegment segment = new InSegment();
  private int lastSegmentBytes;

  /// @param random where keys, ports and offsets come from
  public TcpLayer(
      TcpConfig config,
      LinkTraits link,
      OutputQueue output,
      ByteBufAllocator allocator,
      PathMtuTable paths,
      RandomGenerator random,
      long nowNanos) {
    shared = new TcpShared(config, link, output, allocator, paths, random, nowNanos);
    localPorts = new LocalPorts(shared.secrets(), config, random);
    arrival = new Arrival(shared);
    expiry = new Expiry(shared);
    activeOpen = new ActiveOpen(shared, localPorts);
    passiveOpen = new PassiveOpen(shared, arrival);
  }

  // ---- listening and connecting ----

  /// Listens on `port` at every address; port 0 picks a free one.
  ///
  /// @return empty when another wildcard listener has the port
  public Optional<TcpListener> listen(int port, int backlog) {
    return listen(null, port, backlog);
  }

  /// Listens at one address; port 0 picks a free one. An exact and a wildcard listener may share a
  /// port, the exact one comes first.
  ///
  /// @return empty when another listener has the same address and port
  public Optional<TcpListener> listen(IpEndpoint local, int backlog) {
    return listen(local, local.port(), backlog);
  }

  private Optional<TcpListener> listen(@Nullable IpEndpoint local, int port, int backlog) {
    Bounds.requireBetween("tcp.backlog", backlog, 1, 1_000_000);
    int chosen = port == 0 ? freeListenPort(local) : port;
    if (chosen < 0) {
      return Optional.empty();
    }
    IpEndpoint address = local == null ? null : local.withPort(chosen);
    TcpListener listener = new TcpListener(shared, address, chosen, backlog);
    return shared.listeners().add(listener) ? Optional.of(listener) : Optional.empty();
  }

  /// Whoever listens at one address listens at another from now on; not where somebody listens on
  /// the same port already.
  public void moveListeners(IpEndpoint before, IpEndpoint now) {
    shared.listeners().move(before, now);
  }

  private int freeListenPort(@Nullable IpEndpoint local) {
    Flow flow =
        local == null
            ? new Flow(true, 0, 0, 0, 0, 0, 0)
            : Flow.of(local, new IpEndpoint(local.ipv4(), 0, 0, 0));
    BitSet taken = shared.listeners().ports();
    return localPorts.pick(flow, port -> !taken.get(port));
  }

  /// Begins a connection. Port 0 of `local` picks a free one; one in TIME-WAIT may be used again.
  ///
  /// @return empty when no port is free, the flow exists, or there are too many connections
  public Optional<TcpConnection> connect(IpEndpoint local, IpEndpoint remote, long now) {
    shared.setNow(now);
    return activeOpen.begin(local, remote, now);
  }

  // ---- input ----

  /// Takes a segment that lies whole in `buf`, which stays the caller's.
  ///
  /// @param ours the segment is for one of our addresses, not for another's that we stand in for;
  ///   only then does a wildcard listener own it
  /// @param checksumRight the link has verified the checksum, or there was none to make
  public Outcome receive(
      IpPacket packet, ByteBuf buf, boolean ours, boolean checksumRight, long now) {
    shared.setNow(now);
    shared.counters().segmentsIn++;
    if (!checksumRight && !InSegment.isChecksumRight(packet, buf)) {
      shared.counters().badChecksum++;
      return Outcome.HANDLED;
    }
    segment.parse(packet, buf);
    TcpConnection connection = shared.connections().find(packet);
    if (connection != null) {
      arrival.process(connection, segment, buf, now);
      return Outcome.HANDLED;
    }
    if (shared.timeWait().receive(packet, segment, now)) {
      return Outcome.HANDLED;
    }
    TcpListener listener = shared.listeners().find(packet, ours);
    if (listener == null) {
      return withoutOwner();
    }
    passiveOpen.receive(listener, packet, segment, buf, now);
    return Outcome.HANDLED;
  }

  private Outcome withoutOwner() {
    shared.counters().noFlow++;
    if ((segment.flags & (TcpHeader.SYN | TcpHeader.ACK | TcpHeader.RST | TcpHeader.FIN))
        == TcpHeader.SYN) {
      return Outcome.NO_OWNER;
    }
    return Outcome.STRAY;
  }

  // ---- flows without an owner ----

  /// Answers the SYN of a flow that nobody listened for: the connection belongs to the caller, who
  /// is told when it is established. Such flows never use SYN cookies.
  ///
  /// @return empty when the flow exists already or there are too many connections
  public Optional<TcpConnection> acceptFlow(IpPacket packet, ByteBuf buf, long now) {
    shared.setNow(now);
    segment.parse(packet, buf);
    if (shared.connections().find(packet) != null || shared.isFull()) {
      return Optional.empty();
    }
    return Optional.of(passiveOpen.begin(packet, segment, now));
  }

  /// Refuses a flow with a reset.
  public void refuseFlow(IpPacket packet, ByteBuf buf) {
    segment.parse(packet, buf);
    shared.answerWithReset(packet, segment);
  }

  // ---- ICMP ----

  /// Takes an ICMP error about a segment. It is believed only when that segment is in flight (RFC
  /// 5927 section 4.1).
  ///
  /// @return whether it was believed
  public boolean onError(IcmpReport report, long now) {
    shared.setNow(now);
    TcpConnection connection = shared.connections().find(Flow.of(report));
    if (connection == null || connection.sender().flight().indexOf(report.sequenceNumber()) < 0) {
      return false;
    }
    if (report.kind() == IcmpKind.TOO_BIG) {
      connection.sender().onPacketTooBig(report.mtuBytes(), now);
      shared.wake(connection);
    } else {
      connection.onUnreachable(report.kind().isHard());
    }
    return true;
  }

  // ---- output ----

  /// The next segment of a connection, null when none has anything to send now. Replies that belong
  /// to no connection are in the [OutputQueue].
  public @Nullable ByteBuf transmit(long now) {
    shared.setNow(now);
    for (TcpConnection connection = shared.queues().pollSending();
        connection != null;
        connection = shared.queues().pollSending()) {
      ByteBuf out = connection.departure().next(now);
      shared.deadlines().update(connection);
      if (out != null) {
        lastSegmentBytes = connection.departure().segmentBytes();
        shared.counters().segmentsOut++;
        shared.wake(connection);
        return out;
      }
    }
    return null;
  }

  /// The payload of each packet that the last one of [#transmit] must be cut into, 0 when it is
  /// small enough.
  public int lastSegmentBytes() {
    return lastSegmentBytes;
  }

  /// The next connection with news for its owner, null when there is none.
  public @Nullable TcpConnection pollReady() {
    return shared.queues().pollReady();
  }

  /// The next listener with connections to accept, null when there is none.
  public @Nullable TcpListener pollAcceptable() {
    return shared.queues().pollAcceptable();
  }

  // ---- time ----

  public long nextDeadlineNanos() {
    return Deadlines.earlier(shared.deadlines().nextNanos(), shared.timeWait().nextDeadlineNanos());
  }

  public void onDeadline(long now) {
    shared.setNow(now);
    for (TcpConnection due = shared.deadlines().due(now);
        due != null;
        due = shared.deadlines().due(now)) {
      expiry.process(due, now);
    }
    shared.timeWait().onDeadline(now);
  }

  /// The link is back after an outage: what waits for a timer goes out again now, and where nothing
  /// does an acknowledgment, by which the peer sees that it may send again. One connection comes
  /// after the other, and not all at once.
  public void linkUp(long now) {
    shared.setNow(now);
    long[] at = {now};
    shared
        .connections()
        .forEach(
            connection -> {
              if (!connection.sender().onLinkUp(at[0]) && connection.state().isSynchronized()) {
                connection.departure().acknowledgeWithin(at[0] - now, now);
              }
              shared.deadlines().update(connection);
              at[0] += LINK_UP_SPACING_NANOS;
            });
  }

  /// The link carries packets of another size from now on.
  public void setLinkMtu(int mtuBytes) {
    shared.setLinkMtu(mtuBytes);
  }

  /// An address is no longer ours: its connections end.
  public void addressRemoved(boolean ipv4, long high, long low) {
    shared
        .connections()
        .forEach(
            connection -> {
              Flow flow = connection.flow();
              if (flow.ipv4() == ipv4 && flow.localHigh() == high && flow.localLow() == low) {
                connection.end(TcpCloseReason.ADDRESS_CHANGED);
              }
            });
  }

  /// Ends everything and releases what waits to be read; owners are told, peers are not.
  public void close() {
    shared
        .connections()
        .forEach(
            connection -> {
              connection.end(TcpCloseReason.STACK_CLOSED);
              connection.receiver().clear();
            });
    for (TcpListener listener = shared.listeners().oldest();
        listener != null;
        listener = shared.listeners().oldest()) {
      listener.close();
    }
    shared.queues().close();
  }

  // ---- queries ----

  public TcpCounters counters() {
    return shared.counters();
  }

  public int connectionCount() {
    return shared.connections().size();
  }

  public int timeWaitCount() {
    return shared.timeWait().size();
  }

  /// What all buffers hold together.
  public long heldBytes() {
    return shared.chunks().heldBytes();
  }

  public void forEachConnection(Consumer<TcpConnection> action) {
    shared.connections().forEach(action);
  }
}
