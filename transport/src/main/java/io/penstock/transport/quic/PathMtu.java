package io.penstock.transport.quic;

import io.netty.handler.codec.quic.QuicChannel;
import io.netty.handler.codec.quic.QuicConnectionPathStats;
import io.netty.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/// The largest datagram that the connection's active path carries, followed as discovery finds out.
///
/// It is the path's UDP payload less what a packet with one datagram needs around it. QUIC searches
/// in the first seconds (RFC 8899), so the path is read each second for ten seconds and each minute
/// after that; a datagram that QUIC refuses for its size makes it read at once. What QUIC tells of
/// its own accord, `QuicDatagramExtensionEvent`, comes once and is no more than a guess.
///
/// Runs on the connection's event loop.
final class PathMtu {

  /// Header byte, 4-byte packet number and AEAD tag, and the frame's type and length.
  private static final int OVERHEAD_BYTES = 1 + 4 + 16 + 3;

  /// Every path carries this much (RFC 9000, section 14).
  private static final int LEAST_PATH_BYTES = 1200;

  private static final int QUICK_READINGS = 10;
  private static final long QUICK_MILLIS = 1_000;
  private static final long SLOW_MILLIS = 60_000;

  private static final int ETHERNET_BYTES = 1500;
  private static final int MAX_PROBE_BYTES = 9000;

  private final QuicChannel channel;
  private final int overheadBytes;
  private int maxPayloadBytes;
  private int readings;
  private long roundTripNanos;
  private long windowBytes;
  private long probeNanos = System.nanoTime() - SLOW_MILLIS * 1_000_000;
  private @Nullable ScheduledFuture<?> next;
  private IntConsumer changed = _ -> {};

  PathMtu(QuicChannel channel, int connectionIdBytes) {
    this.channel = channel;
    overheadBytes = OVERHEAD_BYTES + connectionIdBytes;
    maxPayloadBytes = LEAST_PATH_BYTES - overheadBytes;
  }

  void start() {
    read();
    readings++;
    long delay = readings <= QUICK_READINGS ? QUICK_MILLIS : SLOW_MILLIS;
    next = channel.eventLoop().schedule(this::start, delay, TimeUnit.MILLISECONDS);
  }

  void stop() {
    if (next != null) {
      next.cancel(false);
      next = null;
    }
  }

  /// Tells of each change from now on.
  void onChange(IntConsumer listener) {
    changed = listener;
  }

  int maxPayloadBytes() {
    return maxPayloadBytes;
  }

  /// The smoothed round-trip time at the last reading, 0 before the first.
  long roundTripNanos() {
    return roundTripNanos;
  }

  /// The congestion window at the last reading, 0 before the first.
  long windowBytes() {
    return windowBytes;
  }

  /// The size of a probe that may have left since the last call of this; 0 when the search is over.
  int probeBytes(long nowNanos) {
    if (readings > QUICK_READINGS || nowNanos - probeNanos < roundTripNanos / 2) {
      return 0;
    }
    probeNanos = nowNanos;
    return maxPayloadBytes < ETHERNET_BYTES ? ETHERNET_BYTES : MAX_PROBE_BYTES;
  }

  /// Reads the active path now.
  void read() {
    for (int path = 0; path < UdpSockets.MAX_PATHS; path++) {
      QuicConnectionPathStats stats = channel.collectPathStats(path).getNow();
      if (stats == null) {
        return;
      }
      if (stats.active()) {
        take(stats);
        return;
      }
    }
  }

  private void take(QuicConnectionPathStats stats) {
    roundTripNanos = stats.rtt();
    windowBytes = stats.cwnd();
    int payload = (int) stats.pmtu() - overheadBytes;
    if (payload > 0 && payload != maxPayloadBytes) {
      maxPayloadBytes = payload;
      changed.accept(payload);
    }
  }
}
