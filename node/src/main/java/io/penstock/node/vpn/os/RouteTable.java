package io.penstock.node.vpn.os;

import io.penstock.api.IpAddress;
import io.penstock.api.IpPrefix;
import java.io.IOException;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// What the kernel knows about ways to destinations, asked with `ip -json`.
final class RouteTable {

  private static final JsonMapper MAPPER = JsonMapper.shared();

  private final Command ip;

  RouteTable(Command ip) {
    this.ip = ip;
  }

  /// The way to a destination in the main table when one interface and our own routes are not
  /// looked at.
  ///
  /// @return empty when there is none
  Optional<UnderlayRoute> wayAround(String link, IpPrefix destination) throws IOException {
    return entries(destination, "match")
        .filter(entry -> !isOurs(entry))
        .filter(entry -> entry.path("type").asString("unicast").equals("unicast"))
        .map(RouteTable::firstHop)
        .filter(entry -> !entry.path("dev").asString(link).equals(link))
        .min(
            Comparator.comparingInt((JsonNode entry) -> -bits(entry, destination))
                .thenComparingLong(entry -> entry.path("metric").asLong(0)))
        .map(entry -> new UnderlayRoute(destination, gateway(entry), entry.path("dev").asString()));
  }

  /// Whether somebody else has a route to exactly this destination over another interface.
  boolean hasForeign(String link, IpPrefix destination) throws IOException {
    return entries(destination, "exact")
        .filter(entry -> !isOurs(entry))
        .map(RouteTable::firstHop)
        .anyMatch(entry -> !entry.path("dev").asString("").equals(link));
  }

  /// Whether a route of ours is there.
  boolean has(UnderlayRoute route) throws IOException {
    return entries(route.destination(), "exact")
        .anyMatch(
            entry ->
                isOurs(entry)
                    && entry.path("dev").asString("").equals(route.device())
                    && gateway(entry).equals(route.gateway()));
  }

  /// The interface over which packets to an address leave now, by all rules and tables.
  ///
  /// @return empty when none leaves
  Optional<String> interfaceTo(IpAddress address) throws IOException {
    Command.Result result = ip.run(List.of("-json", "route", "get", address.toString()));
    return result.isSuccess()
        ? Optional.ofNullable(read(result.output()).path(0).path("dev").stringValue(null))
        : Optional.empty();
  }

  /// The MTU of an interface, in bytes.
  int mtu(String link) throws IOException {
    JsonNode shown = read(ip.require(List.of("-json", "link", "show", "dev", link)));
    return shown.path(0).path("mtu").asInt();
  }

  private Stream<JsonNode> entries(IpPrefix destination, String how) throws IOException {
    String family = "-" + destination.family().version();
    String output =
        ip.require(List.of(family, "-json", "route", "show", how, destination.toString()));
    return read(output).valueStream();
  }

  private static JsonNode read(String json) throws IOException {
    try {
      return MAPPER.readTree(json.isBlank() ? "[]" : json);
    } catch (JacksonException e) {
      throw new IOException("\"ip -json\" says what is no JSON: " + e.getOriginalMessage(), e);
    }
  }

  private static boolean isOurs(JsonNode entry) {
    return entry.path("protocol").asString("").equals(String.valueOf(UnderlayRoute.PROTOCOL));
  }

  /// Of a route over several ways the first.
  private static JsonNode firstHop(JsonNode entry) {
    return entry.has("nexthops") ? entry.path("nexthops").path(0) : entry;
  }

  private static int bits(JsonNode entry, IpPrefix destination) {
    String text = entry.path("dst").asString("default");
    int slash = text.indexOf('/');
    if (text.equals("default")) {
      return 0;
    }
    return slash < 0 ? destination.family().bits() : Integer.parseInt(text.substring(slash + 1));
  }

  private static Optional<String> gateway(JsonNode entry) {
    if (entry.has("via")) {
      JsonNode via = entry.path("via");
      return Optional.of(via.path("family").asString() + " " + via.path("host").asString());
    }
    return Optional.ofNullable(entry.path("gateway").stringValue(null));
  }
}
