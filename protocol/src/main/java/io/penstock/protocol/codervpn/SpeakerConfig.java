package io.penstock.protocol.codervpn;

import io.penstock.protocol.Bounds;
import java.time.Duration;

/// The settings of one end of a stream.
///
/// **Worst-case memory of a stream.** Received: `maxFrameBytes` for a frame that is coming, once
/// more for the message of it, `maxWaitingBytes` for those that wait, and what one call of
/// `receive` brings. A decoded message takes about as much as its frame and fifty bytes for each of
/// its `maxFields` at most. To be sent: `maxOutputBytes` and two frames.
///
/// @param header which header is written, and when
/// @param versions what this end speaks
/// @param headerTimeoutNanos within which the peer's header must have come; 1 ms to 1 hour
/// @param maxFrameBytes of one message, in both directions; 1 KiB to 16 MiB
/// @param maxFields of one received message, with those of the messages in it; 1,000 or more
/// @param maxWaitingBytes of received messages that wait for their turn, after which nothing is
///   read; 1 KiB or more
/// @param maxOutputBytes that wait to be sent, after which calls and messages are refused, but for
///   one that finds nothing before it; 1 KiB or more
/// @param maxPendingCalls that wait for a reply; 1 to 10,000
/// @param stallTimeoutNanos after which a peer is given up that takes nothing of what waits to be
///   sent; 1 ms or more
/// @param closeTimeoutNanos within which a stream that is ending must have ended; 1 ms or more
public record SpeakerConfig(
    HeaderChoice header,
    ProtocolVersions versions,
    long headerTimeoutNanos,
    int maxFrameBytes,
    int maxFields,
    int maxWaitingBytes,
    int maxOutputBytes,
    int maxPendingCalls,
    long stallTimeoutNanos,
    long closeTimeoutNanos) {

  /// As in the originals, on which a larger frame would be lost.
  public static final int MAX_FRAME_BYTES = 16 * 1024 * 1024;

  /// As the managers of Windows wait.
  public static final Duration HEADER_TIMEOUT = Duration.ofSeconds(5);

  /// An update of some twenty thousand agents.
  public static final int MAX_FIELDS = 256 * 1024;

  /// Some thousand requests, each of which is handled in its turn.
  public static final int MAX_WAITING_BYTES = 1024 * 1024;

  /// Some thousand log records; an update of any size that finds nothing before it.
  public static final int MAX_OUTPUT_BYTES = 1024 * 1024;

  /// Far more than there are kinds of requests.
  public static final int MAX_PENDING_CALLS = 256;

  /// Long enough for a machine in distress.
  public static final Duration STALL_TIMEOUT = Duration.ofSeconds(30);

  /// As the managers of Windows wait for a tunnel that stops.
  public static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(5);

  private static final int KIB = 1024;
  private static final int MIN_FIELDS = 1000;
  private static final int MAX_CALLS = 10_000;
  private static final long MIN_NANOS = 1_000_000;
  private static final long MAX_HEADER_NANOS = 3600L * 1_000_000_000;

  /// @throws IllegalArgumentException when a value is out of bounds
  public SpeakerConfig {
    Bounds.requireBetween("headerTimeoutNanos", headerTimeoutNanos, MIN_NANOS, MAX_HEADER_NANOS);
    Bounds.requireBetween("maxFrameBytes", maxFrameBytes, KIB, MAX_FRAME_BYTES);
    Bounds.requireAtLeast("maxFields", maxFields, MIN_FIELDS);
    Bounds.requireAtLeast("maxWaitingBytes", maxWaitingBytes, KIB);
    Bounds.requireAtLeast("maxOutputBytes", maxOutputBytes, KIB);
    Bounds.requireBetween("maxPendingCalls", maxPendingCalls, 1, MAX_CALLS);
    Bounds.requireAtLeast("stallTimeoutNanos", stallTimeoutNanos, MIN_NANOS);
    Bounds.requireAtLeast("closeTimeoutNanos", closeTimeoutNanos, MIN_NANOS);
  }

  /// The defaults of a tunnel, which answers in the form in which it is spoken to.
  public static Builder tunnel() {
    return new Builder().header(HeaderChoice.ANSWER);
  }

  /// The defaults of a manager, which begins, and in the form that the oldest tunnels read.
  public static Builder manager() {
    return new Builder().header(HeaderChoice.ORIGINAL);
  }

  /// Collects settings; each starts with its default.
  public static final class Builder {

    private HeaderChoice header = HeaderChoice.ANSWER;
    private ProtocolVersions versions = ProtocolVersions.OURS;
    private Duration headerTimeout = HEADER_TIMEOUT;
    private int maxFrameBytes = MAX_FRAME_BYTES;
    private int maxFields = MAX_FIELDS;
    private int maxWaitingBytes = MAX_WAITING_BYTES;
    private int maxOutputBytes = MAX_OUTPUT_BYTES;
    private int maxPendingCalls = MAX_PENDING_CALLS;
    private Duration stallTimeout = STALL_TIMEOUT;
    private Duration closeTimeout = CLOSE_TIMEOUT;

    private Builder() {}

    public Builder header(HeaderChoice choice) {
      this.header = choice;
      return this;
    }

    public Builder versions(ProtocolVersions versions) {
      this.versions = versions;
      return this;
    }

    public Builder headerTimeout(Duration timeout) {
      this.headerTimeout = timeout;
      return this;
    }

    public Builder maxFrameBytes(int bytes) {
      this.maxFrameBytes = bytes;
      return this;
    }

    public Builder maxFields(int fields) {
      this.maxFields = fields;
      return this;
    }

    public Builder maxWaitingBytes(int bytes) {
      this.maxWaitingBytes = bytes;
      return this;
    }

    public Builder maxOutputBytes(int bytes) {
      this.maxOutputBytes = bytes;
      return this;
    }

    public Builder maxPendingCalls(int calls) {
      this.maxPendingCalls = calls;
      return this;
    }

    public Builder stallTimeout(Duration timeout) {
      this.stallTimeout = timeout;
      return this;
    }

    public Builder closeTimeout(Duration timeout) {
      this.closeTimeout = timeout;
      return this;
    }

    public SpeakerConfig build() {
      return new SpeakerConfig(
          header,
          versions,
          headerTimeout.toNanos(),
          maxFrameBytes,
          maxFields,
          maxWaitingBytes,
          maxOutputBytes,
          maxPendingCalls,
          stallTimeout.toNanos(),
          closeTimeout.toNanos());
    }
  }
}
