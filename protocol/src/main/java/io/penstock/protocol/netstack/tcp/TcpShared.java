package io.penstock.protocol.netstack.tcp;

import io.netty.buffer.ByteBufAllocator;
import io.penstock.protocol.netstack.ip.LinkTraits;
import io.penstock.protocol.netstack.ip.OutputQueue;
import io.penstock.protocol.netstack.ip.PathMtuTable;
import io.penstock.protocol.netstack.wire.IpPacket;
import io.penstock.protocol.netstack.wire.TcpHeader;
import java.util.random.RandomGenerator;

/// What all of TCP of one stack has in common: settings, secrets, the clock, memory, the tables of
/// connections and listeners, and whose turn it is.
///
/// [TcpLayer] makes it and speaks with the outside; everything else works on this.
final class TcpShared {

  private final TcpConfig config;
  private final LinkTraits link;
  private final PathMtuTable paths;
  private final TcpSecrets secrets;
  private final TimestampClock clock;
  private final SegmentWriter segments;
  private final ChunkPool chunks;
  private final Spares<FlightSlots> flights = new Spares<>(FlightSlots::new);
  private final ConnectionTable connections;
  private final ListenerTable listeners;
  private final TimeWait timeWait;
  private final RunQueues queues;
  private final AckReport ackReport;
  private final DeadlineHeap deadlines = new DeadlineHeap();
  private final TcpCounters counters = new TcpCounters();
  private int linkMtuBytes;
  private long nowNanos;

  TcpShared(
      TcpConfig config,
      LinkTraits link,
      OutputQueue output,
      ByteBufAllocator allocator,
      PathMtuTable paths,
      RandomGenerator random,
      long nowNanos) {
    this.config = config;
    this.link = link;
    this.paths = paths;
    this.nowNanos = nowNanos;
    linkMtuBytes = link.mtuBytes();
    secrets = new TcpSecrets(random, nowNanos);
    clock = new TimestampClock(nowNanos);
    segments = new SegmentWriter(output, link.checksumOffload());
    chunks = new ChunkPool(allocator, config.stackBufferBytes());
    connections = new ConnectionTable(secrets);
    listeners = new ListenerTable(secrets);
    timeWait = new TimeWait(this);
    queues = new RunQueues(chunks);
    ackReport = new AckReport(clock);
  }

  // ---- what it consists of ----

  TcpConfig config() {
    return config;
  }

  /// The memory of all buffers.
  ChunkPool chunks() {
    return chunks;
  }

  /// Where flights get their slots from.
  Spares<FlightSlots> flights() {
    return flights;
  }

  TcpSecrets secrets() {
    return secrets;
  }

  TimestampClock clock() {
    return clock;
  }

  SegmentWriter segments() {
    return segments;
  }

  ConnectionTable connections() {
    return connections;
  }

  ListenerTable listeners() {
    return listeners;
  }

  TimeWait timeWait() {
    return timeWait;
  }

  RunQueues queues() {
    return queues;
  }

  /// For the acknowledgment at hand.
  AckReport ackReport() {
    return ackReport;
  }

  DeadlineHeap deadlines() {
    return deadlines;
  }

  TcpCounters counters() {
    return counters;
  }

  // ---- time and the link ----

  /// The time of the call that is being served.
  long nowNanos() {
    return nowNanos;
  }

  void setNow(long now) {
    nowNanos = now;
  }

  int maxSegmentBytes() {
    return link.maxSegmentBytes();
  }

  void setLinkMtu(int mtuBytes) {
    linkMtuBytes = mtuBytes;
    connections.forEach(connection -> connection.sender().setLinkMtu(mtuBytes));
  }

  SegmentSize segmentSize(Flow flow, long now) {
    int path = paths.mtu(flow.ipv4(), flow.remoteHigh(), flow.remoteLow(), now);
    return new SegmentSize(flow.ipv4(), linkMtuBytes, path);
  }

  // ---- the life of connections ----

  /// Whether there are as many connections as there may be.
  boolean isFull() {
    return connections.size() >= config.maxConnections();
  }

  /// Both sides have ended: a record answers what still comes.
  void keepInTimeWait(TcpConnection connection, long now) {
    remove(connection);
    timeWait.keep(connection, now);
  }

  void remove(TcpConnection connection) {
    connections.remove(connection);
    deadlines.remove(connection);
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

  /// The connection may have something to send.
  void wake(TcpConnection connection) {
    queues.wake(connection);
  }

  /// The connection's timers have changed while it has nothing to send.
  void rescheduled(TcpConnection connection) {
    deadlines.update(connection);
  }

  // ---- resets ----

  void sendReset(TcpConnection connection) {
    counters.resetsOut++;
    Sender sender = connection.sender();
    int ack = connection.receiver().rcvNxt();
    segments.sendBare(connection.flow(), sender.sndNxt(), ack, TcpHeader.RST | TcpHeader.ACK, 0);
  }

  /// Answers a segment of no connection with a reset, unless it is one.
  void answerWithReset(IpPacket packet, InSegment segment) {
    if (!segment.has(TcpHeader.RST)) {
      segments.sendResetFor(packet, segment);
      counters.resetsOut++;
    }
  }

  /// Answers an acknowledgment of what we have not sent with a reset.
  void answerWithReset(TcpConnection connection, InSegment segment) {
    segments.sendBare(connection.flow(), segment.ack, 0, TcpHeader.RST, 0);
    counters.resetsOut++;
  }
}
