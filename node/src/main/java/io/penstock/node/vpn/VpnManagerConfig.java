package io.penstock.node.vpn;

import io.penstock.api.config.Requirements;
import io.penstock.protocol.codervpn.SpeakerConfig;
import java.time.Duration;

/// What the manager role needs to know.
///
/// @param speaker the settings of the stream
/// @param startLimit within which the tunnel must have started, with all that it asks for meanwhile
/// @param stopLimit within which it must have stopped
/// @param callLimit within which any other question must be answered
/// @param maxPeers how many workspaces, and how many agents, a tunnel may tell of
/// @param maxPeerBytes how much it may tell of them, on the wire
public record VpnManagerConfig(
    SpeakerConfig speaker,
    Duration startLimit,
    Duration stopLimit,
    Duration callLimit,
    int maxPeers,
    long maxPeerBytes) {

  /// A node may take 30 s to join, and each change of the settings some seconds.
  public static final Duration DEFAULT_START_LIMIT = Duration.ofSeconds(90);

  /// A node waits some seconds for its peers to have what was sent.
  public static final Duration DEFAULT_STOP_LIMIT = Duration.ofSeconds(15);

  /// Nothing else takes long.
  public static final Duration DEFAULT_CALL_LIMIT = Duration.ofSeconds(10);

  /// Twice what a network has by default.
  public static final int DEFAULT_MAX_PEERS = 20_000;

  /// Some kilobytes for each, where a hundred bytes are usual.
  public static final long DEFAULT_MAX_PEER_BYTES = 64 * 1024 * 1024;

  private static final long MIN_PEER_BYTES = 1024;

  private static final Duration SHORTEST = Duration.ofMillis(1);
  private static final Duration LONGEST = Duration.ofDays(1);
  private static final int MOST_PEERS = 1_000_000;

  public VpnManagerConfig {
    Requirements.of("manager")
        .between("start_limit", startLimit, SHORTEST, LONGEST)
        .between("stop_limit", stopLimit, SHORTEST, LONGEST)
        .between("call_limit", callLimit, SHORTEST, LONGEST)
        .between("max_peers", maxPeers, 1, MOST_PEERS)
        .bytesAtLeast("max_peer_bytes", maxPeerBytes, MIN_PEER_BYTES)
        .check();
  }

  /// Starts from the defaults.
  public static Builder builder() {
    return new Builder();
  }

  /// Collects what differs from the defaults.
  public static final class Builder {
    private SpeakerConfig speaker = SpeakerConfig.manager().build();
    private Duration startLimit = DEFAULT_START_LIMIT;
    private Duration stopLimit = DEFAULT_STOP_LIMIT;
    private Duration callLimit = DEFAULT_CALL_LIMIT;
    private int maxPeers = DEFAULT_MAX_PEERS;
    private long maxPeerBytes = DEFAULT_MAX_PEER_BYTES;

    private Builder() {}

    public Builder speaker(SpeakerConfig value) {
      speaker = value;
      return this;
    }

    public Builder startLimit(Duration value) {
      startLimit = value;
      return this;
    }

    public Builder stopLimit(Duration value) {
      stopLimit = value;
      return this;
    }

    public Builder callLimit(Duration value) {
      callLimit = value;
      return this;
    }

    public Builder maxPeers(int value) {
      maxPeers = value;
      return this;
    }

    public Builder maxPeerBytes(long value) {
      maxPeerBytes = value;
      return this;
    }

    /// @throws IllegalArgumentException when a setting is not allowed, with its name and value
    public VpnManagerConfig build() {
      return new VpnManagerConfig(
          speaker, startLimit, stopLimit, callLimit, maxPeers, maxPeerBytes);
    }
  }
}
