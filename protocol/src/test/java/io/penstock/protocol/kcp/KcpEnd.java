package io.penstock.protocol.kcp;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.penstock.testkit.SimulatedEndpoint;
import java.io.ByteArrayOutputStream;
import org.jspecify.annotations.Nullable;

/// A session at one end of a simulated link, with an application that writes what it was given and
/// reads what comes unless it is told to pause.
final class KcpEnd implements SimulatedEndpoint {

  private static final int READ_BYTES = 64 * 1024;

  private final KcpSession session;
  private final ByteArrayOutputStream received = new ByteArrayOutputStream();
  private byte[] toWrite = new byte[0];
  private int written;
  private boolean reading = true;
  private int mostHeldBytes;
  private @Nullable KcpCloseReason ended;

  KcpEnd(KcpConfig config, ByteBufAllocator allocator, long nowNanos, int firstSn) {
    session = new KcpSession(Datagrams.CONV, config, firstSn * 31, allocator, nowNanos, firstSn);
  }

  /// Writes `bytes` as fast as the session takes them; called once.
  void write(byte[] bytes) {
    toWrite = bytes;
  }

  void pauseReading() {
    reading = false;
  }

  void resumeReading() {
    reading = true;
  }

  KcpSession session() {
    return session;
  }

  byte[] received() {
    return received.toByteArray();
  }

  int receivedBytes() {
    return received.size();
  }

  boolean hasWrittenAll() {
    return written == toWrite.length;
  }

  /// The most that the session held at any time.
  int mostHeldBytes() {
    return mostHeldBytes;
  }

  @Nullable KcpCloseReason ended() {
    return ended;
  }

  @Override
  public void receive(ByteBuf datagram, long nowNanos) {
    session.receive(datagram, nowNanos);
    mostHeldBytes = Math.max(mostHeldBytes, session.heldBytes());
  }

  @Override
  public @Nullable ByteBuf transmit(long nowNanos) {
    ByteBuf datagram = session.transmit(nowNanos);
    if (datagram == null && session.pollEvent() instanceof KcpEvent.Ended(var reason)) {
      ended = reason;
    }
    return datagram;
  }

  @Override
  public long nextDeadlineNanos() {
    return session.nextDeadlineNanos();
  }

  @Override
  public void onDeadline(long nowNanos) {
    session.onDeadline(nowNanos);
  }

  @Override
  public boolean work(long nowNanos) {
    boolean did = false;
    int writable = Math.min(session.writableBytes(), toWrite.length - written);
    if (writable > 0) {
      session.write(Unpooled.wrappedBuffer(toWrite, written, writable), nowNanos);
      written += writable;
      mostHeldBytes = Math.max(mostHeldBytes, session.heldBytes());
      did = true;
    }
    ByteBuf bytes = reading ? session.read(READ_BYTES) : null;
    if (bytes != null) {
      byte[] copy = new byte[bytes.readableBytes()];
      bytes.readBytes(copy);
      bytes.release();
      received.writeBytes(copy);
      did = true;
    }
    return did;
  }
}
