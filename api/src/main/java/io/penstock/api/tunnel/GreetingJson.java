package io.penstock.api.tunnel;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Reads and writes the greetings, field by field, so that each fault has a message of its own.
final class GreetingJson {

  /// Greetings nest nothing; a small bound spares the parser a hostile one.
  private static final int MAX_DEPTH = 8;

  static final JsonMapper MAPPER =
      new JsonMapper(
          JsonFactory.builder()
              .streamReadConstraints(
                  StreamReadConstraints.builder().maxNestingDepth(MAX_DEPTH).build())
              .build());

  private GreetingJson() {}

  static JsonNode parse(byte[] json) throws MalformedGreetingException {
    JsonNode node;
    try {
      node = MAPPER.readTree(json);
    } catch (JacksonException _) {
      // The parser's own message quotes its input, which holds a token.
      throw new MalformedGreetingException("the greeting is no valid JSON");
    }
    if (node == null || !node.isObject()) {
      throw new MalformedGreetingException("the greeting is no JSON object");
    }
    return node;
  }

  static @Nullable String text(JsonNode object, String field) throws MalformedGreetingException {
    JsonNode value = object.get(field);
    if (value == null || value.isNull()) {
      return null;
    }
    if (!value.isString()) {
      throw new MalformedGreetingException("\"" + field + "\" must be a string");
    }
    return value.stringValue();
  }

  static String requiredText(JsonNode object, String field) throws MalformedGreetingException {
    String value = text(object, field);
    if (value == null || value.isEmpty()) {
      throw new MalformedGreetingException("\"" + field + "\" is missing");
    }
    return value;
  }

  static List<String> texts(JsonNode object, String field) throws MalformedGreetingException {
    JsonNode value = object.get(field);
    if (value == null || value.isNull()) {
      return List.of();
    }
    if (!value.isArray()) {
      throw new MalformedGreetingException("\"" + field + "\" must be an array of strings");
    }
    List<String> texts = new ArrayList<>(value.size());
    for (JsonNode element : value) {
      if (!element.isString()) {
        throw new MalformedGreetingException("\"" + field + "\" must be an array of strings");
      }
      texts.add(element.stringValue());
    }
    return List.copyOf(texts);
  }
}
