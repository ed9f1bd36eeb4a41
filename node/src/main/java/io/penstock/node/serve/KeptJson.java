package io.penstock.node.serve;

import java.util.List;
import java.util.Objects;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// A part of a serve config that is kept as it came, because nothing here understands it.
///
/// Immutable; two are equal when their content is.
public final class KeptJson {

  /// Nothing is kept.
  public static final KeptJson NONE = new KeptJson(ServeJson.object());

  private final ObjectNode fields;

  /// Owns `fields` from now on.
  KeptJson(ObjectNode fields) {
    this.fields = fields;
  }

  /// Says whether there is nothing.
  public boolean isEmpty() {
    return fields.isEmpty();
  }

  /// The names of its fields.
  List<String> names() {
    return List.copyOf(fields.propertyNames());
  }

  /// As JSON text.
  public String toJson() {
    return ServeJson.text(fields);
  }

  /// Appends every field to `out`.
  void copyTo(ObjectNode out) {
    fields.properties().forEach(field -> out.set(field.getKey(), field.getValue().deepCopy()));
  }

  JsonNode node() {
    return fields.deepCopy();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof KeptJson that && fields.equals(that.fields);
  }

  @Override
  public int hashCode() {
    return Objects.hashCode(fields);
  }

  @Override
  public String toString() {
    return toJson();
  }
}
