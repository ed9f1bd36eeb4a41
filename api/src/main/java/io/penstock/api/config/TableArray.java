package io.penstock.api.config;

import io.penstock.api.config.Table.Field;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/// Reads an array of tables, such as every `[[overlay.allow]]` of a file, into records.
///
/// A component that is a list or optional need not be set, every other one has to be; one that is
/// set has to say something, so neither `off` nor an empty array is taken. A table in such a table
/// is not supported.
///
/// @param key of the array
/// @param items the keys of each table
/// @param complaint is told of what is wrong
record TableArray(String key, Table items, Complaint complaint) {

  /// Is told of a problem.
  @FunctionalInterface
  interface Complaint {

    /// @param key where it is, such as `overlay.allow[0].from`
    void about(String key, String message);
  }

  /// Makes the records; empty when anything was wrong.
  Optional<List<Object>> read(JsonNode array) {
    List<Object> list = new ArrayList<>();
    boolean whole = true;
    for (int i = 0; i < array.size(); i++) {
      Object item = item("%s[%d]".formatted(key, i), array.get(i));
      if (item == null) {
        whole = false;
      } else {
        list.add(item);
      }
    }
    return whole ? Optional.of(List.copyOf(list)) : Optional.empty();
  }

  private @Nullable Object item(String place, JsonNode node) {
    if (!node.isObject()) {
      complaint.about(place, place + " is no table");
      return null;
    }
    boolean whole = hasOnlyKnownKeys(place, node);
    Object[] values = new Object[items.fields().size()];
    for (int i = 0; i < values.length; i++) {
      Object value = value(items.fields().get(i), place, node);
      if (value == null) {
        whole = false;
      } else {
        values[i] = value;
      }
    }
    try {
      return whole ? items.create(values) : null;
    } catch (IllegalArgumentException e) {
      complaint.about(place, "%s: %s".formatted(place, e.getMessage()));
      return null;
    }
  }

  private boolean hasOnlyKnownKeys(String place, JsonNode node) {
    boolean all = true;
    for (String each : node.propertyNames()) {
      if (items.fields().stream().noneMatch(field -> field.key().equals(each))) {
        complaint.about(place + "." + each, "unknown key; " + advice(each));
        all = false;
      }
    }
    return all;
  }

  private String advice(String unknown) {
    List<String> known = items.fields().stream().map(Field::key).toList();
    return Nearest.to(unknown, known)
        .map(near -> "did you mean \"" + near + "\"?")
        .orElseGet(() -> "allowed is " + String.join(", ", known));
  }

  private @Nullable Object value(Field field, String place, JsonNode node) {
    ValueType type = field.value();
    if (type == null) {
      throw new IllegalStateException("a table in a table of an array: " + field.key());
    }
    String full = place + "." + field.key();
    JsonNode value = node.get(field.key());
    if (value == null) {
      if (field.absent().isEmpty()) {
        complaint.about(place, "%s is missing, allowed is %s".formatted(full, type.allowed()));
      }
      return field.absent().orElse(null);
    }
    if (value.isArray() && value.isEmpty()) {
      complaint.about(
          full,
          "%s is [], allowed is %s and at least one; leave the key out if none is meant"
              .formatted(full, type.allowed()));
      return null;
    }
    String text = type.text(value);
    try {
      if (text != null) {
        return type.parse(text);
      }
    } catch (IllegalArgumentException _) {
      // Told below, as is a value of another type.
    }
    complaint.about(
        full,
        "%s is %s, allowed is %s"
            .formatted(full, ConfigBinder.abbreviated(value.toString()), type.allowed()));
    return null;
  }
}
