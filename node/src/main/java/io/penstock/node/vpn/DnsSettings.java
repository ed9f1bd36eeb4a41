package io.penstock.node.vpn;

import io.penstock.api.IpAddress;
import java.util.List;
import java.util.regex.Pattern;

/// Which names of a machine are asked of whom. They may end up in files of the system, so that
/// nothing passes here but addresses and names.
///
/// @param servers asked on port 53; none leaves the machine's DNS as it is
/// @param searchDomains which are appended to short names
/// @param matchDomains of whose names the servers are asked; none means all names
public record DnsSettings(
    List<IpAddress> servers, List<String> searchDomains, List<String> matchDomains) {

  /// Leaves the machine's DNS as it is.
  public static final DnsSettings NONE = new DnsSettings(List.of(), List.of(), List.of());

  /// More than any resolver asks.
  public static final int MAX_SERVERS = 8;

  /// Of each kind.
  public static final int MAX_DOMAINS = 64;

  /// The longest name (RFC 1035, section 2.3.4), in text without the last dot.
  private static final int MAX_DOMAIN_CHARS = 253;

  private static final int MAX_SHOWN_CHARS = 64;

  /// Labels of host names (RFC 1123, section 2.1), and the underscore that others have.
  private static final Pattern DOMAIN =
      Pattern.compile(
          "(?i)[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?(?:\\.[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)*+");

  public DnsSettings {
    servers = List.copyOf(servers);
    searchDomains = List.copyOf(searchDomains);
    matchDomains = List.copyOf(matchDomains);
    NetworkSettings.requireAtMost(MAX_SERVERS, servers.size(), "DNS servers");
    NetworkSettings.requireAtMost(MAX_DOMAINS, searchDomains.size(), "search domains");
    NetworkSettings.requireAtMost(MAX_DOMAINS, matchDomains.size(), "match domains");
    servers.forEach(NetworkSettings::requireHost);
    searchDomains.forEach(DnsSettings::requireDomain);
    matchDomains.forEach(DnsSettings::requireDomain);
  }

  private static void requireDomain(String domain) {
    if (domain.length() > MAX_DOMAIN_CHARS || !DOMAIN.matcher(domain).matches()) {
      String printable =
          domain.substring(0, Math.min(domain.length(), MAX_SHOWN_CHARS)).replaceAll("[^ -~]", "?");
      throw new IllegalArgumentException(
          "\"%s\" is no domain name, allowed are labels of letters, digits, hyphens and underscores, without a dot at the end"
              .formatted(printable));
    }
  }
}
