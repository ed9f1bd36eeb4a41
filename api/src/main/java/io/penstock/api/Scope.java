package io.penstock.api;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;

/// What the holder of a token may do.
public enum Scope {
  /// Serve the user's routes as an agent.
  CONNECT,
  /// Join the overlay network as a node.
  OVERLAY,
  /// Use the admin API.
  ADMIN;

  /// The word in JSON, in the database and on the command line.
  @JsonValue
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }

  /// Finds the scope for a word.
  ///
  /// @throws IllegalArgumentException when there is none, with the words that are allowed
  @JsonCreator
  public static Scope parse(String word) {
    for (Scope scope : values()) {
      if (scope.word().equals(word)) {
        return scope;
      }
    }
    throw new IllegalArgumentException(
        "scope is \"%s\", allowed is one of %s"
            .formatted(
                word, Arrays.stream(values()).map(Scope::word).collect(Collectors.joining(", "))));
  }

  /// An unmodifiable copy that lists its scopes in the order of declaration.
  static Set<Scope> copyOf(Collection<Scope> scopes) {
    EnumSet<Scope> copy = EnumSet.noneOf(Scope.class);
    copy.addAll(scopes);
    return Collections.unmodifiableSet(copy);
  }
}
