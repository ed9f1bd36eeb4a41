package io.penstock.cli;

import io.penstock.api.HostPort;
import io.penstock.api.IpFamily;
import io.penstock.api.IpPrefix;
import io.penstock.api.ShellWord;
import io.penstock.gateway.GatewayAddresses;
import io.penstock.gateway.config.DataDirectory;
import io.penstock.gateway.config.GatewayConfig;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/// What a gateway prints when it is ready: where it listens, and the commands that come next.
///
/// @param config what it was told
/// @param addresses where it listens
/// @param fingerprint by which agents and nodes may know it, if its authority is its own
record GatewayBanner(
    GatewayConfig config, GatewayAddresses addresses, Optional<String> fingerprint) {

  private static final int LABEL_COLUMNS = 30;

  List<String> lines() {
    List<String> lines = new ArrayList<>();
    lines.add(
        "penstock gateway " + VersionCommand.version() + " is ready (Ctrl+C drains and quits)");
    lines.add("");
    addresses.http().ifPresent(at -> row(lines, "Visitors", "http://" + shown(at)));
    addresses.https().ifPresent(at -> row(lines, "Visitors", "https://" + shown(at)));
    row(lines, "Agents", shown(addresses.tunnel()) + " (TLS)");
    addresses.kcp().ifPresent(at -> row(lines, "Agents", shown(at) + " (KCP)"));
    row(
        lines,
        "Nodes",
        addresses.overlay().map(at -> shown(at) + " (QUIC)").orElseGet(this::noNodes));
    addresses.overlay().ifPresent(_ -> row(lines, "Overlay", network()));
    row(lines, "Admin API", adminUrl());
    row(lines, "Data", config.data().toString());
    fingerprint.ifPresent(pin -> row(lines, "Fingerprint", pin));
    lines.add("");
    lines.add("To let an agent in, type here:");
    lines.add("  penstock route add app.localhost --user ann" + here());
    lines.add("  penstock token create --user ann --scope connect" + here() + " > ann.token");
    lines.add("and where the app runs:");
    lines.add("  penstock http 8080" + gateway() + " --token-file ann.token");
    if (addresses.overlay().isPresent()) {
      lines.add("");
      lines.add("To let a node into the overlay, type here:");
      lines.add("  penstock token create --user ann --scope overlay" + here() + " > node.token");
      lines.add("and on any machine:");
      lines.add("  penstock ping gateway" + gateway() + " --token-file node.token");
      lines.add("  penstock node run --name web" + gateway() + " --token-file node.token");
    }
    return lines;
  }

  /// The ranges of the private network, and where its names are.
  private String network() {
    String ranges =
        Arrays.stream(IpFamily.values())
            .flatMap(family -> config.overlay().addresses().range(family).stream())
            .map(IpPrefix::toString)
            .collect(Collectors.joining(" and "));
    return ranges + ", names in " + config.overlay().zone();
  }

  private String noNodes() {
    return config.overlay().quic().isEmpty()
        ? "none, as the overlay is off (--overlay :7443 turns it on)"
        : "none, as QUIC has no native part on this platform (see: penstock version)";
  }

  /// The options that lead an agent or a node here.
  private String gateway() {
    String at = new HostPort(host(), addresses.tunnel().getPort()).toString();
    return " --gateway " + at + fingerprint.map(it -> " --fingerprint " + it).orElse("");
  }

  /// Names the data directory to commands on this machine, unless it is the usual one.
  private String here() {
    return config.data().equals(DataDirectory.usual())
        ? ""
        : " --data " + ShellWord.of(config.data().toString());
  }

  private String host() {
    InetSocketAddress tunnel = addresses.tunnel();
    return config
        .gateway()
        .hostname()
        .orElseGet(
            () ->
                tunnel.getAddress().isAnyLocalAddress()
                    ? machine()
                    : tunnel.getAddress().getHostAddress());
  }

  private static String machine() {
    try {
      return InetAddress.getLocalHost().getHostName();
    } catch (UnknownHostException _) {
      return "localhost";
    }
  }

  private String adminUrl() {
    return (config.admin().certificate().isPresent() ? "https://" : "http://")
        + shown(addresses.admin());
  }

  private static void row(List<String> lines, String label, String value) {
    lines.add(label + " ".repeat(LABEL_COLUMNS - label.length()) + value);
  }

  private static String shown(InetSocketAddress address) {
    if (address.getAddress().isAnyLocalAddress()) {
      return ":" + address.getPort() + " on every address";
    }
    return new HostPort(address.getAddress().getHostAddress(), address.getPort()).toString();
  }
}
