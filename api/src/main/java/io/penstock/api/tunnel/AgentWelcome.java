package io.penstock.api.tunnel;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// What our gateway answers to an agent's greeting, within the time limit of the greeting.
public sealed interface AgentWelcome {

  /// The connection serves from now on.
  ///
  /// @param backend the id by which gateway and admin API know this connection
  /// @param urls the public addresses, one or more for each route
  record Accepted(String backend, List<String> urls) implements AgentWelcome {
    public Accepted {
      urls = List.copyOf(urls);
    }
  }

  /// The connection is refused and is closed by the gateway.
  ///
  /// @param code a stable word, see [Refusal]; an unknown one comes from a newer gateway
  /// @param message what a person reads: what happened, why, and what to type next
  /// @param route the only one of several that is refused, as the agent named it; without it the
  ///   agent would be welcome, or refused for another one
  record Refused(String code, String message, Optional<String> route) implements AgentWelcome {}

  /// Writes the answer as the one JSON object that goes on the control stream.
  default byte[] toJson() {
    ObjectNode json = GreetingJson.MAPPER.createObjectNode();
    switch (this) {
      case Accepted(String backend, List<String> urls) -> {
        json.put("ok", true);
        json.put("backend", backend);
        ArrayNode all = json.putArray("urls");
        urls.forEach(all::add);
      }
      case Refused(String code, String message, Optional<String> route) -> {
        json.put("ok", false);
        json.put("code", code);
        json.put("message", message);
        route.ifPresent(name -> json.put("route", name));
      }
    }
    return json.toString().getBytes(StandardCharsets.UTF_8);
  }

  /// Reads an answer; unknown fields are ignored.
  static AgentWelcome parse(byte[] bytes) throws MalformedGreetingException {
    JsonNode json = GreetingJson.parse(bytes);
    JsonNode ok = json.get("ok");
    if (ok == null || !ok.isBoolean()) {
      throw new MalformedGreetingException("\"ok\" must be true or false");
    }
    if (ok.booleanValue()) {
      return new Accepted(
          GreetingJson.requiredText(json, "backend"), GreetingJson.texts(json, "urls"));
    }
    return new Refused(
        GreetingJson.requiredText(json, "code"),
        GreetingJson.requiredText(json, "message"),
        Optional.ofNullable(GreetingJson.text(json, "route")));
  }
}
