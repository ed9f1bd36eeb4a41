package io.penstock.gateway.overlay;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.EventLoop;
import io.penstock.api.IpAddress;
import io.penstock.gateway.overlay.router.Attached;
import io.penstock.gateway.overlay.router.DropReason;
import io.penstock.gateway.overlay.router.TunnelPort;
import io.penstock.protocol.netstack.icmp.IcmpEcho;
import io.penstock.protocol.netstack.icmp.IcmpError;
import io.penstock.protocol.netstack.wire.InternetChecksum;
import io.penstock.protocol.netstack.wire.IpPacket;
import io.penstock.protocol.netstack.wire.IpProtocol;
import io.penstock.protocol.netstack.wire.Ipv4Address;
import io.penstock.protocol.netstack.wire.Ipv4Header;
import io.penstock.protocol.netstack.wire.Ipv6Address;
import io.penstock.protocol.netstack.wire.Ipv6Header;
import io.penstock.protocol.netstack.wire.PacketFault;
import io.penstock.protocol.netstack.wire.UdpHeader;
import java.util.ArrayDeque;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/// The gateway as a host of its own overlay: answers pings and asks for names at its own addresses,
/// and says "port unreachable" to everything else.
///
/// To the router it is a tunnel like others, on one event loop, with a bound on the answers that
/// wait. What it does not answer the router counts by reason, and reports within its limits.
/// Fragments are dropped: what is meant for it fits a packet.
final class OwnHost implements TunnelPort {

  /// Answers names: the payload of an answer to the payload of a query.
  interface Names {
    Optional<byte[]> answer(byte[] query, IpAddress from);
  }

  private static final int DNS_PORT = 53;
  private static final int HOP_LIMIT = 64;

  private final EventLoop loop;
  private final Names names;
  private final int maxWaitingBytes;
  private final IpPacket view = new IpPacket();
  private final Queue<ByteBuf> answers = new ArrayDeque<>();
  private int waitingBytes;
  private @Nullable Attached attached;
  private boolean scheduled;

  /// @param names called on the event loop, must not block
  /// @param maxWaitingBytes of answers that wait to be forwarded
  OwnHost(EventLoop loop, Names names, int maxWaitingBytes) {
    this.loop = loop;
    this.names = names;
    this.maxWaitingBytes = maxWaitingBytes;
  }

  /// Sets where answers go in; before that there are none.
  void attach(Attached attached) {
    loop.execute(() -> this.attached = attached);
  }

  // ---- what the router puts in ----

  @Override
  public Executor loop() {
    return loop;
  }

  @Override
  public boolean inLoop() {
    return loop.inEventLoop();
  }

  @Override
  public int maxPayloadBytes() {
    return Ipv4Header.MAX_PACKET_BYTES;
  }

  @Override
  public Sent send(ByteBuf packet) {
    Attached router = attached;
    if (router == null || view.parse(packet) != PacketFault.NONE) {
      packet.release();
    } else if (view.isFragment()) {
      router.drop(packet, DropReason.SERVICE_FRAGMENT);
    } else if (IcmpEcho.isRequest(view, packet)) {
      echo(router, packet);
    } else if (view.protocol() == IpProtocol.UDP && view.destinationPort() == DNS_PORT) {
      dns(router, packet);
    } else if (view.isIcmp()) {
      // RFC 1122 section 3.2.2: an ICMP message of an unknown type "MUST be silently discarded".
      router.drop(packet, DropReason.NO_SERVICE);
    } else {
      router.reject(packet, IcmpError.PORT_UNREACHABLE, DropReason.NO_SERVICE);
    }
    return Sent.SENT;
  }

  /// Answers leave in a task of their own: the router is in the midst of sending.
  @Override
  public void flush() {
    if (!answers.isEmpty() && !scheduled) {
      scheduled = true;
      loop.execute(this::deliver);
    }
  }

  @Override
  public void displaced() {
    // Nobody else is ever leased an address of the gateway's own.
  }

  @Override
  public void onRoom(Runnable drained) {
    // There is always room.
  }

  private void deliver() {
    scheduled = false;
    waitingBytes = 0;
    for (ByteBuf answer = answers.poll(); answer != null; answer = answers.poll()) {
      if (attached == null) {
        answer.release();
      } else {
        attached.receive(answer);
      }
    }
  }

  // ---- answers ----

  private void echo(Attached router, ByteBuf packet) {
    if (!IcmpEcho.checksumIsRight(view, packet)) {
      router.drop(packet, DropReason.SERVICE_CHECKSUM);
    } else if (isFull(view.length())) {
      router.drop(packet, DropReason.SERVICE_BUSY);
    } else {
      ByteBuf reply = PooledByteBufAllocator.DEFAULT.buffer(view.length());
      IcmpEcho.writeReply(view, packet, HOP_LIMIT, reply);
      answer(reply, packet);
    }
  }

  private void dns(Attached router, ByteBuf packet) {
    if (!udpChecksumIsRight(packet)) {
      router.drop(packet, DropReason.SERVICE_CHECKSUM);
      return;
    }
    int at = view.transportAt();
    byte[] query = new byte[UdpHeader.length(packet, at) - UdpHeader.BYTES];
    packet.getBytes(at + UdpHeader.BYTES, query);
    byte[] answer = names.answer(query, source()).orElse(null);
    if (answer == null) {
      router.drop(packet, DropReason.SERVICE_SILENT);
    } else if (isFull(Ipv6Header.BYTES + UdpHeader.BYTES + answer.length)) {
      router.drop(packet, DropReason.SERVICE_BUSY);
    } else {
      answer(datagramBack(answer), packet);
    }
  }

  private boolean isFull(int answerBytes) {
    return waitingBytes + answerBytes > maxWaitingBytes;
  }

  private void answer(ByteBuf answer, ByteBuf packet) {
    waitingBytes += answer.capacity();
    answers.add(answer);
    packet.release();
  }

  /// A checksum of 0 means none, which IPv6 does not allow (RFC 8200, section 8.1).
  private boolean udpChecksumIsRight(ByteBuf packet) {
    int at = view.transportAt();
    int length = UdpHeader.length(packet, at);
    if (UdpHeader.checksum(packet, at) == 0) {
      return view.isIpv4();
    }
    return InternetChecksum.finish(InternetChecksum.add(pseudoHeader(length), packet, at, length))
        == 0;
  }

  /// The pseudo header is the same both ways.
  private long pseudoHeader(int length) {
    return view.isIpv4()
        ? InternetChecksum.pseudoHeader4(
            (int) view.sourceLow(), (int) view.destinationLow(), IpProtocol.UDP, length)
        : InternetChecksum.pseudoHeader6(
            view.sourceHigh(),
            view.sourceLow(),
            view.destinationHigh(),
            view.destinationLow(),
            IpProtocol.UDP,
            length);
  }

  private IpAddress source() {
    return IpAddress.of(
        view.isIpv4()
            ? Ipv4Address.bytes((int) view.sourceLow())
            : Ipv6Address.bytes(view.sourceHigh(), view.sourceLow()));
  }

  private ByteBuf datagramBack(byte[] payload) {
    int udpBytes = UdpHeader.BYTES + payload.length;
    ByteBuf out = PooledByteBufAllocator.DEFAULT.buffer(Ipv6Header.BYTES + udpBytes);
    if (view.isIpv4()) {
      Ipv4Header.write(
          out,
          0,
          Ipv4Header.MIN_BYTES + udpBytes,
          0,
          Ipv4Header.DONT_FRAGMENT,
          HOP_LIMIT,
          IpProtocol.UDP,
          (int) view.destinationLow(),
          (int) view.sourceLow());
    } else {
      Ipv6Header.write(
          out,
          0,
          0,
          udpBytes,
          IpProtocol.UDP,
          HOP_LIMIT,
          view.destinationHigh(),
          view.destinationLow(),
          view.sourceHigh(),
          view.sourceLow());
    }
    int at = out.writerIndex();
    UdpHeader.write(out, DNS_PORT, view.sourcePort(), udpBytes);
    out.writeBytes(payload);
    UdpHeader.writeChecksum(out, at, udpBytes, pseudoHeader(udpBytes));
    return out;
  }
}
