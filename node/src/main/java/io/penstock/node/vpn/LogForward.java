package io.penstock.node.vpn;

import io.penstock.protocol.codervpn.CallFault;
import io.penstock.protocol.codervpn.message.Log;
import io.penstock.transport.codervpn.CallFailedException;
import io.penstock.transport.codervpn.Calls;
import io.penstock.transport.codervpn.TunnelConnection;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// Sends log records to a manager, in order, with a bound on those that wait.
///
/// Records may be offered before the stream has begun. What finds no room is left out, and the
/// manager is told how much that was. Nothing loops: records of the code that sends them are not
/// taken, nor does this class log.
///
/// Safe for use by several threads; [#offer] never blocks. A virtual thread sends.
public final class LogForward {

  /// The loggers whose records would be about sending records, with all below them.
  private static final List<String> OF_THE_STREAM =
      List.of(
          "io.penstock.protocol.codervpn",
          "io.penstock.transport.codervpn",
          "io.netty",
          "com.google.protobuf");

  /// For a manager that has not taken a large update yet.
  private static final Duration RETRY_AFTER = Duration.ofMillis(100);

  /// What a record holds beside its text.
  private static final int RECORD_BYTES = 256;

  private final TunnelConnection connection;
  private final int maxBytes;

  // Guarded by this.
  private final ArrayDeque<Log> waiting = new ArrayDeque<>();
  private long waitingBytes;
  private long leftOut;
  private boolean ended;

  LogForward(TunnelConnection connection, int maxBytes) {
    this.connection = connection;
    this.maxBytes = maxBytes;
  }

  /// Takes a record to be sent, unless there is no room or it comes from a logger of the stream.
  public synchronized void offer(Log log) {
    if (ended || isOfTheStream(String.join(".", log.getLoggerNamesList()))) {
      return;
    }
    int bytes = bytes(log);
    if (waitingBytes + bytes > maxBytes) {
      leftOut++;
      return;
    }
    waitingBytes += bytes;
    waiting.add(log);
    notifyAll();
  }

  private static boolean isOfTheStream(String logger) {
    return OF_THE_STREAM.stream()
        .anyMatch(name -> logger.equals(name) || logger.startsWith(name + "."));
  }

  private static int bytes(Log log) {
    return log.getSerializedSize() + RECORD_BYTES;
  }

  /// Begins to send; the stream must have begun.
  void begin() {
    Thread.ofVirtual().name("vpn-logs").start(this::run);
  }

  private void run() {
    try {
      for (Log next = next(); next != null; next = next()) {
        send(next);
      }
    } catch (IOException | InterruptedException _) {
      end();
    }
  }

  /// Sends a record, and tries again while there is no room for it.
  private void send(Log log) throws IOException, InterruptedException {
    while (true) {
      try {
        Calls.await(connection.log(log));
        return;
      } catch (CallFailedException e) {
        if (e.fault() instanceof CallFault.StreamEnded) {
          throw e;
        }
        pause();
      } catch (IllegalArgumentException _) {
        // It is larger than a frame may be.
        countLeftOut();
        return;
      }
    }
  }

  private synchronized void countLeftOut() {
    leftOut++;
  }

  private synchronized void pause() throws InterruptedException {
    long until = System.nanoTime() + RETRY_AFTER.toNanos();
    long left = RETRY_AFTER.toNanos();
    while (left > 0 && !ended) {
      TimeUnit.NANOSECONDS.timedWait(this, left);
      left = until - System.nanoTime();
    }
  }

  /// The next record, or the news that some were left out; null at the end.
  private synchronized @Nullable Log next() throws InterruptedException {
    while (waiting.isEmpty() && leftOut == 0 && !ended) {
      wait();
    }
    Log first = waiting.poll();
    if (first != null) {
      waitingBytes -= bytes(first);
      return first;
    }
    if (ended) {
      return null;
    }
    Log news = leftOut(leftOut);
    leftOut = 0;
    return news;
  }

  private static Log leftOut(long count) {
    return Log.newBuilder()
        .setLevel(Log.Level.WARN)
        .addAllLoggerNames(List.of(LogForward.class.getName().split("\\.", -1)))
        .setMessage("log records were left out, as the manager took them too slowly")
        .addFields(Log.Field.newBuilder().setName("count").setValue(Long.toString(count)))
        .build();
  }

  /// Takes nothing more and drops what waits.
  synchronized void end() {
    ended = true;
    waiting.clear();
    waitingBytes = 0;
    notifyAll();
  }
}
