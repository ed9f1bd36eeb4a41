package io.penstock.api.tunnel;

import java.nio.charset.StandardCharsets;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// What an agent says first on the control stream: who it is and which routes it serves.
///
/// On the wire it is one JSON object, `{"token":…,"domain":…}` in the original protocol. Our own
/// agents add `domains`, and `agent` with `connection`, by which a gateway tells a reconnect from a
/// second replica. Unknown fields are ignored.
///
/// @param token the secret of the user's API token, never empty
/// @param domains the routes as `route add` prints them, at most [#MAX_DOMAINS]; none asks our own
///   gateway for the user's only route, while the original needs one
/// @param identity which agent and which of its connections this is; absent in the original
///   protocol
public record AgentHello(String token, List<String> domains, Optional<Identity> identity) {

  /// Routes on one connection at most: more would not fit the greeting's byte limit in any case.
  public static final int MAX_DOMAINS = 256;

  /// One connection of one agent.
  ///
  /// @param agent an id that the agent makes anew each time it starts
  /// @param connection the number among its connections, 0 to [TunnelNames#MAX_CONNECTION_NUMBER]
  public record Identity(UUID agent, int connection) {
    public Identity {
      if (connection < 0 || connection > TunnelNames.MAX_CONNECTION_NUMBER) {
        throw new IllegalArgumentException(
            "connection must be 0 to %d, not %d"
                .formatted(TunnelNames.MAX_CONNECTION_NUMBER, connection));
      }
    }
  }

  public AgentHello {
    domains = List.copyOf(domains);
    if (token.isEmpty()) {
      throw new IllegalArgumentException("token must not be empty");
    }
    if (domains.size() > MAX_DOMAINS) {
      throw new IllegalArgumentException(
          "an agent serves at most %d routes, not %d".formatted(MAX_DOMAINS, domains.size()));
    }
  }

  /// Writes the greeting of the original protocol: the first route alone, no identity.
  ///
  /// @throws IllegalStateException when there is no route, which the original cannot say
  public byte[] toOriginalJson() {
    if (domains.isEmpty()) {
      throw new IllegalStateException("the original protocol needs a route");
    }
    return bytes(original());
  }

  /// Writes the greeting of our own protocol.
  public byte[] toJson() {
    ObjectNode json = original();
    ArrayNode all = json.putArray("domains");
    domains.forEach(all::add);
    identity.ifPresent(
        it -> {
          json.put("agent", it.agent().toString());
          json.put("connection", it.connection());
        });
    return bytes(json);
  }

  private ObjectNode original() {
    ObjectNode json = GreetingJson.MAPPER.createObjectNode();
    json.put("token", token);
    if (!domains.isEmpty()) {
      json.put("domain", domains.getFirst());
    }
    return json;
  }

  private static byte[] bytes(ObjectNode json) {
    return json.toString().getBytes(StandardCharsets.UTF_8);
  }

  /// Reads the greeting of an original agent: exactly one route, and whatever else is there
  /// ignored.
  public static AgentHello parseOriginal(byte[] json) throws MalformedGreetingException {
    JsonNode object = GreetingJson.parse(json);
    return new AgentHello(
        GreetingJson.requiredText(object, "token"),
        List.of(GreetingJson.requiredText(object, "domain")),
        Optional.empty());
  }

  /// Reads the greeting of one of our own agents.
  public static AgentHello parse(byte[] json) throws MalformedGreetingException {
    JsonNode object = GreetingJson.parse(json);
    String token = GreetingJson.requiredText(object, "token");
    Set<String> domains = new LinkedHashSet<>();
    String domain = GreetingJson.text(object, "domain");
    if (domain != null && !domain.isEmpty()) {
      domains.add(domain);
    }
    domains.addAll(GreetingJson.texts(object, "domains"));
    if (domains.size() > MAX_DOMAINS) {
      throw new MalformedGreetingException(
          "\"domains\" holds %d routes, at most %d are allowed"
              .formatted(domains.size(), MAX_DOMAINS));
    }
    return new AgentHello(token, List.copyOf(domains), Optional.of(identity(object)));
  }

  private static Identity identity(JsonNode object) throws MalformedGreetingException {
    String agent = GreetingJson.requiredText(object, "agent");
    JsonNode connection = object.get("connection");
    if (connection == null || !connection.isInt()) {
      throw new MalformedGreetingException("\"connection\" must be a whole number");
    }
    try {
      return new Identity(UUID.fromString(agent), connection.intValue());
    } catch (IllegalArgumentException _) {
      throw new MalformedGreetingException(
          "\"agent\" must be a UUID and \"connection\" 0 to " + TunnelNames.MAX_CONNECTION_NUMBER);
    }
  }

  /// Names the agent without its secret.
  @Override
  public String toString() {
    return "AgentHello[domains=" + domains + ", identity=" + identity + "]";
  }
}
