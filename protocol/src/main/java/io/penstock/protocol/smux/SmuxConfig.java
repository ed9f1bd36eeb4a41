package io.penstock.protocol.smux;

import io.penstock.protocol.Bounds;
import java.time.Duration;

/// The settings of a smux session; version, frame size and keep-alive must suit the peer.
///
/// **Worst-case memory of a session.** Received and unread: `maxReceiveBufferBytes` as they are
/// really held, plus what one call of `receive` brings in version 1 (the connection is stopped only
/// after it) or one frame in version 2. To be sent: `maxStreamOutputBytes` per open stream, plus
/// one frame.
///
/// @param version protocol version, 1 or 2; both ends must use the same
/// @param maxFrameBytes the largest payload of a frame that we send, 1 to 65535; any size is
///   received
/// @param maxReceiveBufferBytes what all streams together hold unread
/// @param maxStreamBufferBytes version 2: the largest window given to one stream
/// @param maxStreamOutputBytes what one stream takes from its writer before it is full
/// @param keepAlive whether NOPs are sent and a silent peer is given up
/// @param keepAliveIntervalNanos how often a NOP is sent
/// @param keepAliveTimeoutNanos how long a peer may be silent
/// @param acceptBacklogStreams streams that the peer opened and the driver has not yet been told
///   of; more are refused with FIN
/// @param maxPeerStreams streams opened by the peer that live at the same time; more are refused
/// @param stallLimitNanos version 1: how long the receive bucket may be full and hardly read from
///   before the stream that holds the most is closed
/// @param lingerNanos how long a closed stream, or a session that is shut down, waits for its last
///   bytes to be sent
public record SmuxConfig(
    int version,
    int maxFrameBytes,
    int maxReceiveBufferBytes,
    int maxStreamBufferBytes,
    int maxStreamOutputBytes,
    boolean keepAlive,
    long keepAliveIntervalNanos,
    long keepAliveTimeoutNanos,
    int acceptBacklogStreams,
    int maxPeerStreams,
    long stallLimitNanos,
    long lingerNanos) {

  /// The original's default.
  public static final int DEFAULT_FRAME_BYTES = 32_768;

  /// The original's default.
  public static final int DEFAULT_RECEIVE_BUFFER_BYTES = 4 * 1024 * 1024;

  /// The original's default.
  public static final int DEFAULT_STREAM_BUFFER_BYTES = 64 * 1024;

  /// Two of the largest frames: one is sent while the writer fills the other.
  public static final int DEFAULT_STREAM_OUTPUT_BYTES = 128 * 1024;

  /// The original's default.
  public static final Duration DEFAULT_KEEPALIVE_INTERVAL = Duration.ofSeconds(10);

  /// The original's default.
  public static final Duration DEFAULT_KEEPALIVE_TIMEOUT = Duration.ofSeconds(30);

  /// The original's fixed value.
  public static final int DEFAULT_ACCEPT_BACKLOG_STREAMS = 1024;

  /// Far above the concurrent requests of one connection, and about 32 MiB of bare channels.
  public static final int DEFAULT_PEER_STREAMS = 16_384;

  /// Long against any pause of a healthy reader, short enough that the other visitors wait.
  public static final Duration DEFAULT_STALL_LIMIT = Duration.ofSeconds(5);

  /// As long as the original waits to send a FIN.
  public static final Duration DEFAULT_LINGER = Duration.ofSeconds(30);

  /// Four full TLS records with their header in the first, so that frames and records stay aligned.
  public static final int OWN_FRAME_BYTES = 4 * 16_384 - SmuxFrame.HEADER_BYTES;

  /// Enough for 320 Mbit/s on one stream at a round trip of 100 ms.
  public static final int OWN_STREAM_BUFFER_BYTES = 4 * 1024 * 1024;

  /// Room for 128 paused visitors at the initial window, with half left for large windows.
  public static final int OWN_RECEIVE_BUFFER_BYTES = 64 * 1024 * 1024;

  public SmuxConfig {
    Bounds.require(version == 1 || version == 2, "smux version", version, "1 or 2");
    Bounds.requireBetween("smux maxFrameBytes", maxFrameBytes, 1, SmuxFrame.MAX_PAYLOAD_BYTES);
    Bounds.requireAtLeast("smux maxReceiveBufferBytes", maxReceiveBufferBytes, 1);
    Bounds.require(
        maxStreamBufferBytes >= 2 && maxStreamBufferBytes <= maxReceiveBufferBytes,
        "smux maxStreamBufferBytes",
        maxStreamBufferBytes,
        "2 to maxReceiveBufferBytes (" + maxReceiveBufferBytes + ")");
    Bounds.requireAtLeast("smux maxStreamOutputBytes", maxStreamOutputBytes, 1);
    Bounds.requireAtLeast("smux keepAliveIntervalNanos", keepAliveIntervalNanos, 1);
    Bounds.require(
        keepAliveTimeoutNanos >= keepAliveIntervalNanos,
        "smux keepAliveTimeoutNanos",
        keepAliveTimeoutNanos,
        "keepAliveIntervalNanos (" + keepAliveIntervalNanos + ") or more");
    Bounds.requireAtLeast("smux acceptBacklogStreams", acceptBacklogStreams, 1);
    Bounds.requireAtLeast("smux maxPeerStreams", maxPeerStreams, 1);
    Bounds.requireAtLeast("smux stallLimitNanos", stallLimitNanos, 1);
    Bounds.requireAtLeast("smux lingerNanos", lingerNanos, 1);
  }

  /// The original's defaults in version 1, for a peer that may be the original.
  public static SmuxConfig original() {
    return builder().build();
  }

  /// What our own ends use with each other: version 2 with windows of megabytes.
  public static SmuxConfig own() {
    return builder()
        .version(2)
        .maxFrameBytes(OWN_FRAME_BYTES)
        .maxReceiveBufferBytes(OWN_RECEIVE_BUFFER_BYTES)
        .maxStreamBufferBytes(OWN_STREAM_BUFFER_BYTES)
        .build();
  }

  /// Starts from the original's defaults in version 1.
  public static Builder builder() {
    return new Builder();
  }

  /// Starts from these settings.
  public Builder toBuilder() {
    Builder builder = new Builder();
    builder.version = version;
    builder.maxFrameBytes = maxFrameBytes;
    builder.maxReceiveBufferBytes = maxReceiveBufferBytes;
    builder.maxStreamBufferBytes = maxStreamBufferBytes;
    builder.maxStreamOutputBytes = maxStreamOutputBytes;
    builder.keepAlive = keepAlive;
    builder.keepAliveInterval = Duration.ofNanos(keepAliveIntervalNanos);
    builder.keepAliveTimeout = Duration.ofNanos(keepAliveTimeoutNanos);
    builder.acceptBacklogStreams = acceptBacklogStreams;
    builder.maxPeerStreams = maxPeerStreams;
    builder.stallLimit = Duration.ofNanos(stallLimitNanos);
    builder.linger = Duration.ofNanos(lingerNanos);
    return builder;
  }

  /// Collects settings; [#build] validates them.
  public static final class Builder {

    private int version = 1;
    private int maxFrameBytes = DEFAULT_FRAME_BYTES;
    private int maxReceiveBufferBytes = DEFAULT_RECEIVE_BUFFER_BYTES;
    private int maxStreamBufferBytes = DEFAULT_STREAM_BUFFER_BYTES;
    private int maxStreamOutputBytes = DEFAULT_STREAM_OUTPUT_BYTES;
    private boolean keepAlive = true;
    private Duration keepAliveInterval = DEFAULT_KEEPALIVE_INTERVAL;
    private Duration keepAliveTimeout = DEFAULT_KEEPALIVE_TIMEOUT;
    private int acceptBacklogStreams = DEFAULT_ACCEPT_BACKLOG_STREAMS;
    private int maxPeerStreams = DEFAULT_PEER_STREAMS;
    private Duration stallLimit = DEFAULT_STALL_LIMIT;
    private Duration linger = DEFAULT_LINGER;

    private Builder() {}

    public Builder version(int version) {
      this.version = version;
      return this;
    }

    public Builder maxFrameBytes(int bytes) {
      this.maxFrameBytes = bytes;
      return this;
    }

    public Builder maxReceiveBufferBytes(int bytes) {
      this.maxReceiveBufferBytes = bytes;
      return this;
    }

    public Builder maxStreamBufferBytes(int bytes) {
      this.maxStreamBufferBytes = bytes;
      return this;
    }

    public Builder maxStreamOutputBytes(int bytes) {
      this.maxStreamOutputBytes = bytes;
      return this;
    }

    /// Sets how often a NOP is sent and how long the peer may be silent.
    public Builder keepAlive(Duration interval, Duration timeout) {
      this.keepAlive = true;
      this.keepAliveInterval = interval;
      this.keepAliveTimeout = timeout;
      return this;
    }

    /// Sends no NOP and never gives a silent peer up.
    public Builder withoutKeepAlive() {
      this.keepAlive = false;
      return this;
    }

    public Builder acceptBacklogStreams(int streams) {
      this.acceptBacklogStreams = streams;
      return this;
    }

    public Builder maxPeerStreams(int streams) {
      this.maxPeerStreams = streams;
      return this;
    }

    public Builder stallLimit(Duration limit) {
      this.stallLimit = limit;
      return this;
    }

    public Builder linger(Duration limit) {
      this.linger = limit;
      return this;
    }

    public SmuxConfig build() {
      return new SmuxConfig(
          version,
          maxFrameBytes,
          maxReceiveBufferBytes,
          maxStreamBufferBytes,
          maxStreamOutputBytes,
          keepAlive,
          keepAliveInterval.toNanos(),
          keepAliveTimeout.toNanos(),
          acceptBacklogStreams,
          maxPeerStreams,
          stallLimit.toNanos(),
          linger.toNanos());
    }
  }
}
