package io.penstock.transport.relay;

import io.netty.channel.Channel;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.socket.DuplexChannel;
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
    long pending = out == null ? pendingWithoutBuffer() : out.totalPendingWriteBytes();
    if (pending == 0) {
      movedNanos = Deadlines.NONE;
      return 0;
    }
    long part = out == null ? 0 : out.currentProgress();
    if (movedNanos == Deadlines.NONE || pending != pendingBytes || part != partBytes) {
      pendingBytes = pending;
      partBytes = part;
      movedNanos = nowNanos;
    }
    return Math.max(0, movedNanos + stallNanos - nowNanos);
  }

  /// A channel that is closed, or whose output has been shut down, has no buffer and nothing
  /// pending; a stream of HTTP/2 has none either, and says what it holds only by how far it is from
  /// its water marks.
  private long pendingWithoutBuffer() {
    boolean ended = channel instanceof DuplexChannel duplex && duplex.isOutputShutdown();
    if (ended || !channel.isOpen()) {
      return 0;
    }
    return channel.config().getWriteBufferHighWaterMark()
        - channel.bytesBeforeUnwritable()
        + channel.bytesBeforeWritable();
  }
}
