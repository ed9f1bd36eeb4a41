package io.penstock.protocol.netstack.udp;

import io.netty.buffer.ByteBuf;
import io.penstock.protocol.netstack.ip.Counters;
import io.penstock.protocol.netstack.ip.EntryTable;
import io.penstock.protocol.netstack.ip.LocalAddresses;
import io.penstock.protocol.netstack.ip.PacketSender;
import io.penstock.protocol.netstack.wire.InternetChecksum;
import io.penstock.protocol.netstack.wire.IpEndpoint;
import io.penstock.protocol.netstack.wire.IpPacket;
import io.penstock.protocol.netstack.wire.IpProtocol;
import io.penstock.protocol.netstack.wire.UdpHeader;
import java.util.BitSet;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/// All UDP sockets of a stack: finds the one that a datagram is for, and builds the packets of
/// those that are sent.
///
/// A datagram goes to the socket that was opened for exactly its two ends; else to the one bound to
/// its destination; else, when that is an address of ours, to the one bound to any. A socket that
/// is connected to another remote end does not count. Checksums are verified always, except that
/// IPv4 allows to have none (RFC 768), and made always.
///
/// Sockets with something to read are in a list, from which [#pollReadable] takes one at a time.
/// Nothing is allocated per datagram but its buffers. One thread calls this, that of the stack.
public final class UdpLayer {

  private final LocalAddresses addresses;
  private final UdpOutput output;
  private final UdpConfig config;
  private final RandomGenerator random;
  private final UdpTable table;
  private final Counters<UdpReceive> received = new Counters<>(UdpReceive.class);
  private int sockets;
  private int openedSockets;
  private int heldBytes;
  private @Nullable UdpSocket firstReadable;
  private @Nullable UdpSocket lastReadable;

  /// A layer without sockets.
  ///
  /// @param random where ports come from that nobody named
  public UdpLayer(
      LocalAddresses addresses, PacketSender sender, UdpConfig config, RandomGenerator random) {
    this.addresses = addresses;
    this.output = new UdpOutput(addresses, sender, config.hopLimit());
    this.config = config;
    this.random = random;
    this.table = new UdpTable(2 * config.maxSockets(), random.nextLong());
  }

  /// Takes a packet that carries UDP, is whole and has been accepted by its destination; all of it
  /// unless the result is [UdpReceive#NO_OWNER].
  public UdpReceive receive(IpPacket view, ByteBuf packet) {
    UdpReceive result = check(view, packet);
    if (result != UdpReceive.DELIVERED) {
      packet.release();
      received.add(result);
      return result;
    }
    UdpSocket socket =
        find(
            view.isIpv4(),
            view.destinationHigh(),
            view.destinationLow(),
            view.destinationPort(),
            view.sourceHigh(),
            view.sourceLow(),
            view.sourcePort());
    if (socket == null) {
      received.add(UdpReceive.NO_OWNER);
      return UdpReceive.NO_OWNER;
    }
    result = deliver(socket, view, packet);
    received.add(result);
    return result;
  }

  private static UdpReceive check(IpPacket view, ByteBuf packet) {
    int at = view.transportAt();
    if (UdpHeader.checksum(packet, at) == 0) {
      return view.isIpv4() ? UdpReceive.DELIVERED : UdpReceive.NO_CHECKSUM;
    }
    int length = UdpHeader.length(packet, at);
    long pseudoHeader = view.pseudoHeader(IpProtocol.UDP, length);
    int sum = InternetChecksum.finish(InternetChecksum.add(pseudoHeader, packet, at, length));
    return sum == 0 ? UdpReceive.DELIVERED : UdpReceive.BAD_CHECKSUM;
  }

  private UdpReceive deliver(UdpSocket socket, IpPacket view, ByteBuf packet) {
    int at = view.transportAt();
    packet.setIndex(at + UdpHeader.BYTES, at + UdpHeader.length(packet, at));
    int free = config.maxReceiveBytes() - heldBytes;
    UdpReceive result = socket.deliver(view, packet, free);
    if (result == UdpReceive.DELIVERED) {
      list(socket);
    }
    return result;
  }

  /// Takes a packet for a socket that has just been opened for its flow, one that was kept while
  /// the flow was pending.
  public UdpReceive receive(UdpSocket socket, IpPacket view, ByteBuf packet) {
    UdpReceive result = deliver(socket, view, packet);
    received.add(result);
    return result;
  }

  private @Nullable UdpSocket find(
      boolean ipv4,
      long localHigh,
      long localLow,
      int localPort,
      long remoteHigh,
      long remoteLow,
      int remotePort) {
    UdpSocket socket =
        openedSockets == 0
            ? null
            : table.find(ipv4, localHigh, localLow, localPort, remoteHigh, remoteLow, remotePort);
    if (socket != null) {
      return socket;
    }
    socket = table.find(ipv4, localHigh, localLow, localPort, 0, 0, 0);
    if (socket != null
        && socket.wants(ipv4, localHigh, localLow, remoteHigh, remoteLow, remotePort)) {
      return socket;
    }
    if (!addresses.contains(ipv4, localHigh, localLow)) {
      return null;
    }
    socket = table.find(ipv4, 0, 0, localPort, 0, 0, 0);
    return socket != null
            && socket.wants(ipv4, localHigh, localLow, remoteHigh, remoteLow, remotePort)
        ? socket
        : null;
  }

  /// Says whether a socket can have sent a datagram between these ends, as an ICMP error quotes it;
  /// if not, the error is nothing to us.
  public boolean owns(
      boolean ipv4,
      long localHigh,
      long localLow,
      int localPort,
      long remoteHigh,
      long remoteLow,
      int remotePort) {
    return find(ipv4, localHigh, localLow, localPort, remoteHigh, remoteLow, remotePort) != null;
  }

  /// Tells the socket that can have sent a datagram between these ends what an ICMP error says
  /// about it, when that socket is connected (RFC 1122 section 4.1.3.3); false when there is none.
  public boolean onError(
      UdpError error,
      boolean ipv4,
      long localHigh,
      long localLow,
      int localPort,
      long remoteHigh,
      long remoteLow,
      int remotePort) {
    UdpSocket socket =
        find(ipv4, localHigh, localLow, localPort, remoteHigh, remoteLow, remotePort);
    if (socket == null || !socket.isConnected()) {
      return false;
    }
    socket.report(error);
    list(socket);
    return true;
  }

  /// Makes a socket at an address of ours, or at the unspecified one of a version for any; with
  /// port 0 at a port drawn at random.
  public UdpBind bind(IpEndpoint local) {
    if (!local.isUnspecified() && !addresses.contains(local.ipv4(), local.high(), local.low())) {
      return new UdpBind.Refused(UdpBind.Reason.NOT_OUR_ADDRESS, local);
    }
    return bind(local, UdpSocket.Scope.ONE_VERSION);
  }

  /// Makes a socket at any address of both versions; with port 0 at a port drawn at random.
  public UdpBind bindAny(int port) {
    return bind(IpEndpoint.of6(0, 0, port), UdpSocket.Scope.BOTH_VERSIONS);
  }

  private UdpBind bind(IpEndpoint wanted, UdpSocket.Scope scope) {
    if (sockets == config.maxSockets()) {
      return new UdpBind.Refused(UdpBind.Reason.TOO_MANY_SOCKETS, wanted);
    }
    int port = wanted.port() == 0 ? freePort() : wanted.port();
    if (port == 0) {
      return new UdpBind.Refused(UdpBind.Reason.NO_FREE_PORT, wanted);
    }
    IpEndpoint local = wanted.withPort(port);
    boolean both = scope == UdpSocket.Scope.BOTH_VERSIONS;
    if (isTaken(local.ipv4(), local) || (both && isTaken(true, local))) {
      return new UdpBind.Refused(UdpBind.Reason.ADDRESS_IN_USE, local);
    }
    UdpSocket socket = new UdpSocket(this, scope, local);
    int first = table.add(socket, local.ipv4(), local.high(), local.low(), port, 0, 0, 0);
    int second = both ? table.add(socket, true, 0, 0, port, 0, 0, 0) : EntryTable.NONE;
    socket.entries(first, second);
    sockets++;
    return new UdpBind.Bound(socket);
  }

  private boolean isTaken(boolean ipv4, IpEndpoint local) {
    return table.find(ipv4, local.high(), local.low(), local.port(), 0, 0, 0) != null;
  }

  /// RFC 6056 section 3.3.1: a random port, and the next free one when it is taken.
  private int freePort() {
    BitSet taken = table.ports();
    int first = config.firstEphemeralPort();
    int port = taken.nextClearBit(first + random.nextInt(IpEndpoint.MAX_PORT + 1 - first));
    if (port > IpEndpoint.MAX_PORT) {
      port = taken.nextClearBit(first);
    }
    return port > IpEndpoint.MAX_PORT ? 0 : port;
  }

  /// Makes a socket for a flow that somebody accepts, connected to its source; its local address
  /// need not be ours.
  public UdpBind open(IpEndpoint local, IpEndpoint remote) {
    if (sockets == config.maxSockets()) {
      return new UdpBind.Refused(UdpBind.Reason.TOO_MANY_SOCKETS, local);
    }
    boolean taken =
        table.find(
                local.ipv4(),
                local.high(),
                local.low(),
                local.port(),
                remote.high(),
                remote.low(),
                remote.port())
            != null;
    if (taken) {
      return new UdpBind.Refused(UdpBind.Reason.ADDRESS_IN_USE, local);
    }
    UdpSocket socket = new UdpSocket(this, local, remote);
    int entry =
        table.add(
            socket,
            local.ipv4(),
            local.high(),
            local.low(),
            local.port(),
            remote.high(),
            remote.low(),
            remote.port());
    socket.entries(entry, EntryTable.NONE);
    sockets++;
    openedSockets++;
    return new UdpBind.Bound(socket);
  }

  /// Who has a socket at one address has it at another from now on, unless the port is taken there.
  /// Whoever talked to somebody from the old address is told that it is gone.
  public void moveSockets(IpEndpoint before, IpEndpoint now) {
    for (UdpSocket socket : table.sockets()) {
      if (socket.isConnected() && socket.local().isAddressOf(before)) {
        socket.report(UdpError.ADDRESS_CHANGED);
        list(socket);
      }
      if (socket.isBoundTo(before)) {
        IpEndpoint moved = now.withPort(socket.local().port());
        if (!isTaken(moved.ipv4(), moved)) {
          table.remove(socket.firstEntry());
          int entry =
              table.add(socket, moved.ipv4(), moved.high(), moved.low(), moved.port(), 0, 0, 0);
          socket.moved(moved, entry);
        }
      }
    }
  }

  void closed(UdpSocket socket) {
    table.remove(socket.firstEntry());
    if (socket.secondEntry() != EntryTable.NONE) {
      table.remove(socket.secondEntry());
    }
    sockets--;
    if (socket.scope() == UdpSocket.Scope.ONE_FLOW) {
      openedSockets--;
    }
  }

  /// The address of ours from which a remote end is reached, with this port; null when there is
  /// none.
  @Nullable IpEndpoint localFor(IpEndpoint remote, int port) {
    int index = addresses.sourceFor(remote.ipv4(), remote.high(), remote.low());
    return index == LocalAddresses.NONE
        ? null
        : new IpEndpoint(remote.ipv4(), addresses.high(index), addresses.low(index), port);
  }

  UdpConfig config() {
    return config;
  }

  UdpOutput output() {
    return output;
  }

  private void list(UdpSocket socket) {
    if (socket.isListed()) {
      return;
    }
    socket.listed(true);
    UdpSocket last = lastReadable;
    if (last == null) {
      firstReadable = socket;
    } else {
      last.nextReadable(socket);
    }
    lastReadable = socket;
  }

  /// Takes a socket off the list of those that have datagrams or an error to be read; null when
  /// there is none. It comes back with the next datagram or error, even when it was not read.
  public @Nullable UdpSocket pollReadable() {
    UdpSocket socket = firstReadable;
    while (socket != null) {
      firstReadable = socket.nextReadable();
      if (firstReadable == null) {
        lastReadable = null;
      }
      socket.nextReadable(null);
      socket.listed(false);
      if (!socket.isClosed()) {
        return socket;
      }
      socket = firstReadable;
    }
    return null;
  }

  void held(int bytes) {
    heldBytes += bytes;
  }

  void freed(int bytes) {
    heldBytes -= bytes;
  }

  /// Closes all sockets.
  public void close() {
    for (UdpSocket socket = table.oldest(); socket != null; socket = table.oldest()) {
      socket.close();
    }
    while (pollReadable() != null) {
      // It only takes the closed sockets off the list.
    }
  }

  public int sockets() {
    return sockets;
  }

  /// How much memory hold the datagrams that wait in all sockets.
  public int heldBytes() {
    return heldBytes;
  }

  /// How many packets had this result.
  public long count(UdpReceive result) {
    return received.value(result);
  }

  /// How many datagrams to be sent had this result.
  public long count(UdpSend result) {
    return output.count(result);
  }
}
