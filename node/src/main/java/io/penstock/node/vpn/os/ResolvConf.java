package io.penstock.node.vpn.os;

import io.penstock.api.IpAddress;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/// What a `resolv.conf` says (resolv.conf(5)).
///
/// @param servers as they are written, in order
/// @param search the domains behind short names
/// @param others all other lines
record ResolvConf(List<String> servers, List<String> search, List<String> others) {

  static final String FIRST_LINE =
      "# Names are answered by penstock while its interface is up; \"penstock down\" puts back what"
          + " was here.";

  /// @param content with one character for each byte
  static ResolvConf parse(String content) {
    List<String> servers = new ArrayList<>();
    List<String> search = new ArrayList<>();
    List<String> others = new ArrayList<>();
    content
        .lines()
        .forEach(
            line -> {
              List<String> words =
                  Stream.of(line.strip().split("\\s+", -1)).filter(w -> !w.isEmpty()).toList();
              switch (words.isEmpty() ? "" : words.getFirst()) {
                case "nameserver" -> words.stream().skip(1).limit(1).forEach(servers::add);
                case "search", "domain" -> {
                  // The last of these lines is the one that counts.
                  search.clear();
                  search.addAll(words.subList(1, words.size()));
                }
                default -> others.add(line);
              }
            });
    return new ResolvConf(servers, search, others);
  }

  /// The same with one name server, and search domains behind those that are there.
  String with(String server, List<String> searchDomains) {
    List<String> lines = new ArrayList<>();
    lines.add(FIRST_LINE);
    lines.add("nameserver " + server);
    Set<String> all = new LinkedHashSet<>(search);
    all.addAll(searchDomains);
    if (!all.isEmpty()) {
      lines.add("search " + String.join(" ", all));
    }
    lines.addAll(others);
    return String.join("\n", lines) + "\n";
  }

  /// The servers that the C library asks: without any, one on this machine.
  List<String> serversOrDefault() {
    return servers.isEmpty() ? List.of("127.0.0.1") : servers;
  }

  /// Those servers that have an address of the whole network.
  Set<IpAddress> addresses() {
    Set<IpAddress> addresses = new LinkedHashSet<>();
    servers.forEach(server -> address(server).ifPresent(addresses::add));
    return addresses;
  }

  /// The address of a server, without a zone or what else may stand behind it.
  ///
  /// @return empty for one of this machine or its link, which no route of ours can hold
  static Optional<IpAddress> address(String server) {
    try {
      IpAddress address = IpAddress.parse(server.replaceFirst("[%#].*", ""));
      boolean local =
          address.inet().isLoopbackAddress()
              || address.inet().isLinkLocalAddress()
              || address.isUnspecified();
      return local ? Optional.empty() : Optional.of(address);
    } catch (IllegalArgumentException _) {
      return Optional.empty();
    }
  }
}
