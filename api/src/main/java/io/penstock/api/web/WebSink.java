package io.penstock.api.web;

import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.handler.codec.http.DefaultHttpContent;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/// The bridge from the thread that writes an endless answer to the event loop that sends it: takes
/// as much as the reader does, and a bounded number of bytes more.
///
/// One thread sends; the event loop gives back room.
public final class WebSink {

  private final Channel channel;
  private final int maxPendingBytes;
  private final Duration limit;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private int pendingBytes;
  private boolean closed;

  /// Makes a sink for a channel whose pipeline takes HTTP content.
  ///
  /// @param maxPendingBytes what may wait to be sent
  /// @param limit how long to wait until the reader takes some of it
  WebSink(Channel channel, int maxPendingBytes, Duration limit) {
    this.channel = channel;
    this.maxPendingBytes = maxPendingBytes;
    this.limit = limit;
    channel.closeFuture().addListener(_ -> close());
  }

  /// Sends text in UTF-8; blocks while as much as may be is waiting.
  ///
  /// @throws IOException when the connection is closed, or was closed now because its reader took
  ///   nothing within the limit
  public void send(String text) throws IOException, InterruptedException {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    for (int from = 0; from < bytes.length; ) {
      int length = Math.min(bytes.length - from, awaitRoom());
      write(bytes, from, length);
      from += length;
    }
  }

  /// Has something done once when the connection is closed, or at once if it is; on the event loop
  /// as a rule, so it must not block.
  public void onClosed(Runnable action) {
    channel.closeFuture().addListener(_ -> action.run());
  }

  /// Waits until something may be sent; returns how much.
  private int awaitRoom() throws IOException, InterruptedException {
    lock.lock();
    try {
      long left = limit.toNanos();
      while (!closed && pendingBytes >= maxPendingBytes) {
        if (left <= 0) {
          channel.close();
          throw new IOException("the reader took nothing within " + limit);
        }
        left = changed.awaitNanos(left);
      }
      if (closed) {
        throw new IOException("the connection is closed");
      }
      return maxPendingBytes - pendingBytes;
    } finally {
      lock.unlock();
    }
  }

  private void write(byte[] bytes, int from, int length) throws IOException {
    account(length);
    try {
      channel
          .eventLoop()
          .execute(
              () ->
                  channel
                      .writeAndFlush(
                          new DefaultHttpContent(Unpooled.wrappedBuffer(bytes, from, length)))
                      .addListener(_ -> account(-length)));
    } catch (RejectedExecutionException e) {
      throw new IOException("the API is going down", e);
    }
  }

  private void account(int bytes) {
    lock.lock();
    try {
      pendingBytes += bytes;
      changed.signal();
    } finally {
      lock.unlock();
    }
  }

  private void close() {
    lock.lock();
    try {
      closed = true;
      changed.signal();
    } finally {
      lock.unlock();
    }
  }
}
