package io.penstock.api.config;

/// A configured value that is never shown: not in a log, not in an error.
///
/// @param value the secret itself
public record Secret(String value) {

  /// Stands for the secret without telling its length.
  @Override
  public String toString() {
    return "(hidden)";
  }
}
