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
    NO_OWNER
  }

  private final TcpConfig config;
  private final LinkTraits link;
  private final ByteBufAllocator allocator;
  private final TcpSecrets secrets;
  private final TimestampClock clock;
  private final SegmentWriter segments;
  private final MemoryBudget budget;
  private final ConnectionTable connections;
  private final TimeWait timeWait;
  private final ListenerTable listeners;
  private final LocalPorts localPorts;
  private final RunQueues queues;
  private final ActiveOpen activeOpen;
  private final PassiveOpen passiveOpen;
  private final Arrival arrival = new Arrival(this);
  private final Expiry expiry = new Expiry(this);
  private final InSegment segment = new InSegment();
  private final DeadlineHeap heap = new DeadlineHeap();
  private final TcpCounters counters = new TcpCounters();
  private final PathMtuTable paths;
  private int linkMtuBytes;
  private int lastSegmentBytes;
  private long nowNanos;

  /// @param random where keys, ports and offsets come from
  public TcpLayer(
      TcpConfig config,
      LinkTraits link,
      OutputQueue output,
      ByteBufAllocator allocator,
      PathMtuTable paths,
      RandomGenerator random,
      long nowNanos) {
    this.config = config;
    this.link = link;
    this.allocator = allocator;
    this.paths = paths;
    this.nowNanos = nowNanos;
    linkMtuBytes = link.mtuBytes();
    secrets = new TcpSecrets(random, nowNanos);
    clock = new TimestampClock(nowNanos);
    segments = new SegmentWriter(output, link.checksumOffload());
    budget = new MemoryBudget(config.stackBufferBytes());
    connections = new ConnectionTable(secrets);
    timeWait = new TimeWait(this, secrets);
    listeners = new ListenerTable(secrets);
    localPorts = new LocalPorts(secrets, config, random);
    queues = new RunQueues(budget);
    activeOpen = new ActiveOpen(this, secrets, localPorts, timeWait);
    passiveOpen = new PassiveOpen(this, secrets);
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
    TcpListener listener = new TcpListener(this, address, chosen, backlog);
    return listeners.add(listener) ? Optional.of(listener) : Optional.empty();
  }

  private int freeListenPort(@Nullable IpEndpoint local) {
    Flow flow =
        local == null
            ? new Flow(true, 0, 0, 0, 0, 0, 0)
            : Flow.of(local, new IpEndpoint(local.ipv4(), 0, 0, 0));
    BitSet taken = listeners.ports();
    return localPorts.pick(flow, port -> !taken.get(port));
  }

  /// Begins a connection. Port 0 of `local` picks a free one; one in TIME-WAIT may be used again.
  ///
  /// @return empty when no port is free, the flow exists, or there are too many connections
  public Optional<TcpConnection> connect(IpEndpoint local, IpEndpoint remote, long now) {
    nowNanos = now;
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
    nowNanos = now;
    counters.segmentsIn++;
    if (!checksumRight && !InSegment.isChecksumRight(packet, buf)) {
      counters.badChecksum++;
      return Outcome.HANDLED;
    }
    segment.parse(packet, buf);
    TcpConnection connection = connections.find(packet);
    if (connection != null) {
      arrival.process(connection, segment, buf, now);
      return Outcome.HANDLED;
    }
    if (timeWait.receive(packet, segment, now)) {
      return Outcome.HANDLED;
    }
    TcpListener listener = listeners.find(packet, ours);
    if (listener == null) {
      return withoutOwner(packet);
    }
    passiveOpen.receive(listener, packet, segment, buf, now);
    return Outcome.HANDLED;
  }

  private Outcome withoutOwner(IpPacket packet) {
    counters.noFlow++;
    if ((segment.flags & (TcpHeader.SYN | TcpHeader.ACK | TcpHeader.RST | TcpHeader.FIN))
        == TcpHeader.SYN) {
      return Outcome.NO_OWNER;
    }
    resetUnlessReset(packet, segment);
    return Outcome.HANDLED;
  }

  // ---- flows without an owner ----

  /// Answers the SYN of a flow that nobody listened for: the connection belongs to the caller, who
  /// is told when it is established. Such flows never use SYN cookies.
  ///
  /// @return empty when the flow exists already or there are too many connections
  public Optional<TcpConnection> acceptFlow(IpPacket packet, ByteBuf buf, long now) {
    nowNanos = now;
    segment.parse(packet, buf);
    if (connections.find(packet) != null || isFull()) {
      return Optional.empty();
    }
    return Optional.of(passiveOpen.begin(packet, segment, now));
  }

  /// Refuses a flow with a reset.
  public void refuseFlow(IpPacket packet, ByteBuf buf) {
    segment.parse(packet, buf);
    resetUnlessReset(packet, segment);
  }

  // ---- ICMP ----

  /// Takes an ICMP error about a segment. It is believed only when that segment is in flight (RFC
  /// 5927 section 4.1).
  ///
  /// @return whether it was believed
  public boolean onError(IcmpReport report, long now) {
    nowNanos = now;
    TcpConnection connection = connections.find(Flow.of(report));
    if (connection == null || connection.sender().flight().indexOf(report.sequenceNumber()) < 0) {
      return false;
    }
    if (report.kind() == IcmpKind.TOO_BIG) {
      connection.sender().onPacketTooBig(report.mtuBytes(), now);
      wake(connection);
    } else {
      connection.onUnreachable(report.kind().isHard());
    }
    return true;
  }

  // ---- output ----

  /// The next segment of a connection, null when none has anything to send now. Replies that belong
  /// to no connection are in the [OutputQueue].
  public @Nullable ByteBuf transmit(long now) {
    nowNanos = now;
    for (TcpConnection connection = queues.pollSending();
        connection != null;
        connection = queues.pollSending()) {
      ByteBuf out = connection.departure().next(now);
      heap.update(connection);
      if (out != null) {
        lastSegmentBytes = connection.departure().segmentBytes();
        counters.segmentsOut++;
        wake(connection);
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
    return queues.pollReady();
  }

  /// The next listener with connections to accept, null when there is none.
  public @Nullable TcpListener pollAcceptable() {
    return queues.pollAcceptable();
  }

  // ---- time ----

  public long nextDeadlineNanos() {
    return Deadlines.earlier(heap.nextNanos(), timeWait.nextDeadlineNanos());
  }

  public void onDeadline(long now) {
    nowNanos = now;
    for (TcpConnection due = heap.due(now); due != null; due = heap.due(now)) {
      expiry.process(due, now);
    }
    timeWait.onDeadline(now);
  }

  /// The link is back after an outage: what waits for a timer goes out again now, one connection
  /// after the other and not all at once.
  public void linkUp(long now) {
    nowNanos = now;
    long[] at = {now};
    connections.forEach(
        connection -> {
          connection.sender().onLinkUp(at[0]);
          heap.update(connection);
          at[0] += LINK_UP_SPACING_NANOS;
        });
  }

  /// The link carries packets of another size from now on.
  public void setLinkMtu(int mtuBytes) {
    linkMtuBytes = mtuBytes;
    connections.forEach(connection -> connection.sender().setLinkMtu(mtuBytes));
  }

  /// An address is no longer ours: its connections end.
  public void addressRemoved(boolean ipv4, long high, long low) {
    connections.forEach(
        connection -> {
          Flow flow = connection.flow();
          if (flow.ipv4() == ipv4 && flow.localHigh() == high && flow.localLow() == low) {
            connection.end(TcpCloseReason.ADDRESS_CHANGED);
          }
        });
  }

  /// Ends everything and releases what waits to be read; owners are told, peers are not.
  public void close() {
    connections.forEach(
        connection -> {
          connection.end(TcpCloseReason.STACK_CLOSED);
          connection.receiver().clear();
        });
    for (TcpListener listener = listeners.oldest();
        listener != null;
        listener = listeners.oldest()) {
      listener.close();
    }
    queues.close();
  }

  // ---- queries ----

  public TcpCounters counters() {
    return counters;
  }

  public int connectionCount() {
    return connections.size();
  }

  public int timeWaitCount() {
    return timeWait.size();
  }

  /// What all buffers hold together.
  public long heldBytes() {
    return budget.heldBytes();
  }

  public void forEachConnection(Consumer<TcpConnection> action) {
    connections.forEach(action);
  }

  // ---- inside the stack ----

  TcpConfig config() {
    return config;
  }

  ByteBufAllocator allocator() {
    return allocator;
  }

  MemoryBudget budget() {
    return budget;
  }

  Arrival arrival() {
    return arrival;
  }

  SegmentWriter segments() {
    return segments;
  }

  long nowNanos() {
    return nowNanos;
  }

  int maxSegmentBytes() {
    return link.maxSegmentBytes();
  }

  TimestampClock clock() {
    return clock;
  }

  int timestampOffset(Flow flow) {
    return secrets.timestampOffset(flow);
  }

  SegmentSize segmentSize(Flow flow, long now) {
    int path = paths.mtu(flow.ipv4(), flow.remoteHigh(), flow.remoteLow(), now);
    return new SegmentSize(flow.ipv4(), linkMtuBytes, path);
  }

  /// Whether there are as many connections as there may be.
  boolean isFull() {
    return connections.size() >= config.maxConnections();
  }

  @Nullable TcpConnection find(Flow flow) {
    return connections.find(flow);
  }

  void add(TcpConnection connection) {
    connections.add(connection);
  }

  void remove(TcpConnection connection) {
    connections.remove(connection);
    heap.remove(connection);
  }

  void remove(TcpListener listener) {
    listeners.remove(listener);
    connections.forEach(
        connection -> {
          if (connection.listener() == listener) {
            connection.end(TcpCloseReason.ABORTED);
          }
        });
  }

  /// Both sides have ended: a record answers what still comes.
  void keepInTimeWait(TcpConnection connection, long now) {
    remove(connection);
    timeWait.keep(connection, now);
  }

  /// The connection may have something to send.
  void wake(TcpConnection connection) {
    queues.wake(connection);
  }

  /// The connection's timers have changed while it has nothing to send.
  void rescheduled(TcpConnection connection) {
    heap.update(connection);
  }

  /// The connection wants to write and the buffers of all are full.
  void awaitMemory(TcpConnection connection) {
    queues.awaitMemory(connection);
  }

  /// The connection has news for its owner.
  void ready(TcpConnection connection) {
    queues.ready(connection);
  }

  /// A handshake has made a connection that waits to be accepted.
  void acceptable(TcpListener listener) {
    counters.accepted++;
    queues.acceptable(listener);
  }

  void sendReset(TcpConnection connection) {
    counters.resetsOut++;
    Sender sender = connection.sender();
    int ack = connection.receiver().rcvNxt();
    segments.sendBare(connection.flow(), sender.sndNxt(), ack, TcpHeader.RST | TcpHeader.ACK, 0);
  }

  /// Answers a segment of no connection with a reset.
  void resetUnlessReset(IpPacket packet, InSegment stray) {
    if (!stray.has(TcpHeader.RST)) {
      segments.sendResetFor(packet, stray);
      counters.resetsOut++;
    }
  }
}
