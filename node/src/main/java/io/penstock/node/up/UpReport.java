package io.penstock.node.up;

import io.penstock.api.IpAddress;
import io.penstock.node.vpn.os.InterfaceAddress;
import io.penstock.node.vpn.os.LinuxNetworkConfig.Dns;
import io.penstock.node.vpn.os.OsDns;
import io.penstock.node.vpn.os.OsSettings;
import io.penstock.protocol.PeerText;
import io.penstock.protocol.codervpn.message.Agent;
import io.penstock.protocol.codervpn.message.PeerUpdate;
import io.penstock.protocol.codervpn.message.PenstockLink;
import io.penstock.protocol.codervpn.message.Workspace;
import java.time.Instant;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// A machine's overlay interface, as `penstock status` shows it.
///
/// @param name the node's label
/// @param domainName its full name; empty before the network is known
/// @param gateway through which it joins
/// @param link what the interface is called
/// @param state `starting`, `up`, `degraded` while the gateway is not reached, `restarting` or
///   `down`
/// @param reason of the state, for people; empty when there is nothing to say
/// @param addresses of the interface
/// @param zones whose names are looked up over the overlay; empty when DNS is left alone
/// @param peers the other nodes, by name
public record UpReport(
    String name,
    String domainName,
    String gateway,
    String link,
    String state,
    String reason,
    List<IpAddress> addresses,
    List<String> zones,
    List<UpPeer> peers) {

  private static final String GATEWAY = "gateway";

  private static final int MAX_SHOWN_CHARS = 300;

  /// The year 10000.
  private static final long END_OF_TIME = 253_402_300_800L;

  public UpReport {
    addresses = List.copyOf(addresses);
    zones = List.copyOf(zones);
    peers = List.copyOf(peers);
  }

  /// Puts together what the manager knows.
  static UpReport of(
      UpConfig config, UpStatus status, PenstockLink link, OsSettings settings, PeerUpdate peers) {
    boolean degraded =
        status instanceof UpStatus.Up && link.getState() == PenstockLink.State.DEGRADED;
    List<String> zones = settings.dns().map(OsDns::zones).orElse(List.of());
    return new UpReport(
        config.name(),
        zones.stream().findFirst().map(zone -> config.name() + "." + zone).orElse(""),
        config.gateway().toString(),
        config.link(),
        degraded ? "degraded" : word(status),
        degraded ? "the link to the gateway is lost: " + shown(link.getReason()) : reason(status),
        settings.addresses().stream().map(InterfaceAddress::address).toList(),
        config.dns() == Dns.OFF ? List.of() : zones,
        peers(peers));
  }

  private static String word(UpStatus status) {
    return switch (status) {
      case UpStatus.Starting _ -> "starting";
      case UpStatus.Up _ -> "up";
      case UpStatus.Restarting _ -> "restarting";
      case UpStatus.Down _ -> "down";
    };
  }

  private static String reason(UpStatus status) {
    return switch (status) {
      case UpStatus.Starting(String step) -> step;
      case UpStatus.Up _ -> "";
      case UpStatus.Restarting(String why) -> why;
      case UpStatus.Down(String why) -> why;
    };
  }

  private static List<UpPeer> peers(PeerUpdate peers) {
    Map<Object, Agent> agents = new HashMap<>();
    peers.getUpsertedAgentsList().forEach(agent -> agents.put(agent.getWorkspaceId(), agent));
    return peers.getUpsertedWorkspacesList().stream()
        .map(workspace -> peer(workspace, Optional.ofNullable(agents.get(workspace.getId()))))
        .sorted(Comparator.comparing(UpPeer::name))
        .toList();
  }

  private static UpPeer peer(Workspace workspace, Optional<Agent> agent) {
    return new UpPeer(
        shown(workspace.getName()),
        agent
            .flatMap(one -> one.getFqdnList().stream().findFirst())
            .map(UpReport::bare)
            .map(UpReport::shown)
            .orElse(""),
        agent.map(UpReport::addresses).orElse(List.of()),
        workspace.getStatus() == Workspace.Status.RUNNING,
        agent.isPresent() ? GATEWAY : "",
        agent.flatMap(UpReport::lastHandshake),
        agent.map(Agent::getPenstockRxBytes).orElse(0L),
        agent.map(Agent::getPenstockTxBytes).orElse(0L));
  }

  private static String bare(String fqdn) {
    return fqdn.endsWith(".") ? fqdn.substring(0, fqdn.length() - 1) : fqdn;
  }

  private static List<IpAddress> addresses(Agent agent) {
    return agent.getIpAddrsList().stream().flatMap(text -> address(text).stream()).toList();
  }

  private static Optional<IpAddress> address(String text) {
    try {
      return Optional.of(IpAddress.parse(text));
    } catch (IllegalArgumentException _) {
      return Optional.empty();
    }
  }

  /// A tunnel of Go's says "never" with a time long past.
  private static Optional<Instant> lastHandshake(Agent agent) {
    long seconds = agent.getLastHandshake().getSeconds();
    return seconds > 0 && seconds < END_OF_TIME
        ? Optional.of(Instant.ofEpochSecond(seconds))
        : Optional.empty();
  }

  /// What a tunnel says is shown on a terminal.
  private static String shown(String text) {
    return PeerText.printable(text, MAX_SHOWN_CHARS);
  }

  /// Another node.
  ///
  /// @param name its label
  /// @param domainName its full name; empty while it is away
  /// @param addresses of the node; none while it is away
  /// @param online whether it has a tunnel
  /// @param path how packets get there: `gateway`, as all do; empty while it is away
  /// @param lastHandshake of its tunnel with the gateway, by the gateway's clock
  /// @param rxBytes of the packets that came from it since the tunnel knows it
  /// @param txBytes of the packets that went to it
  public record UpPeer(
      String name,
      String domainName,
      List<IpAddress> addresses,
      boolean online,
      String path,
      Optional<Instant> lastHandshake,
      long rxBytes,
      long txBytes) {
    public UpPeer {
      addresses = List.copyOf(addresses);
    }
  }
}
