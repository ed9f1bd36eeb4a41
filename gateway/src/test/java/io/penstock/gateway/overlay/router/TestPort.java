package io.penstock.gateway.overlay.router;

import io.netty.buffer.ByteBuf;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.Executor;

/// A tunnel's end in memory, with as much room and as large packets as the test says.
final class TestPort implements TunnelPort {

  private final Executor loop;
  private final Deque<ByteBuf> sent = new ArrayDeque<>();
  private Runnable drained = () -> {};
  private int mtuBytes = 1280;
  private int room = Integer.MAX_VALUE;
  private int flushes;
  private int displacements;
  private boolean closed;

  TestPort(Executor loop) {
    this.loop = loop;
  }

  @Override
  public Executor loop() {
    return loop;
  }

  @Override
  public boolean inLoop() {
    return true;
  }

  @Override
  public int maxPayloadBytes() {
    return mtuBytes;
  }

  @Override
  public Sent send(ByteBuf packet) {
    if (closed) {
      packet.release();
      return Sent.CLOSED;
    }
    if (room == 0) {
      return Sent.FULL;
    }
    room--;
    sent.add(packet);
    return Sent.SENT;
  }

  @Override
  public void flush() {
    flushes++;
  }

  @Override
  public void displaced() {
    displacements++;
  }

  /// How often it was told that no address leads to it any more.
  int displacements() {
    return displacements;
  }

  @Override
  public void onRoom(Runnable listener) {
    drained = listener;
  }

  void mtu(int bytes) {
    mtuBytes = bytes;
  }

  void close() {
    closed = true;
  }

  /// Sets how many more packets it takes, and says so when there are any.
  void room(int packets) {
    room = packets;
    if (packets > 0) {
      drained.run();
    }
  }

  Deque<ByteBuf> sent() {
    return sent;
  }

  int flushes() {
    return flushes;
  }
}
