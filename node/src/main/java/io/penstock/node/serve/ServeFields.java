package io.penstock.node.serve;

import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// The fields of one JSON object of a serve config: each is taken once by its reader, and what
/// nobody took is the [#rest].
///
/// Names match in any case, as they do in the original; two that differ in nothing else are an
/// error. `null` is the same as no field.
final class ServeFields {

  /// One member of an object whose names are free.
  record Member(String name, String path, ServeFields fields) {}

  private final ObjectNode left;
  private final String path;

  ServeFields(ObjectNode object, String path) {
    this.left = object;
    this.path = path;
  }

  boolean flag(String name, boolean otherwise) throws ServeException {
    JsonNode value = take(name);
    if (value == null) {
      return otherwise;
    }
    if (!value.isBoolean()) {
      throw wrong(name, "true or false");
    }
    return value.booleanValue();
  }

  String text(String name) throws ServeException {
    JsonNode value = take(name);
    return value == null ? "" : text(name, value);
  }

  int number(String name) throws ServeException {
    JsonNode value = take(name);
    if (value == null) {
      return 0;
    }
    if (!value.isIntegralNumber() || !value.canConvertToInt()) {
      throw wrong(name, "a whole number");
    }
    return value.intValue();
  }

  List<String> texts(String name) throws ServeException {
    JsonNode value = take(name);
    if (value == null) {
      return List.of();
    }
    if (!value.isArray()) {
      throw wrong(name, "a list of texts");
    }
    List<String> texts = new ArrayList<>();
    for (JsonNode each : value.values()) {
      texts.add(text(name, each));
    }
    return texts;
  }

  SortedMap<String, Boolean> flags(String name) throws ServeException {
    SortedMap<String, Boolean> flags = new TreeMap<>();
    ObjectNode object = takeObject(name);
    for (var member : object.properties()) {
      if (!member.getValue().isBoolean()) {
        throw wrong(name + "." + member.getKey(), "true or false");
      }
      flags.put(member.getKey(), member.getValue().booleanValue());
    }
    return flags;
  }

  /// The members of an object in which each is an object; one that is `null` is empty.
  List<Member> members(String name) throws ServeException {
    List<Member> members = new ArrayList<>();
    for (var member : takeObject(name).properties()) {
      String at = at(name) + "." + member.getKey();
      if (member.getValue() instanceof ObjectNode object) {
        members.add(new Member(member.getKey(), at, new ServeFields(object, at)));
      } else if (member.getValue().isNull()) {
        members.add(new Member(member.getKey(), at, new ServeFields(ServeJson.object(), at)));
      } else {
        throw wrong(name + "." + member.getKey(), "an object");
      }
    }
    return members;
  }

  ServeFields object(String name) throws ServeException {
    return new ServeFields(takeObject(name), at(name));
  }

  /// What nobody has taken.
  KeptJson rest() {
    return left.isEmpty() ? KeptJson.NONE : new KeptJson(left);
  }

  private ObjectNode takeObject(String name) throws ServeException {
    JsonNode value = take(name);
    return switch (value) {
      case null -> ServeJson.object();
      case ObjectNode object -> object;
      default -> throw wrong(name, "an object");
    };
  }

  private @Nullable JsonNode take(String name) throws ServeException {
    String found = null;
    for (String each : left.propertyNames()) {
      if (each.equalsIgnoreCase(name)) {
        if (found != null) {
          throw ServeJson.malformed("%s is there twice, as %s too".formatted(at(name), each));
        }
        found = each;
      }
    }
    JsonNode value = found == null ? null : left.remove(found);
    return value == null || value.isNull() ? null : value;
  }

  private String text(String name, JsonNode value) throws ServeException {
    if (!value.isString()) {
      throw wrong(name, "a text");
    }
    return value.stringValue();
  }

  private String at(String name) {
    return path.isEmpty() ? name : path + "." + name;
  }

  private ServeException wrong(String name, String wanted) {
    return ServeJson.malformed("%s has to be %s".formatted(at(name), wanted));
  }
}
