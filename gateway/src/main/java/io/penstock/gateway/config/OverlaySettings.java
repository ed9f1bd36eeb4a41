package io.penstock.gateway.config;

import io.penstock.api.HostPort;
import io.penstock.api.IsdAs;
import io.penstock.api.config.Inline;
import io.penstock.api.config.Requirements;
import io.penstock.gateway.overlay.lease.PoolConfig;
import io.penstock.gateway.overlay.router.RouterConfig;
import io.penstock.gateway.overlay.session.SessionConfig;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/// The table `overlay`: the private network of the nodes.
///
/// @param quic where the tunnels of nodes come in (UDP); off for no overlay at all
/// @param addresses which addresses nodes get
/// @param sessions how long they may stay
/// @param zone the DNS zone of their names
/// @param isdAs the ISD-AS of every address, which the tunnel's protocol wants to be named
/// @param tunnel how long the steps of a node's tunnel may take, and how much may wait in it
/// @param router what may wait in the router, be remembered and be reported
/// @param allow what nodes of different users may send each other; those of one user may all talk
public record OverlaySettings(
    Optional<HostPort> quic,
    @Inline PoolConfig addresses,
    @Inline SessionConfig sessions,
    String zone,
    IsdAs isdAs,
    OverlayTunnelSettings tunnel,
    RouterConfig router,
    List<AllowSettings> allow) {

  /// The number of the tunnel port, for UDP.
  public static final HostPort DEFAULT_QUIC = new HostPort("", 7443);

  /// Below the top-level domain that is set aside for private use, so no public name is hidden by
  /// it.
  public static final String DEFAULT_ZONE = "penstock.internal";

  /// An ISD and an AS that are both set aside for private use (RFC 6996 for the latter).
  public static final IsdAs DEFAULT_ISD_AS = new IsdAs(16, 64_512);

  /// A name of 63 characters and two dots more fit into DNS.
  private static final int MAX_ZONE_CHARS = 180;

  private static final Pattern ZONE =
      Pattern.compile(
          "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*");

  /// What holds when nothing is set.
  public static final OverlaySettings DEFAULT =
      new OverlaySettings(
          Optional.of(DEFAULT_QUIC),
          PoolConfig.DEFAULT,
          SessionConfig.DEFAULT,
          DEFAULT_ZONE,
          DEFAULT_ISD_AS,
          OverlayTunnelSettings.DEFAULT,
          RouterConfig.DEFAULT,
          List.of());

  public OverlaySettings {
    allow = List.copyOf(allow);
    Requirements.of("overlay")
        .that(
            zone.length() <= MAX_ZONE_CHARS && ZONE.matcher(zone).matches(),
            "zone",
            zone,
            "a domain in lower case without a dot at its end, of at most 180 characters")
        .check();
  }

  /// The same with another address for tunnels.
  public OverlaySettings listeningOn(HostPort address) {
    return new OverlaySettings(
        Optional.of(address), addresses, sessions, zone, isdAs, tunnel, router, allow);
  }

  /// The same without an overlay.
  public OverlaySettings off() {
    return new OverlaySettings(
        Optional.empty(), addresses, sessions, zone, isdAs, tunnel, router, allow);
  }

  /// The same with other settings of tunnels.
  public OverlaySettings withTunnel(OverlayTunnelSettings other) {
    return new OverlaySettings(quic, addresses, sessions, zone, isdAs, other, router, allow);
  }

  /// The same with other settings of the router.
  public OverlaySettings withRouter(RouterConfig other) {
    return new OverlaySettings(quic, addresses, sessions, zone, isdAs, tunnel, other, allow);
  }

  /// The same with other ranges of addresses.
  public OverlaySettings leasing(PoolConfig ranges) {
    return new OverlaySettings(quic, ranges, sessions, zone, isdAs, tunnel, router, allow);
  }

  /// The same with other rules.
  public OverlaySettings allowing(List<AllowSettings> rules) {
    return new OverlaySettings(quic, addresses, sessions, zone, isdAs, tunnel, router, rules);
  }
}
