package io.penstock.gateway.config;

import io.penstock.api.HostPort;
import io.penstock.api.config.Requirements;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// One `[[overlay.allow]]`: lets nodes open connections to nodes of other users.
///
/// @param from who may open one: `user:NAME`, `node:NAME` or `*` for everybody
/// @param to to whom, in the same words
/// @param protocol of what, any unless it is set
/// @param ports to which ports of TCP or UDP, such as `443` or `8000-8100`; all unless they are set
public record AllowSettings(
    String from, String to, Optional<Protocol> protocol, List<String> ports) {

  /// What may be let through.
  public enum Protocol {
    TCP,
    UDP,
    /// Echo, over IPv4 and IPv6; errors belong to the packets that caused them.
    ICMP,
    ANY
  }

  private static final String PARTIES = "user:NAME, node:NAME or *";
  private static final Pattern PARTY = Pattern.compile("\\*|(?:user|node):\\S+");
  private static final Pattern PORTS = Pattern.compile("([1-9][0-9]{0,4})(?:-([1-9][0-9]{0,4}))?");

  public AllowSettings {
    ports = List.copyOf(ports);
    Requirements requirements =
        Requirements.of("")
            .that(PARTY.matcher(from).matches(), "from", from, PARTIES)
            .that(PARTY.matcher(to).matches(), "to", to, PARTIES)
            .that(
                ports.isEmpty()
                    || protocol.equals(Optional.of(Protocol.TCP))
                    || protocol.equals(Optional.of(Protocol.UDP)),
                "ports",
                ports,
                "none unless protocol is tcp or udp");
    for (String each : ports) {
      requirements.that(arePorts(each), "ports", each, "PORT or FIRST-LAST within 1 to 65535");
    }
    requirements.check();
  }

  private static boolean arePorts(String text) {
    Matcher form = PORTS.matcher(text);
    if (!form.matches()) {
      return false;
    }
    int first = Integer.parseInt(form.group(1));
    int last = form.group(2) == null ? first : Integer.parseInt(form.group(2));
    return first <= last && last <= HostPort.MAX_PORT;
  }
}
