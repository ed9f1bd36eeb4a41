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
import io.penstock.protocol.netstack.wire.InternetChecksum;
import io.penstock.protocol.netstack.wire.IpEndpoint;
import io.penstock.protocol.netstack.wire.IpPacket;
import io.penstock.protocol.netstack.wire.IpProtocol;
import io.penstock.protocol.netstack.wire.TcpHeader;
import java.util.ArrayDeque;
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

  /// Nanoseconds in which a port in TIME-WAIT is not used for a new connection: two ticks of the
  /// timestamp clock, so that the new one's are later (RFC 6191).
  private static final long REUSE_AFTER_NANOS = 2_000_000L;

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
  private final TimeWaitTable timeWait;
  private final ListenerTable listeners;
  private final LocalPorts localPorts;
  private final SynCookies cookies;
  private final Arrival arrival = new Arrival(this);
  private final Expiry expiry = new Expiry(this);
  private final InSegment segment = new InSegment();
  private final InSegment restored = new InSegment();
  private final DeadlineHeap heap = new DeadlineHeap();
  private final ArrayDeque<TcpConnection> sending = new ArrayDeque<>();
  private final ArrayDeque<TcpConnection> ready = new ArrayDeque<>();
  private final ArrayDeque<TcpListener> acceptable = new ArrayDeque<>();
  private final ArrayDeque<TcpConnection> awaitingMemory = new ArrayDeque<>();
  private final TcpCounters counters = new TcpCounters();
  private final PathMtuTable paths;
  private int linkMtuBytes;
  private int lastSegmentBytes;
  private long nowNanos;
  private long cookiesSentNanos;
  private boolean cookiesSent;

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
    timeWait = new TimeWaitTable(secrets, config);
    listeners = new ListenerTable(secrets);
    localPorts = new LocalPorts(secrets, config, random);
    cookies = new SynCookies(this, secrets);
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
    if (connections.size() >= config.maxConnections()) {
      counters.connectionLimit++;
      return Optional.empty();
    }
    Flow flow = Flow.of(local, remote);
    if (local.port() == 0) {
      Flow portless = flow;
      int port = localPorts.pick(flow, candidate -> isUsable(withPort(portless, candidate)));
      if (port < 0) {
        return Optional.empty();
      }
      flow = withPort(flow, port);
    } else if (!isUsable(flow)) {
      return Optional.empty();
    }
    int isn = secrets.initialSequenceNumber(flow, now);
    int record = timeWait.find(flow);
    if (record != TimeWaitTable.NONE) {
      isn = SequenceNumber.later(isn, timeWait.sndNxt(record) + 65_537);
      timeWait.remove(record);
      counters.timeWaitReused++;
    }
    TcpConnection connection = new TcpConnection(this, flow, TcpState.SYN_SENT, now);
    connection.sender().start(isn);
    connection.timers().set(TcpTimer.LIFETIME, Deadlines.after(now, config.connectTimeoutNanos()));
    connection.departure().synchronize();
    connections.add(connection);
    counters.opened++;
    wake(connection);
    return Optional.of(connection);
  }

  private static Flow withPort(Flow flow, int port) {
    return new Flow(
        flow.ipv4(),
        flow.localHigh(),
        flow.localLow(),
        port,
        flow.remoteHigh(),
        flow.remoteLow(),
        flow.remotePort());
  }

  private boolean isUsable(Flow flow) {
    if (connections.find(flow) != null) {
      return false;
    }
    int record = timeWait.find(flow);
    return record == TimeWaitTable.NONE
        || (timeWait.isStamped(record) && timeWait.ageNanos(record, nowNanos) >= REUSE_AFTER_NANOS);
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
    if (!checksumRight && !isChecksumRight(packet, buf)) {
      counters.badChecksum++;
      return Outcome.HANDLED;
    }
    segment.parse(packet, buf);
    TcpConnection connection = connections.find(packet);
    if (connection != null) {
      arrival.process(connection, segment, buf, now);
      return Outcome.HANDLED;
    }
    int record = timeWait.find(packet);
    if (record != TimeWaitTable.NONE && !inTimeWait(record)) {
      return Outcome.HANDLED;
    }
    TcpListener listener = listeners.find(packet, ours);
    return listener == null ? withoutOwner(packet) : atListener(listener, packet, buf);
  }

  private static boolean isChecksumRight(IpPacket packet, ByteBuf buf) {
    long pseudoHeader =
        packet.isIpv4()
            ? InternetChecksum.pseudoHeader4(
                (int) packet.sourceLow(),
                (int) packet.destinationLow(),
                IpProtocol.TCP,
                packet.transportBytes())
            : InternetChecksum.pseudoHeader6(
                packet.sourceHigh(),
                packet.sourceLow(),
                packet.destinationHigh(),
                packet.destinationLow(),
                IpProtocol.TCP,
                packet.transportBytes());
    return InternetChecksum.finish(
            InternetChecksum.add(pseudoHeader, buf, packet.transportAt(), packet.transportBytes()))
        == 0;
  }

  /// Answers a segment to a connection that has ended.
  ///
  /// @return whether it is a SYN that may begin a new connection; then the record is gone
  private boolean inTimeWait(int record) {
    if (segment.has(TcpHeader.RST)) {
      // RFC 1337: a reset must not cut TIME-WAIT short
      return false;
    }
    boolean syn = (segment.flags & (TcpHeader.SYN | TcpHeader.ACK)) == TcpHeader.SYN;
    if (syn && mayReplace(record)) {
      timeWait.remove(record);
      return true;
    }
    if (segment.has(TcpHeader.FIN)) {
      timeWait.renew(record, nowNanos);
    }
    if (segment.length() > 0 || segment.seq != timeWait.rcvNxt(record)) {
      answerFor(record);
    }
    return false;
  }

  /// RFC 6191: a later timestamp, or without them a later sequence number.
  private boolean mayReplace(int record) {
    if (timeWait.isStamped(record) && segment.hasTimestamps) {
      int age = segment.tsVal - timeWait.tsRecent(record);
      return age > 0 || (age == 0 && SequenceNumber.isAfter(segment.seq, timeWait.rcvNxt(record)));
    }
    return SequenceNumber.isAfter(segment.seq, timeWait.rcvNxt(record));
  }

  private void answerFor(int record) {
    Flow flow = timeWait.flowOf(record);
    int seq = timeWait.sndNxt(record);
    int ack = timeWait.rcvNxt(record);
    if (timeWait.isStamped(record)) {
      int stamp = clock.at(nowNanos) + secrets.timestampOffset(flow);
      segments.sendStamped(flow, seq, ack, TcpHeader.ACK, 0, stamp, timeWait.tsRecent(record));
    } else {
      segments.sendBare(flow, seq, ack, TcpHeader.ACK, 0);
    }
  }

  private Outcome withoutOwner(IpPacket packet) {
    counters.noFlow++;
    if ((segment.flags & (TcpHeader.SYN | TcpHeader.ACK | TcpHeader.RST | TcpHeader.FIN))
        == TcpHeader.SYN) {
      return Outcome.NO_OWNER;
    }
    resetUnlessReset(packet);
    return Outcome.HANDLED;
  }

  private void resetUnlessReset(IpPacket packet) {
    if (!segment.has(TcpHeader.RST)) {
      segments.sendResetFor(packet, segment);
      counters.resetsOut++;
    }
  }

  private Outcome atListener(TcpListener listener, IpPacket packet, ByteBuf buf) {
    if (segment.has(TcpHeader.RST)) {
      return Outcome.HANDLED;
    }
    if (segment.has(TcpHeader.ACK)) {
      atListenerAck(listener, packet, buf);
    } else if (segment.has(TcpHeader.SYN)) {
      atListenerSyn(listener, packet);
    }
    return Outcome.HANDLED;
  }

  private void atListenerSyn(TcpListener listener, IpPacket packet) {
    if (listener.isFull()) {
      counters.acceptQueueFull++;
    } else if (connections.size() >= config.maxConnections()) {
      counters.connectionLimit++;
    } else if (!listener.hasRoomForHandshake()) {
      cookiesSent = true;
      cookiesSentNanos = nowNanos;
      counters.synCookiesSent++;
      cookies.answer(packet, segment, nowNanos);
    } else {
      TcpConnection connection = passive(packet, segment);
      connection.setListener(listener);
      listener.onHandshakeBegun();
    }
  }

  private TcpConnection passive(IpPacket packet, InSegment syn) {
    TcpConnection connection = newPassive(packet, syn);
    connection.sender().start(secrets.initialSequenceNumber(connection.flow(), nowNanos));
    connection.departure().synchronize();
    connections.add(connection);
    wake(connection);
    return connection;
  }

  private TcpConnection newPassive(IpPacket packet, InSegment syn) {
    TcpConnection connection =
        new TcpConnection(this, Flow.of(packet), TcpState.SYN_RECEIVED, nowNanos);
    connection.receiver().start(syn.seq + 1);
    connection.departure().agree(syn, syn.has(TcpHeader.ECE) && syn.has(TcpHeader.CWR));
    connection
        .timers()
        .set(TcpTimer.LIFETIME, Deadlines.after(nowNanos, config.handshakeTimeoutNanos()));
    return connection;
  }

  private void atListenerAck(TcpListener listener, IpPacket packet, ByteBuf buf) {
    boolean mayBeCookie =
        cookiesSent
            && nowNanos - cookiesSentNanos < 2L * 64_000_000_000L
            && !segment.has(TcpHeader.SYN);
    if (!mayBeCookie || !cookies.restore(packet, segment, restored, nowNanos)) {
      counters.synCookiesRefused += mayBeCookie ? 1 : 0;
      counters.noFlow++;
      resetUnlessReset(packet);
      return;
    }
    counters.synCookiesAccepted++;
    TcpConnection connection = newPassive(packet, restored);
    connection.sender().start(segment.ack - 1);
    connection.sender().onSynSent(nowNanos);
    connection.receiver().offerWindow(false);
    connection.setListener(listener);
    listener.onHandshakeBegun();
    connections.add(connection);
    arrival.process(connection, segment, buf, nowNanos);
  }

  // ---- flows without an owner ----

  /// Answers the SYN of a flow that nobody listened for: the connection belongs to the caller, who
  /// is told when it is established. Such flows never use SYN cookies.
  ///
  /// @return empty when the flow exists already or there are too many connections
  public Optional<TcpConnection> acceptFlow(IpPacket packet, ByteBuf buf, long now) {
    nowNanos = now;
    segment.parse(packet, buf);
    if (connections.find(packet) != null || connections.size() >= config.maxConnections()) {
      return Optional.empty();
    }
    return Optional.of(passive(packet, segment));
  }

  /// Refuses a flow with a reset.
  public void refuseFlow(IpPacket packet, ByteBuf buf) {
    segment.parse(packet, buf);
    resetUnlessReset(packet);
  }

  // ---- ICMP ----

  /// Takes an ICMP error about a segment. It is believed only when that segment is in flight (RFC
  /// 5927 section 4.1).
  ///
  /// @return whether it was believed
  public boolean onError(IcmpReport report, long now) {
    nowNanos = now;
    TcpConnection connection = connections.find(quotedFlow(report));
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

  private static Flow quotedFlow(IcmpReport report) {
    return new Flow(
        report.ipv4(),
        report.localHigh(),
        report.localLow(),
        report.localPort(),
        report.remoteHigh(),
        report.remoteLow(),
        report.remotePort());
  }

  // ---- output ----

  /// The next segment of a connection, null when none has anything to send now. Replies that belong
  /// to no connection are in the [OutputQueue].
  public @Nullable ByteBuf transmit(long now) {
    nowNanos = now;
    for (TcpConnection connection = sending.poll();
        connection != null;
        connection = sending.poll()) {
      connection.queuedToSend = false;
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
    if (!awaitingMemory.isEmpty()) {
      tellOfMemory();
    }
    TcpConnection connection = ready.poll();
    if (connection != null) {
      connection.queuedReady = false;
    }
    return connection;
  }

  /// Lets as many writers go on as there is memory for, those first that have waited longest.
  private void tellOfMemory() {
    long free = budget.freeBytes() / ByteChunks.CHUNK_BYTES;
    for (long told = Math.min(free, awaitingMemory.size()); told > 0; told--) {
      TcpConnection connection = awaitingMemory.remove();
      connection.queuedForMemory = false;
      connection.tellWritable();
    }
  }

  /// The next listener with connections to accept, null when there is none.
  public @Nullable TcpListener pollAcceptable() {
    TcpListener listener = acceptable.poll();
    if (listener != null) {
      listener.queuedReady = false;
    }
    return listener;
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
    sending.clear();
    awaitingMemory.clear();
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

  /// The connection may have something to send.
  void wake(TcpConnection connection) {
    if (!connection.queuedToSend && connection.state() != TcpState.CLOSED) {
      connection.queuedToSend = true;
      sending.add(connection);
    }
  }

  /// The connection's timers have changed while it has nothing to send.
  void rescheduled(TcpConnection connection) {
    heap.update(connection);
  }

  /// The connection wants to write and the buffers of all are full.
  void awaitMemory(TcpConnection connection) {
    if (!connection.queuedForMemory) {
      connection.queuedForMemory = true;
      awaitingMemory.add(connection);
    }
  }

  void ready(TcpConnection connection) {
    if (!connection.queuedReady) {
      connection.queuedReady = true;
      ready.add(connection);
    }
  }

  void acceptable(TcpListener listener) {
    counters.accepted++;
    if (!listener.queuedReady) {
      listener.queuedReady = true;
      acceptable.add(listener);
    }
  }

  void sendReset(TcpConnection connection) {
    counters.resetsOut++;
    Sender sender = connection.sender();
    int ack = connection.receiver().rcvNxt();
    segments.sendBare(connection.flow(), sender.sndNxt(), ack, TcpHeader.RST | TcpHeader.ACK, 0);
  }

  void keepInTimeWait(TcpConnection connection, long now) {
    remove(connection);
    boolean evicted =
        timeWait.add(
            connection.flow(),
            connection.sender().sndNxt(),
            connection.receiver().rcvNxt(),
            connection.departure().hasTimestamps(),
            connection.receiver().tsRecent(),
            now);
    counters.timeWaitEvicted += evicted ? 1 : 0;
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
}
