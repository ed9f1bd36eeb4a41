package io.penstock.protocol.netstack;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.penstock.protocol.Deadlines;
import io.penstock.protocol.Engine;
import io.penstock.protocol.netstack.flow.FlowArrived;
import io.penstock.protocol.netstack.flow.PendingFlows;
import io.penstock.protocol.netstack.icmp.IcmpError;
import io.penstock.protocol.netstack.icmp.IcmpInput;
import io.penstock.protocol.netstack.icmp.IcmpKind;
import io.penstock.protocol.netstack.icmp.IcmpLimit;
import io.penstock.protocol.netstack.icmp.IcmpReceive;
import io.penstock.protocol.netstack.icmp.IcmpReport;
import io.penstock.protocol.netstack.icmp.IcmpReporter;
import io.penstock.protocol.netstack.ip.Counters;
import io.penstock.protocol.netstack.ip.Fragmenter;
import io.penstock.protocol.netstack.ip.LinkTraits;
import io.penstock.protocol.netstack.ip.LocalAddresses;
import io.penstock.protocol.netstack.ip.OutputQueue;
import io.penstock.protocol.netstack.ip.PacketSender;
import io.penstock.protocol.netstack.ip.PathMtuTable;
import io.penstock.protocol.netstack.ip.Reassembly;
import io.penstock.protocol.netstack.tcp.TcpConnection;
import io.penstock.protocol.netstack.tcp.TcpLayer;
import io.penstock.protocol.netstack.udp.UdpBind;
import io.penstock.protocol.netstack.udp.UdpError;
import io.penstock.protocol.netstack.udp.UdpLayer;
import io.penstock.protocol.netstack.udp.UdpReceive;
import io.penstock.protocol.netstack.wire.IpEndpoint;
import io.penstock.protocol.netstack.wire.IpPacket;
import io.penstock.protocol.netstack.wire.IpProtocol;
import io.penstock.protocol.netstack.wire.Ipv4Header;
import io.penstock.protocol.netstack.wire.Ipv6Header;
import io.penstock.protocol.netstack.wire.PacketFault;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/// A host on one link: IPv4 and IPv6, TCP, UDP and ICMP in one engine.
///
/// **Design.** A packet that comes in is checked, put together if it is a fragment, and given to
/// the protocol that it carries. Replies and datagrams wait in one queue, segments of connections
/// are built when the link asks for the next packet. What we send to an address of our own comes
/// back without seeing the link.
///
/// **Owners** use [#tcp] and [#udp] directly, on the thread of the stack. Flows that nobody owns
/// are told by [#pollFlow] when somebody wants them ([#wantFlows]); else they are refused at once.
///
/// **Bounds.** [NetStackConfig].
///
/// **Calling.** One thread. After any call the driver drains [#transmit], [#pollFlow],
/// [TcpLayer#pollReady], [TcpLayer#pollAcceptable] and [UdpLayer#pollReadable], and reads
/// [#nextDeadlineNanos] again.
public final class NetStack implements Engine {

  private final NetStackConfig config;
  private final LocalAddresses addresses = new LocalAddresses();
  private final Counters<StackDrop> drops = new Counters<>(StackDrop.class);
  private final IpPacket view = new IpPacket();
  private final OutputQueue output;
  private final PathMtuTable paths;
  private final Reassembly reassembly;
  private final IcmpInput icmp;
  private final IcmpReporter reporter;
  private final UdpLayer udp;
  private final TcpLayer tcp;
  private final PendingFlows pendingFlows;
  private final List<PacketTap> taps = new ArrayList<>();
  private boolean flowsWanted;
  private int lastSegmentBytes;

  /// @param random where all secrets, ports and sequence numbers come from: a secure one outside of
  ///   tests
  public NetStack(
      NetStackConfig config,
      LinkTraits link,
      ByteBufAllocator allocator,
      RandomGenerator random,
      long nowNanos) {
    this.config = config;
    output = new OutputQueue(allocator, config.headroomBytes(), config.outputQueueBytes());
    paths = new PathMtuTable(link.mtuBytes(), random.nextLong());
    reassembly = new Reassembly(allocator, config.reassembly(), random.nextLong());
    PacketSender sender = new PacketSender(output, new Fragmenter(output, random), paths);
    icmp = new IcmpInput(addresses, sender);
    reporter =
        new IcmpReporter(addresses, sender, new IcmpLimit(config.icmpErrorsPerSecond(), random));
    udp = new UdpLayer(addresses, sender, config.udp(), random);
    tcp = new TcpLayer(config.tcp(), link, output, allocator, paths, random, nowNanos);
    pendingFlows = new PendingFlows(config.pendingFlows(), random.nextLong());
  }

  // ---- addresses and the link ----

  /// Makes an address ours; its port is ignored.
  ///
  /// @throws IllegalArgumentException when it is no single host's
  public void addAddress(IpEndpoint address, int prefixBits) {
    addresses.add(address.ipv4(), address.high(), address.low(), prefixBits);
  }

  /// Gives an address up; its connections end. False when it was not ours.
  public boolean removeAddress(IpEndpoint address) {
    boolean removed = addresses.remove(address.ipv4(), address.high(), address.low());
    if (removed) {
      tcp.addressRemoved(address.ipv4(), address.high(), address.low());
    }
    return removed;
  }

  /// Gives an address up for another of the same version: its connections end, who listens at it or
  /// has a socket without a remote end there goes on at the new one.
  ///
  /// @throws IllegalArgumentException when the versions differ, or the new address is no single
  ///   host's
  public void replaceAddress(IpEndpoint before, IpEndpoint now, int prefixBits) {
    if (before.ipv4() != now.ipv4()) {
      throw new IllegalArgumentException(now + " is of another version than " + before);
    }
    addAddress(now, prefixBits);
    if (addresses.remove(before.ipv4(), before.high(), before.low())) {
      tcp.addressRemoved(before.ipv4(), before.high(), before.low());
    }
    tcp.moveListeners(before, now);
    udp.moveSockets(before, now);
  }

  public boolean hasAddress(IpEndpoint address) {
    return addresses.contains(address.ipv4(), address.high(), address.low());
  }

  /// Whether an address reaches more than one host, as multicast and broadcast do.
  public boolean isMultiDestination(IpEndpoint address) {
    return addresses.isMultiDestination(address.ipv4(), address.high(), address.low());
  }

  /// The address of ours that packets to `remote` come from, with port 0; empty when we have none
  /// of that version.
  public Optional<IpEndpoint> sourceFor(IpEndpoint remote) {
    int index = addresses.sourceFor(remote.ipv4(), remote.high(), remote.low());
    return index == LocalAddresses.NONE
        ? Optional.empty()
        : Optional.of(
            new IpEndpoint(remote.ipv4(), addresses.high(index), addresses.low(index), 0));
  }

  /// The link carries packets of another size from now on.
  public void setLinkMtu(int mtuBytes) {
    paths.linkMtu(mtuBytes);
    tcp.setLinkMtu(mtuBytes);
  }

  /// The link is back after an outage: connections send again at once, one after the other, instead
  /// of waiting for the end of their back-off.
  public void linkUp(long nowNanos) {
    tcp.linkUp(nowNanos);
  }

  // ---- connections and sockets ----

  /// Begins a connection from the address that suits, and a random port.
  ///
  /// @return empty when the address is no single host's (RFC 9293 MUST-46), we have none of that
  ///   version, no port is free or there are too many
  public Optional<TcpConnection> connect(IpEndpoint remote, long nowNanos) {
    if (isMultiDestination(remote)) {
      return Optional.empty();
    }
    return sourceFor(remote).flatMap(local -> tcp.connect(local, remote, nowNanos));
  }

  public TcpLayer tcp() {
    return tcp;
  }

  public UdpLayer udp() {
    return udp;
  }

  // ---- input ----

  /// Takes one packet of the link, and owns it.
  public void receive(ByteBuf packet, long nowNanos) {
    receive(packet, false, nowNanos);
  }

  /// As [#receive(ByteBuf, long)].
  ///
  /// @param checksumRight the link has verified the checksum of TCP, or there was none to make
  public void receive(ByteBuf packet, boolean checksumRight, long nowNanos) {
    tap(PacketTap.Direction.IN, packet, nowNanos);
    if (view.parse(packet) != PacketFault.NONE) {
      drop(StackDrop.MALFORMED, packet);
    } else if (addresses.isMultiDestination(view.isIpv4(), view.sourceHigh(), view.sourceLow())) {
      drop(StackDrop.BAD_SOURCE, packet);
    } else if (!isOurs() && !mayBeForOthers()) {
      drop(StackDrop.NOT_OURS, packet);
    } else if (view.isFragment()) {
      receiveFragment(packet, nowNanos);
    } else {
      dispatch(packet, checksumRight, nowNanos);
    }
  }

  private boolean isOurs() {
    return addresses.contains(view.isIpv4(), view.destinationHigh(), view.destinationLow());
  }

  /// Whether flows to a destination that is not ours may be taken. Those to a group never: nobody
  /// here has joined one (RFC 9293 MUST-57).
  private boolean mayBeForOthers() {
    return config.destinations() != NetStackConfig.Destinations.OURS
        && !addresses.isMultiDestination(
            view.isIpv4(), view.destinationHigh(), view.destinationLow());
  }

  private void drop(StackDrop reason, ByteBuf packet) {
    drops.add(reason);
    packet.release();
  }

  private void receiveFragment(ByteBuf fragment, long nowNanos) {
    ByteBuf whole = reassembly.receive(view, fragment, nowNanos);
    if (whole == null) {
      return;
    }
    if (view.parse(whole) != PacketFault.NONE) {
      drop(StackDrop.MALFORMED, whole);
    } else {
      dispatch(whole, false, nowNanos);
    }
  }

  private void dispatch(ByteBuf packet, boolean checksumRight, long nowNanos) {
    switch (view.protocol()) {
      case IpProtocol.TCP -> receiveTcp(packet, checksumRight, nowNanos);
      case IpProtocol.UDP -> receiveUdp(packet, nowNanos);
      default -> {
        if (view.isIcmp()) {
          receiveIcmp(packet, nowNanos);
        } else {
          drop(StackDrop.UNKNOWN_PROTOCOL, packet);
        }
      }
    }
  }

  private void receiveTcp(ByteBuf packet, boolean checksumRight, long nowNanos) {
    TcpLayer.Outcome outcome = tcp.receive(view, packet, isOurs(), checksumRight, nowNanos);
    if (outcome == TcpLayer.Outcome.HANDLED) {
      packet.release();
    } else if (outcome == TcpLayer.Outcome.NO_OWNER && flowsWanted) {
      pendingFlows.offer(view, packet, nowNanos);
    } else if (flowsWanted || isOurs()) {
      tcp.refuseFlow(view, packet);
      drop(StackDrop.NO_OWNER, packet);
    } else {
      drop(StackDrop.NOT_OURS, packet);
    }
  }

  private void receiveUdp(ByteBuf packet, long nowNanos) {
    if (udp.receive(view, packet) != UdpReceive.NO_OWNER) {
      return;
    }
    if (flowsWanted) {
      pendingFlows.offer(view, packet, nowNanos);
    } else if (!isOurs()) {
      drop(StackDrop.NOT_OURS, packet);
    } else {
      reporter.report(IcmpError.PORT_UNREACHABLE, 0, view, packet, nowNanos);
      drop(StackDrop.NO_OWNER, packet);
    }
  }

  private void receiveIcmp(ByteBuf packet, long nowNanos) {
    if (icmp.receive(view, packet, nowNanos) == IcmpReceive.ERROR) {
      onIcmpError(icmp.report(), nowNanos);
    }
    packet.release();
  }

  /// An error is believed only by whoever has sent the packet that it quotes (RFC 5927).
  private void onIcmpError(IcmpReport report, long nowNanos) {
    boolean believed =
        switch (report.protocol()) {
          case IpProtocol.TCP -> tcp.onError(report, nowNanos);
          case IpProtocol.UDP -> isUdpOwned(report);
          default -> false;
        };
    if (!believed) {
      return;
    }
    if (report.kind() == IcmpKind.TOO_BIG) {
      paths.learn(
          report.ipv4(), report.remoteHigh(), report.remoteLow(), report.mtuBytes(), nowNanos);
    } else if (report.protocol() == IpProtocol.UDP) {
      tellUdp(report);
    }
  }

  private boolean isUdpOwned(IcmpReport report) {
    return udp.owns(
        report.ipv4(),
        report.localHigh(),
        report.localLow(),
        report.localPort(),
        report.remoteHigh(),
        report.remoteLow(),
        report.remotePort());
  }

  private void tellUdp(IcmpReport report) {
    UdpError error =
        switch (report.kind()) {
          case PORT_UNREACHABLE -> UdpError.PORT_UNREACHABLE;
          case UNREACHABLE, PROHIBITED, PROTOCOL_UNREACHABLE, PARAMETER_PROBLEM, TOO_BIG ->
              UdpError.UNREACHABLE;
          case TIME_EXCEEDED -> UdpError.TIME_EXCEEDED;
        };
    udp.onError(
        error,
        report.ipv4(),
        report.localHigh(),
        report.localLow(),
        report.localPort(),
        report.remoteHigh(),
        report.remoteLow(),
        report.remotePort());
  }

  // ---- flows without an owner ----

  /// Whether somebody wants to hear of flows that nobody owns. Until then they are refused at once,
  /// those to addresses that are not ours in silence, and cost nothing.
  public void wantFlows(boolean wanted) {
    flowsWanted = wanted;
  }

  /// The next flow that waits for [#accept], [#refuse] or [#dropFlow]; null when there is none. One
  /// that nobody answers within the deadline is refused.
  public @Nullable FlowArrived pollFlow() {
    return pendingFlows.pollArrived();
  }

  /// Takes a flow: its connection or socket belongs to the caller.
  public AcceptedFlow accept(FlowArrived flow, long nowNanos) {
    AcceptedFlow accepted = new AcceptedFlow.Gone();
    List<ByteBuf> packets = new ArrayList<>();
    if (!pendingFlows.take(flow.id(), packets::add)) {
      return accepted;
    }
    if (flow.protocol() == IpProtocol.TCP) {
      accepted = acceptTcp(packets, nowNanos);
    } else if (udp.open(flow.destination(), flow.source()) instanceof UdpBind.Bound bound) {
      accepted = new AcceptedFlow.Udp(bound.socket());
      for (ByteBuf packet : packets) {
        if (view.parse(packet) == PacketFault.NONE) {
          udp.receive(bound.socket(), view, packet.retain());
        }
      }
    }
    packets.forEach(ByteBuf::release);
    return accepted;
  }

  private AcceptedFlow acceptTcp(List<ByteBuf> packets, long nowNanos) {
    ByteBuf syn = packets.getFirst();
    if (view.parse(syn) != PacketFault.NONE) {
      return new AcceptedFlow.Gone();
    }
    Optional<TcpConnection> connection = tcp.acceptFlow(view, syn, nowNanos);
    return connection.isPresent()
        ? new AcceptedFlow.Tcp(connection.get())
        : new AcceptedFlow.Gone();
  }

  /// Refuses a flow: with a reset, or port unreachable. False when it is no longer pending.
  public boolean refuse(FlowArrived flow, long nowNanos) {
    ByteBuf packet = pendingFlows.refuse(flow.id());
    if (packet == null) {
      return false;
    }
    sayRefused(packet, nowNanos);
    return true;
  }

  /// Drops a flow without a word. False when it is no longer pending.
  public boolean dropFlow(FlowArrived flow) {
    return pendingFlows.drop(flow.id());
  }

  private void sayRefused(ByteBuf packet, long nowNanos) {
    if (view.parse(packet) == PacketFault.NONE) {
      if (view.protocol() == IpProtocol.TCP) {
        tcp.refuseFlow(view, packet);
      } else {
        reporter.report(IcmpError.PORT_UNREACHABLE, 0, view, packet, nowNanos);
      }
    }
    packet.release();
  }

  // ---- output ----

  /// The next packet for the link, null when there is none now; the caller owns it.
  public @Nullable ByteBuf transmit(long nowNanos) {
    // What comes back to ourselves ends: windows and queues bound what is sent without their
    // owners.
    while (true) {
      lastSegmentBytes = 0;
      ByteBuf packet = output.poll();
      if (packet == null) {
        packet = tcp.transmit(nowNanos);
        lastSegmentBytes = tcp.lastSegmentBytes();
      }
      if (packet == null) {
        return null;
      }
      tap(PacketTap.Direction.OUT, packet, nowNanos);
      if (!isToOurselves(packet)) {
        return packet;
      }
      receive(packet, true, nowNanos);
    }
  }

  private boolean isToOurselves(ByteBuf packet) {
    int at = packet.readerIndex();
    return Ipv4Header.version(packet, at) == 4
        ? addresses.contains(true, 0, Ipv4Header.destination(packet, at) & 0xffff_ffffL)
        : addresses.contains(
            false, Ipv6Header.destinationHigh(packet, at), Ipv6Header.destinationLow(packet, at));
  }

  /// The payload of each packet that the last one of [#transmit] must be cut into, 0 when it is
  /// small enough; for links that cut.
  public int lastSegmentBytes() {
    return lastSegmentBytes;
  }

  // ---- time ----

  @Override
  public long nextDeadlineNanos() {
    long ip = Deadlines.earlier(reassembly.nextDeadlineNanos(), pendingFlows.nextDeadlineNanos());
    return Deadlines.earlier(tcp.nextDeadlineNanos(), ip);
  }

  @Override
  public void onDeadline(long nowNanos) {
    tcp.onDeadline(nowNanos);
    for (ByteBuf first = reassembly.expire(nowNanos);
        first != null;
        first = reassembly.expire(nowNanos)) {
      if (view.parse(first) == PacketFault.NONE) {
        reporter.report(IcmpError.REASSEMBLY_TIME_EXCEEDED, 0, view, first, nowNanos);
      }
      first.release();
    }
    for (ByteBuf flow = pendingFlows.expire(nowNanos);
        flow != null;
        flow = pendingFlows.expire(nowNanos)) {
      sayRefused(flow, nowNanos);
    }
  }

  // ---- watching ----

  /// Lets `tap` see every packet from now on.
  public void addTap(PacketTap tap) {
    taps.add(tap);
  }

  public void removeTap(PacketTap tap) {
    taps.remove(tap);
  }

  private void tap(PacketTap.Direction direction, ByteBuf packet, long nowNanos) {
    for (int i = 0; i < taps.size(); i++) {
      taps.get(i).packet(direction, packet, nowNanos);
    }
  }

  /// How many packets were dropped for this reason.
  public long count(StackDrop reason) {
    return drops.value(reason);
  }

  /// The flows that wait for an answer.
  public PendingFlows pendingFlows() {
    return pendingFlows;
  }

  /// The fragments that wait for the rest of their packets.
  public Reassembly reassembly() {
    return reassembly;
  }

  /// The ICMP messages that came in.
  public IcmpInput icmp() {
    return icmp;
  }

  /// The ICMP errors that went out.
  public IcmpReporter icmpErrors() {
    return reporter;
  }

  /// Ends all connections and sockets, tells their owners, and releases all memory.
  public void close() {
    tcp.close();
    udp.close();
    reassembly.close();
    pendingFlows.close();
    output.close();
  }
}
