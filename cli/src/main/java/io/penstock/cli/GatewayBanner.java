package io.penstock.cli;

import io.penstock.api.HostPort;
import io.penstock.gateway.GatewayAddresses;
import io.penstock.gateway.config.DataDirectory;
import io.penstock.gateway.config.GatewayConfig;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// What a gateway prints when it is ready: where it listens, and the commands that come next.
///
/// @param config what it was told
/// @param addresses where it listens
/// @param fingerprint by which agents may know it, if its authority is its own
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
    addresses.overlay().ifPresent(at -> row(lines, "Nodes", shown(at) + " (QUIC)"));
    row(lines, "Admin API", adminUrl());
    row(lines, "Data", config.data().toString());
    fingerprint.ifPresent(pin -> row(lines, "Fingerprint", pin));
    lines.add("");
    lines.add("To let an agent in, type here:");
    lines.add("  penstock route add app.localhost --user ann" + here());
    lines.add("  penstock token create --user ann --scope connect" + here() + " > ann.token");
    lines.add("and where the app runs:");
    lines.add("  " + agentCommand());
    return lines;
  }

  /// The command of an agent, complete but for the app's port and the token.
  private String agentCommand() {
    String gateway = new HostPort(host(), addresses.tunnel().getPort()).toString();
    String pin = fingerprint.map(it -> " --fingerprint " + it).orElse("");
    return "penstock http 8080 --gateway " + gateway + pin + " --token-file ann.token";
  }

  /// Names the data directory to commands on this machine, unless it is the usual one.
  private String here() {
    return config.data().equals(DataDirectory.usual()) ? "" : " --data " + config.data();
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
    return new HostPort(address.getAddress().getHostAddress(), address.getPort()).toString();
  }
}
