package io.penstock.node.vpn;

import io.penstock.api.NodeName;
import io.penstock.api.config.Requirements;
import io.penstock.node.NodeConfig;
import io.penstock.protocol.codervpn.SpeakerConfig;
import java.time.Duration;
import java.util.function.UnaryOperator;

/// What the tunnel role needs to know beside what its manager says.
///
/// @param name the node's label
/// @param node sets of the node what the manager does not: trust, state directory, limits. A start
///   may take [NodeConfig#startLimit]
/// @param devices where the node's packets go
/// @param speaker the settings of the stream
/// @param settingsLimit within which the manager must have changed the network settings
/// @param statusInterval between two updates with all agents
/// @param maxLogBytes of log records that wait to be sent, after which more are left out
public record VpnTunnelConfig(
    String name,
    UnaryOperator<NodeConfig.Builder> node,
    PacketDevices devices,
    SpeakerConfig speaker,
    Duration settingsLimit,
    Duration statusInterval,
    int maxLogBytes) {

  /// Systems take seconds for addresses, routes and DNS, and may ask their user first.
  public static final Duration DEFAULT_SETTINGS_LIMIT = Duration.ofSeconds(30);

  /// As in the original.
  public static final Duration DEFAULT_STATUS_INTERVAL = Duration.ofSeconds(5);

  /// Some thousand records.
  public static final int DEFAULT_MAX_LOG_BYTES = 256 * 1024;

  private static final Duration SHORTEST = Duration.ofMillis(1);
  private static final Duration LONGEST = Duration.ofDays(1);
  private static final int MIN_LOG_BYTES = 1024;
  private static final int MAX_LOG_BYTES = 64 * 1024 * 1024;

  public VpnTunnelConfig {
    NodeName.require(name);
    Requirements.of("vpn")
        .between("settings_limit", settingsLimit, SHORTEST, LONGEST)
        .between("status_interval", statusInterval, SHORTEST, LONGEST)
        .bytesBetween("max_log_bytes", maxLogBytes, MIN_LOG_BYTES, MAX_LOG_BYTES)
        .check();
  }

  /// Starts from the defaults.
  ///
  /// @param name the node's label
  public static Builder builder(String name) {
    return new Builder(name);
  }

  /// Collects what differs from the defaults.
  public static final class Builder {
    private final String name;
    private UnaryOperator<NodeConfig.Builder> node = UnaryOperator.identity();
    private PacketDevices devices = PacketDevices.NONE;
    private SpeakerConfig speaker = SpeakerConfig.tunnel().build();
    private Duration settingsLimit = DEFAULT_SETTINGS_LIMIT;
    private Duration statusInterval = DEFAULT_STATUS_INTERVAL;
    private int maxLogBytes = DEFAULT_MAX_LOG_BYTES;

    private Builder(String name) {
      this.name = name;
    }

    /// Sets of the node what the manager does not say.
    public Builder node(UnaryOperator<NodeConfig.Builder> value) {
      node = value;
      return this;
    }

    /// Gives the node's packets to a TUN device.
    public Builder devices(PacketDevices value) {
      devices = value;
      return this;
    }

    public Builder speaker(SpeakerConfig value) {
      speaker = value;
      return this;
    }

    public Builder settingsLimit(Duration value) {
      settingsLimit = value;
      return this;
    }

    public Builder statusInterval(Duration value) {
      statusInterval = value;
      return this;
    }

    public Builder maxLogBytes(int value) {
      maxLogBytes = value;
      return this;
    }

    /// @throws IllegalArgumentException when a setting is not allowed, with its name and value
    public VpnTunnelConfig build() {
      return new VpnTunnelConfig(
          name, node, devices, speaker, settingsLimit, statusInterval, maxLogBytes);
    }
  }
}
