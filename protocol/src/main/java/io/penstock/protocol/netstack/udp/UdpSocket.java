package io.penstock.protocol.netstack.udp;

import io.netty.buffer.ByteBuf;
import io.penstock.protocol.netstack.ip.EntryTable;
import io.penstock.protocol.netstack.ip.HeldMemory;
import io.penstock.protocol.netstack.wire.IpEndpoint;
import io.penstock.protocol.netstack.wire.IpPacket;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// One end of UDP: a local address and port, from which datagrams are sent and whose datagrams wait
/// here to be read.
///
/// It is made by [UdpLayer#bind], [UdpLayer#bindAny] or [UdpLayer#open] and ends with [#close],
/// which releases what waits. Its local address may be "any", of one version or of both. When it is
/// connected, only datagrams of that remote end are received, and ICMP errors are told. What waits
/// is bounded by the memory it holds; beyond that the newest datagram is dropped and counted.
///
/// Called on the thread of the stack.
public final class UdpSocket {

  /// Which datagrams the local address is for.
  enum Scope {
    /// One version, and one address unless that is unspecified.
    ONE_VERSION,
    /// Any address of both versions.
    BOTH_VERSIONS,
    /// One address, and one remote end for ever.
    ONE_FLOW
  }

  private final UdpLayer layer;
  private final Scope scope;
  private IpEndpoint bound;
  private final DatagramRing waiting = new DatagramRing();
  private @Nullable IpEndpoint remote;
  private IpEndpoint local;
  private int firstEntry = EntryTable.NONE;
  private int secondEntry = EntryTable.NONE;
  private @Nullable UdpError error;
  private @Nullable Object attachment;
  private boolean closed;
  private int receiveBufferBytes;
  private long dropped;

  // The place in the layer's list of sockets with something to read.
  private @Nullable UdpSocket nextReadable;
  private boolean listed;

  UdpSocket(UdpLayer layer, Scope scope, IpEndpoint local) {
    this.layer = layer;
    receiveBufferBytes = layer.config().receiveBufferBytes();
    this.scope = scope;
    this.bound = local;
    this.local = local;
  }

  UdpSocket(UdpLayer layer, IpEndpoint local, IpEndpoint remote) {
    this(layer, Scope.ONE_FLOW, local);
    this.remote = remote;
  }

  /// The owner's own object, to find its channel again.
  public void attach(@Nullable Object object) {
    attachment = object;
  }

  public @Nullable Object attachment() {
    return attachment;
  }

  /// How much memory the datagrams may hold that wait here, instead of what [UdpConfig] says; all
  /// sockets together hold no more for it.
  public void setReceiveBufferBytes(int bytes) {
    receiveBufferBytes = bytes;
  }

  /// Fills `into` with the datagram that has waited longest; false when none waits. The reader owns
  /// its payload.
  public boolean receive(UdpDatagram into) {
    if (waiting.size() == 0) {
      return false;
    }
    layer.freed(waiting.take(into));
    return true;
  }

  /// What was last reported about datagrams to the remote end, once; null when nothing was.
  public @Nullable UdpError pollError() {
    UdpError last = error;
    error = null;
    return last;
  }

  /// Sends the readable bytes of `payload` to a remote end; takes `payload`.
  public UdpSend send(ByteBuf payload, IpEndpoint to, long nowNanos) {
    return send(payload, to.ipv4(), to.high(), to.low(), to.port(), nowNanos);
  }

  /// The same, without an object for the remote end.
  public UdpSend send(ByteBuf payload, boolean ipv4, long high, long low, int port, long nowNanos) {
    if (closed || !mayUse(ipv4)) {
      payload.release();
      return closed ? UdpSend.CLOSED : UdpSend.NO_ROUTE;
    }
    long localHigh = local.ipv4() == ipv4 ? local.high() : 0;
    long localLow = local.ipv4() == ipv4 ? local.low() : 0;
    return layer
        .output()
        .send(payload, ipv4, localHigh, localLow, local.port(), high, low, port, nowNanos);
  }

  /// Sends to the end that this is connected to; takes `payload`.
  ///
  /// @throws IllegalStateException when this is not connected
  public UdpSend send(ByteBuf payload, long nowNanos) {
    IpEndpoint to = remote;
    if (to == null) {
      payload.release();
      throw new IllegalStateException("the socket is not connected");
    }
    return send(payload, to, nowNanos);
  }

  /// Answers a datagram that was received here, from the address that it was sent to; takes
  /// `payload`.
  public UdpSend reply(ByteBuf payload, UdpDatagram to, long nowNanos) {
    if (closed) {
      payload.release();
      return UdpSend.CLOSED;
    }
    return layer
        .output()
        .send(
            payload,
            to.ipv4(),
            to.localHigh(),
            to.localLow(),
            local.port(),
            to.sourceHigh(),
            to.sourceLow(),
            to.sourcePort(),
            nowNanos);
  }

  /// Receives from this remote end alone from now on; what waits is dropped, as it may be of
  /// others. False when we have no address from which it could be reached, or this was opened for
  /// another.
  public boolean connect(IpEndpoint to) {
    if (closed || !mayUse(to.ipv4()) || scope == Scope.ONE_FLOW) {
      return to.equals(remote) && !closed;
    }
    IpEndpoint from = bound.isUnspecified() ? layer.localFor(to, bound.port()) : bound;
    if (from == null) {
      return false;
    }
    layer.freed(waiting.heldBytes());
    waiting.clear();
    local = from;
    remote = to;
    error = null;
    return true;
  }

  /// Receives from everybody again, unless it was opened for one flow.
  public void disconnect() {
    if (scope == Scope.ONE_FLOW) {
      return;
    }
    local = bound;
    remote = null;
    error = null;
  }

  /// Releases what waits and gives the port back; harmless when it has been done.
  public void close() {
    if (!closed) {
      closed = true;
      layer.freed(waiting.heldBytes());
      waiting.clear();
      layer.closed(this);
    }
  }

  private boolean mayUse(boolean ipv4) {
    return scope == Scope.BOTH_VERSIONS || bound.ipv4() == ipv4;
  }

  /// The local address and port: what was asked for, with the port that was drawn; while connected
  /// over "any", the address that is used.
  public IpEndpoint local() {
    return local;
  }

  /// The end that this is connected to, if it is.
  public Optional<IpEndpoint> remote() {
    return Optional.ofNullable(remote);
  }

  boolean isConnected() {
    return remote != null;
  }

  Scope scope() {
    return scope;
  }

  public boolean isClosed() {
    return closed;
  }

  /// How many datagrams wait.
  public int waitingDatagrams() {
    return waiting.size();
  }

  /// How much memory they hold.
  public int heldBytes() {
    return waiting.heldBytes();
  }

  /// How many were dropped because too many waited.
  public long droppedDatagrams() {
    return dropped;
  }

  /// Says whether a datagram between these ends is for this socket.
  boolean wants(
      boolean ipv4, long localHigh, long localLow, long remoteHigh, long remoteLow, int port) {
    IpEndpoint only = remote;
    return only == null
        || (only.port() == port
            && only.low() == remoteLow
            && only.high() == remoteHigh
            && only.ipv4() == ipv4
            && local.low() == localLow
            && local.high() == localHigh);
  }

  /// Takes a datagram whose payload is the readable bytes of `packet`.
  UdpReceive deliver(IpPacket view, ByteBuf packet, int freeInLayer) {
    ByteBuf kept = HeldMemory.compact(packet);
    int charge = HeldMemory.bytes(kept);
    boolean full = charge > receiveBufferBytes - waiting.heldBytes();
    if (full || charge > freeInLayer) {
      kept.release();
      dropped++;
      return full ? UdpReceive.SOCKET_FULL : UdpReceive.ALL_FULL;
    }
    waiting.add(kept, charge, view);
    layer.held(charge);
    return UdpReceive.DELIVERED;
  }

  void report(UdpError what) {
    error = what;
  }

  void entries(int first, int second) {
    firstEntry = first;
    secondEntry = second;
  }

  /// Whether it is bound to this one address, for whoever sends there.
  boolean isBoundTo(IpEndpoint address) {
    return scope == Scope.ONE_VERSION && bound.isAddressOf(address);
  }

  /// It is bound to another address from now on.
  void moved(IpEndpoint to, int entry) {
    if (remote == null) {
      local = to;
    }
    bound = to;
    firstEntry = entry;
  }

  int firstEntry() {
    return firstEntry;
  }

  int secondEntry() {
    return secondEntry;
  }

  boolean isListed() {
    return listed;
  }

  void listed(boolean isListed) {
    listed = isListed;
  }

  @Nullable UdpSocket nextReadable() {
    return nextReadable;
  }

  void nextReadable(@Nullable UdpSocket socket) {
    nextReadable = socket;
  }
}
