package io.penstock.api.config;

import java.util.Optional;

/// One thing that is wrong in a configuration.
///
/// @param source where it was set: a file, `environment`, or the name of a flag
/// @param line the line in the file, if it is known
/// @param key the key as a person wrote it
/// @param message the value, what is allowed, and the nearest valid key where that helps
public record ConfigProblem(String source, Optional<Integer> line, String key, String message) {

  /// The problem on one line, with its place first, as compilers print theirs.
  @Override
  public String toString() {
    String place = line.map(at -> source + ":" + at).orElse(source);
    return message.startsWith(key) ? place + ": " + message : place + ": " + key + ": " + message;
  }
}
