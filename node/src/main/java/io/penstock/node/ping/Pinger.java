package io.penstock.node.ping;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.ScheduledFuture;
import io.penstock.api.IpAddress;
import io.penstock.api.IpFamily;
import io.penstock.node.tunnel.PacketTunnel;
import io.penstock.node.tunnel.Sent;
import io.penstock.protocol.netstack.icmp.IcmpEcho;
import io.penstock.protocol.netstack.icmp.IcmpErrors;
import io.penstock.protocol.netstack.wire.Icmp6Header;
import io.penstock.protocol.netstack.wire.IcmpHeader;
import io.penstock.protocol.netstack.wire.IpPacket;
import io.penstock.protocol.netstack.wire.Ipv4Address;
import io.penstock.protocol.netstack.wire.Ipv6Address;
import io.penstock.protocol.netstack.wire.PacketFault;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/// Pings other nodes through a tunnel, and answers those that ping this one.
///
/// It takes all packets of the tunnel and drops what is neither an echo nor about one. An answer
/// counts only if it comes from the target with the right checksum and the very data that was sent;
/// an error only if it quotes a request that is waiting.
///
/// All methods may be called from any thread. At most [#MAX_WAITING] requests wait at one time.
public final class Pinger implements AutoCloseable {

  /// Some seconds of the fastest that anybody pings.
  public static final int MAX_WAITING = 1024;

  private static final int SEQUENCES = 1 << 16;

  private final PacketTunnel tunnel;
  private final EventLoop loop;
  private final SecureRandom random = new SecureRandom();
  private final int identifier = random.nextInt(1 << 16);
  private final IpPacket view = new IpPacket();
  private final IpPacket quote = new IpPacket();
  private final Map<Integer, Waiting> waiting = new HashMap<>();
  private int lastSequence;
  private final AtomicLong answered = new AtomicLong();

  private record Waiting(
      IpAddress target,
      EchoData data,
      long sentNanos,
      ScheduledFuture<?> timeout,
      CompletableFuture<PingResult> result) {}

  private Pinger(PacketTunnel tunnel) {
    this.tunnel = tunnel;
    this.loop = tunnel.eventLoop();
  }

  /// Takes the packets of a tunnel, and answers pings from now on.
  public static Pinger on(PacketTunnel tunnel) {
    Pinger pinger = new Pinger(tunnel);
    tunnel.onPacket(pinger::received);
    return pinger;
  }

  /// Sends an echo request; completes on the event loop, within the timeout of the request.
  public CompletionStage<PingResult> ping(PingRequest request) {
    CompletableFuture<PingResult> result = new CompletableFuture<>();
    try {
      loop.execute(() -> send(request, result));
    } catch (RejectedExecutionException _) {
      result.complete(new PingResult.NotSent("the tunnel is closed"));
    }
    return result.minimalCompletionStage();
  }

  /// How many pings of others this node has answered.
  public long answered() {
    return answered.get();
  }

  /// Gives up what waits, and answers no more; before the tunnel is closed.
  @Override
  public void close() {
    tunnel.onPacket(ByteBuf::release);
    try {
      loop.execute(
          () ->
              List.copyOf(waiting.keySet()).forEach(one -> end(one, new PingResult.TimedOut(one))));
    } catch (RejectedExecutionException _) {
      // The tunnel went first.
    }
  }

  // ---- out, on the event loop ----

  private void send(PingRequest request, CompletableFuture<PingResult> result) {
    IpFamily family = request.target().family();
    Optional<IpAddress> own =
        tunnel.addresses().stream().filter(address -> address.family() == family).findFirst();
    if (own.isEmpty() || waiting.size() >= MAX_WAITING) {
      result.complete(new PingResult.NotSent(whyNot(family)));
      return;
    }
    int sequence = nextSequence();
    EchoData data = new EchoData(random.nextLong(), request.dataBytes());
    ByteBuf packet = packet(own.get(), request, sequence, data);
    int length = packet.readableBytes();
    long now = System.nanoTime();
    Sent sent = tunnel.send(packet);
    if (sent != Sent.SENT) {
      if (sent == Sent.FULL) {
        packet.release();
      }
      result.complete(new PingResult.NotSent(whyNot(sent, length)));
      return;
    }
    ScheduledFuture<?> timeout =
        loop.schedule(
            () -> end(sequence, new PingResult.TimedOut(sequence)),
            request.timeout().toNanos(),
            TimeUnit.NANOSECONDS);
    waiting.put(sequence, new Waiting(request.target(), data, now, timeout, result));
  }

  private ByteBuf packet(IpAddress own, PingRequest request, int sequence, EchoData data) {
    ByteBuf content = ByteBufAllocator.DEFAULT.buffer(data.bytes());
    data.writeTo(content);
    ByteBuf packet = ByteBufAllocator.DEFAULT.buffer(IcmpEcho.length6(data.bytes()));
    byte[] from = own.bytes();
    byte[] to = request.target().bytes();
    int hops = request.hopLimit();
    switch (own.family()) {
      case IPV4 ->
          IcmpEcho.writeRequest4(
              packet,
              Ipv4Address.of(from),
              Ipv4Address.of(to),
              hops,
              identifier,
              sequence,
              content);
      case IPV6 ->
          IcmpEcho.writeRequest6(
              packet,
              Ipv6Address.high(from),
              Ipv6Address.low(from),
              Ipv6Address.high(to),
              Ipv6Address.low(to),
              hops,
              identifier,
              sequence,
              content);
    }
    content.release();
    return packet;
  }

  private int nextSequence() {
    do {
      lastSequence = (lastSequence + 1) % SEQUENCES;
    } while (waiting.containsKey(lastSequence));
    return lastSequence;
  }

  private String whyNot(IpFamily family) {
    if (tunnel.addresses().isEmpty()) {
      return "there is no tunnel right now";
    }
    return waiting.size() >= MAX_WAITING
        ? "too many requests wait for their answers"
        : "this node has no IPv" + family.version() + " address";
  }

  private String whyNot(Sent sent, int length) {
    return switch (sent) {
      case FULL -> "the tunnel is full";
      case TOO_BIG ->
          "the packet of %d bytes is too big for the tunnel, at most %d fit"
              .formatted(length, tunnel.mtu());
      case NOT_CONNECTED, SENT -> "there is no tunnel right now";
    };
  }

  // ---- in, on the event loop ----

  private void received(ByteBuf packet) {
    try {
      if (view.parse(packet) == PacketFault.NONE
          && view.isIcmp()
          && !view.isFragment()
          && tunnel.addresses().contains(destination(view))
          && IcmpEcho.checksumIsRight(view, packet)) {
        if (IcmpEcho.isRequest(view, packet)) {
          answer(packet);
        } else if (IcmpEcho.isReply(view, packet)) {
          replied(packet);
        } else if (view.isIcmpError(packet)) {
          reported(packet);
        }
      }
    } finally {
      packet.release();
    }
  }

  private void answer(ByteBuf request) {
    ByteBuf reply = ByteBufAllocator.DEFAULT.buffer(view.length());
    IcmpEcho.writeReply(view, request, PingRequest.DEFAULT_HOP_LIMIT, reply);
    switch (tunnel.send(reply)) {
      case SENT -> answered.incrementAndGet();
      case FULL -> reply.release();
      case TOO_BIG, NOT_CONNECTED -> {
        // The other one sees a loss, which it is.
      }
    }
  }

  private void replied(ByteBuf reply) {
    int at = view.transportAt();
    int sequence = IcmpHeader.echoSequence(reply, at);
    Waiting request = waiting.get(sequence);
    if (request != null
        && IcmpHeader.echoIdentifier(reply, at) == identifier
        && request.target().equals(source(view))
        && request
            .data()
            .isAt(reply, at + IcmpHeader.BYTES, view.transportBytes() - IcmpHeader.BYTES)) {
      Duration roundTrip = Duration.ofNanos(System.nanoTime() - request.sentNanos());
      end(
          sequence,
          new PingResult.Reply(sequence, roundTrip, view.hopLimit(), view.transportBytes()));
    }
  }

  private void reported(ByteBuf error) {
    PacketFault fault =
        quote.parseQuoted(error, IcmpErrors.quotedAt(view), IcmpErrors.quotedBytes(view));
    if (fault != PacketFault.NONE || !quote.isIcmp() || !quote.hasTransport()) {
      return;
    }
    int at = quote.transportAt();
    int echo = quote.isIpv4() ? IcmpHeader.ECHO_REQUEST : Icmp6Header.ECHO_REQUEST;
    int sequence = IcmpHeader.echoSequence(error, at);
    Waiting request = waiting.get(sequence);
    if (request != null
        && IcmpHeader.type(error, at) == echo
        && IcmpHeader.echoIdentifier(error, at) == identifier
        && request.target().equals(destination(quote))
        && tunnel.addresses().contains(source(quote))) {
      IcmpWords.of(view, error)
          .ifPresent(
              words -> end(sequence, new PingResult.Reported(sequence, source(view), words)));
    }
  }

  private void end(int sequence, PingResult result) {
    Waiting request = waiting.remove(sequence);
    if (request != null) {
      request.timeout().cancel(false);
      request.result().complete(result);
    }
  }

  private static IpAddress source(IpPacket packet) {
    return address(packet.isIpv4(), packet.sourceHigh(), packet.sourceLow());
  }

  private static IpAddress destination(IpPacket packet) {
    return address(packet.isIpv4(), packet.destinationHigh(), packet.destinationLow());
  }

  private static IpAddress address(boolean ipv4, long high, long low) {
    return IpAddress.of(ipv4 ? Ipv4Address.bytes((int) low) : Ipv6Address.bytes(high, low));
  }
}
