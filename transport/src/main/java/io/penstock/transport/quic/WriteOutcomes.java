package io.penstock.transport.quic;

import io.netty.channel.Channel;
import io.netty.channel.ChannelPromise;
import io.netty.channel.DefaultChannelPromise;
import org.jspecify.annotations.Nullable;

/// Stands for the results of all writes of a connection's datagrams, one after the other, so that a
/// write needs no promise of its own.
///
/// It is never done: each result is counted, and failures are told with the place of their datagram
/// in the row. Used on the connection's event loop alone.
final class WriteOutcomes extends DefaultChannelPromise {

  /// Told of each write that failed.
  interface Failure {
    void failed(long place, Throwable cause);
  }

  private final Failure failure;
  private long nextPlace;
  private int open;

  WriteOutcomes(Channel channel, Failure failure) {
    super(channel, channel.eventLoop());
    this.failure = failure;
  }

  /// Notes that the datagram at this place is about to be written.
  ///
  /// Places of writes whose results are still to come follow one another.
  void expect(long place) {
    if (open == 0) {
      nextPlace = place;
    }
    open++;
  }

  @Override
  public boolean trySuccess(@Nullable Void result) {
    open--;
    nextPlace++;
    return true;
  }

  @Override
  public boolean trySuccess() {
    return trySuccess(null);
  }

  @Override
  public boolean tryFailure(Throwable cause) {
    open--;
    failure.failed(nextPlace++, cause);
    return true;
  }

  @Override
  public ChannelPromise setSuccess(@Nullable Void result) {
    trySuccess(null);
    return this;
  }

  @Override
  public ChannelPromise setSuccess() {
    return setSuccess(null);
  }

  @Override
  public ChannelPromise setFailure(Throwable cause) {
    tryFailure(cause);
    return this;
  }

  @Override
  public boolean setUncancellable() {
    return true;
  }
}
