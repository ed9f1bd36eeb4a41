package io.penstock.node.serve;

import io.penstock.transport.relay.Authority;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The sites of a [ServeConfig] and its blocks by their ports, so that a config with many ports is
/// read once and not once for each. For one thread.
final class SitesByPort {

  /// What the config says of a host and port.
  ///
  /// @param key as the config has it
  /// @param host of the key, in lower case
  record Site(String key, String host, WebServerConfig config) {}

  private final List<ServeConfig> inOrder;
  private @Nullable Map<String, List<Site>> byPort;

  /// @param inOrder the blocks, those that come first in front
  SitesByPort(List<ServeConfig> inOrder) {
    this.inOrder = inOrder;
  }

  /// The sites of a port that speaks HTTP, those of the first block in front.
  ///
  /// @throws ServeException naming a site, of any port, that is no host with a port
  List<Site> of(int port) throws ServeException {
    Map<String, List<Site>> known = byPort;
    if (known == null) {
      known = read();
      byPort = known;
    }
    return known.getOrDefault(Integer.toString(port), List.of());
  }

  private Map<String, List<Site>> read() throws ServeException {
    Map<String, List<Site>> sites = new HashMap<>();
    for (ServeConfig each : inOrder) {
      for (var entry : each.web().entrySet()) {
        String key = entry.getKey();
        int colon = key.lastIndexOf(':');
        String host = colon < 0 ? "" : key.substring(0, colon);
        if (host.isEmpty() || !Authority.isValid(key)) {
          throw ServePlan.invalid("Web has \"%s\", which is no host with a port".formatted(key));
        }
        sites
            .computeIfAbsent(key.substring(colon + 1), _ -> new ArrayList<>())
            .add(new Site(key, host.toLowerCase(Locale.ROOT), entry.getValue()));
      }
    }
    return sites;
  }
}
