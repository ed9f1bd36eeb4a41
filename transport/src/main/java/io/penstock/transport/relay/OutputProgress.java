package io.penstock.transport.relay;

import io.netty.channel.Channel;
import io.netty.channel.ChannelOutboundBuffer;
import io.penstock.protocol.Deadlines;

/// Tells a peer that takes what was written slowly from one that does not take it at all.
///
/// It looks at what a channel still holds, not at what the kernel or a handler of the pipeline
/// does. All methods run on the event loop of the channel.
public final class OutputProgress {

  private final Channel channel;
  private long pendingBytes;
  private long partBytes;
  private long movedNanos = Deadlines.NONE;

  public OutputProgress(Channel channel) {
    this.channel = channel;
  }

  /// Says for how many more nanoseconds to wait for the peer: 0 when nothing waits to be sent, or
  /// when nothing was sent between two looks that are at least `stallNanos` apart.
  public long patience(long nowNanos, long stallNanos) {
    ChannelOutboundBuffer out = channel.unsafe().outboundBuffer();
    if (out == null || out.totalPendingWriteBytes() == 0) {
      movedNanos = Deadlines.NONE;
      return 0;
    }
    if (movedNanos == Deadlines.NONE
        || out.totalPendingWriteBytes() != pendingBytes
        || out.currentProgress() != partBytes) {
      pendingBytes = out.totalPendingWriteBytes();
      partBytes = out.currentProgress();
      movedNanos = nowNanos;
    }
    return Math.max(0, movedNanos + stallNanos - nowNanos);
  }
}
