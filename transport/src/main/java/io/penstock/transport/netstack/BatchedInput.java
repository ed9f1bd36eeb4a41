package io.penstock.transport.netstack;

import io.netty.buffer.ByteBuf;
import io.netty.channel.EventLoop;
import org.jspecify.annotations.Nullable;

/// Hands the packets of a link to its stack one by one, and lets it answer them at the end of the
/// turn of the event loop, all at once. Event loop only.
public final class BatchedInput {

  private final EventLoop loop;
  private final Runnable endTask = this::end;
  private @Nullable LinkReceiver receiver;
  private boolean endQueued;

  public BatchedInput(EventLoop loop) {
    this.loop = loop;
  }

  /// Packets go to this receiver from now on.
  public void start(LinkReceiver to) {
    receiver = to;
  }

  /// Packets are dropped from now on.
  public void stop() {
    receiver = null;
  }

  /// Takes a packet, and owns it.
  public void packet(ByteBuf packet) {
    LinkReceiver to = receiver;
    if (to == null) {
      packet.release();
      return;
    }
    to.packet(packet, false);
    if (!endQueued) {
      endQueued = true;
      loop.execute(endTask);
    }
  }

  private void end() {
    endQueued = false;
    if (receiver != null) {
      receiver.batchEnd();
    }
  }
}
