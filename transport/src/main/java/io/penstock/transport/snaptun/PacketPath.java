package io.penstock.transport.snaptun;

import io.netty.buffer.ByteBuf;
import io.netty.channel.EventLoop;
import io.netty.handler.codec.quic.QuicChannel;
import io.netty.util.concurrent.ScheduledFuture;
import io.penstock.protocol.snaptun.TunnelEnd;
import io.penstock.transport.quic.DatagramSender;
import java.util.ArrayDeque;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// The packets of one tunnel, both ways, between its owner and QUIC.
///
/// A packet that comes goes to the consumer in the same call. A packet that goes out on the event
/// loop is handed to QUIC in the same call too, and flushed once for all packets of a turn. Packets
/// from other threads take turns in an inbox of bounded bytes, packets that wait for room in a
/// queue of their own. Nothing is allocated per packet, except for one that waits.
///
/// All methods run on the event loop, except those that say otherwise.
final class PacketPath {

  private record Waiting(ByteBuf packet, long untilNanos, CompletableFuture<SendResult> sent) {}

  private final QuicChannel channel;
  private final EventLoop loop;
  private final PacketConfig config;
  private final SnapTunMetrics metrics;
  private final DatagramSender out;
  private final Runnable flushTask = this::flushQueued;
  private final Runnable inboxTask = this::drainInbox;
  private final ArrayDeque<Waiting> waiting = new ArrayDeque<>(0);
  private int waitingBytes;
  private @Nullable ScheduledFuture<?> waitLimit;
  private volatile @Nullable Consumer<ByteBuf> consumer;
  private Runnable onRoom = () -> {};
  private boolean flushQueued;
  private long packets;
  private volatile SendResult.@Nullable ClosedTunnel closed;

  // Guarded by the inbox itself, as other threads put packets in.
  private final ArrayDeque<ByteBuf> inbox = new ArrayDeque<>(0);
  private int inboxBytes;
  private boolean inboxQueued;

  PacketPath(QuicChannel channel, PacketConfig config, SnapTunMetrics metrics) {
    this.channel = channel;
    this.loop = channel.eventLoop();
    this.config = config;
    this.metrics = metrics;
    out = DatagramSender.install(channel, config.datagrams());
    out.onRoom(this::room);
  }

  // What comes.

  void received(ByteBuf packet) {
    packets++;
    metrics.countReceived();
    Consumer<ByteBuf> taker = consumer;
    if (taker != null) {
      taker.accept(packet);
    } else {
      metrics.countUnclaimed();
      packet.release();
    }
  }

  /// No more packets come in this turn of the event loop.
  void receivedAll() {
    if (flushQueued) {
      flush();
    }
  }

  /// Sets who takes the packets, from any thread.
  void onPacket(Consumer<ByteBuf> consumer) {
    this.consumer = consumer;
  }

  // What goes.

  /// Sends from any thread; the packet is still the caller's after [SendResult.Outcome#FULL].
  SendResult send(ByteBuf packet) {
    if (!loop.inEventLoop()) {
      return handOver(packet);
    }
    SendResult result = write(packet);
    if (result == SendResult.Outcome.SENT) {
      flushSoon();
    }
    return result;
  }

  /// Hands a packet to QUIC, where it waits for [#flush].
  SendResult write(ByteBuf packet) {
    SendResult.ClosedTunnel end = closed;
    if (end != null) {
      packet.release();
      return end;
    }
    return switch (out.send(packet)) {
      case SENT -> {
        packets++;
        metrics.countSent();
        yield SendResult.Outcome.SENT;
      }
      case FULL -> {
        metrics.countFull();
        yield SendResult.Outcome.FULL;
      }
      case TOO_BIG -> {
        metrics.countTooBig();
        yield SendResult.Outcome.TOO_BIG;
      }
      case CLOSED -> new SendResult.ClosedTunnel(new TunnelEnd.ConnectionLost("closing"));
    };
  }

  void flush() {
    flushQueued = false;
    out.flush();
  }

  /// Sends from any thread as soon as there is room, within the limits of time and bytes.
  CompletionStage<SendResult> sendWhenWritable(ByteBuf packet) {
    CompletableFuture<SendResult> sent = new CompletableFuture<>();
    if (loop.inEventLoop()) {
      sendOrWait(packet, sent);
    } else {
      loop.execute(() -> sendOrWait(packet, sent));
    }
    return sent.minimalCompletionStage();
  }

  void onRoom(Runnable listener) {
    onRoom = listener;
  }

  DatagramSender datagrams() {
    return out;
  }

  EventLoop loop() {
    return loop;
  }

  QuicChannel channel() {
    return channel;
  }

  /// How many packets have travelled, both ways.
  long packets() {
    return packets;
  }

  /// Ends both ways; what waits is told so.
  void close(TunnelEnd end) {
    SendResult.ClosedTunnel told = new SendResult.ClosedTunnel(end);
    synchronized (inbox) {
      closed = told;
    }
    consumer = null;
    cancelWaitLimit();
    waitingBytes = 0;
    for (Waiting one = waiting.poll(); one != null; one = waiting.poll()) {
      one.packet.release();
      one.sent.complete(told);
    }
    synchronized (inbox) {
      inbox.forEach(ByteBuf::release);
      inbox.clear();
      inboxBytes = 0;
    }
    onRoom.run();
  }

  private void flushSoon() {
    if (!flushQueued) {
      flushQueued = true;
      loop.execute(flushTask);
    }
  }

  private void flushQueued() {
    if (flushQueued) {
      flush();
    }
  }

  private void sendOrWait(ByteBuf packet, CompletableFuture<SendResult> sent) {
    if (waiting.isEmpty()) {
      SendResult result = send(packet);
      if (result != SendResult.Outcome.FULL) {
        sent.complete(result);
        return;
      }
    }
    int size = packet.readableBytes();
    SendResult.ClosedTunnel end = closed;
    if (end != null) {
      packet.release();
      sent.complete(end);
    } else if (waitingBytes + size > config.maxWaitingBytes()) {
      sent.complete(SendResult.Outcome.FULL);
    } else {
      waitingBytes += size;
      waiting.add(new Waiting(packet, System.nanoTime() + config.waitLimitNanos(), sent));
      if (waitLimit == null) {
        armWaitLimit(config.waitLimitNanos());
      }
    }
  }

  private void room() {
    while (!waiting.isEmpty()) {
      Waiting first = waiting.element();
      int size = first.packet.readableBytes();
      SendResult result = write(first.packet);
      if (result == SendResult.Outcome.FULL) {
        break;
      }
      waiting.remove();
      waitingBytes -= size;
      first.sent.complete(result);
    }
    drainInbox();
    if (waiting.isEmpty()) {
      onRoom.run();
    }
    out.flush();
  }

  private void armWaitLimit(long nanos) {
    waitLimit = loop.schedule(this::waitedTooLong, Math.max(0, nanos), TimeUnit.NANOSECONDS);
  }

  private void waitedTooLong() {
    waitLimit = null;
    long now = System.nanoTime();
    for (Waiting first = waiting.peek(); first != null; first = waiting.peek()) {
      if (first.untilNanos - now > 0) {
        armWaitLimit(first.untilNanos - now);
        return;
      }
      waiting.remove();
      waitingBytes -= first.packet.readableBytes();
      first.sent.complete(SendResult.Outcome.FULL);
    }
  }

  private void cancelWaitLimit() {
    if (waitLimit != null) {
      waitLimit.cancel(false);
      waitLimit = null;
    }
  }

  private SendResult handOver(ByteBuf packet) {
    int size = packet.readableBytes();
    boolean wake;
    synchronized (inbox) {
      SendResult.ClosedTunnel end = closed;
      if (end != null) {
        packet.release();
        return end;
      }
      if (inboxBytes + size > config.maxWaitingBytes()) {
        metrics.countFull();
        return SendResult.Outcome.FULL;
      }
      inbox.add(packet);
      inboxBytes += size;
      wake = !inboxQueued;
      inboxQueued = true;
    }
    if (wake) {
      loop.execute(inboxTask);
    }
    return SendResult.Outcome.SENT;
  }

  /// Sends what other threads handed over; what finds no room stays until there is some.
  private void drainInbox() {
    boolean wrote = false;
    while (true) {
      ByteBuf packet;
      int size;
      synchronized (inbox) {
        packet = inbox.poll();
        if (packet == null) {
          inboxQueued = false;
          break;
        }
        size = packet.readableBytes();
      }
      if (write(packet) == SendResult.Outcome.FULL) {
        synchronized (inbox) {
          inbox.addFirst(packet);
        }
        break;
      }
      synchronized (inbox) {
        inboxBytes -= size;
      }
      wrote = true;
    }
    if (wrote) {
      out.flush();
    }
  }
}
