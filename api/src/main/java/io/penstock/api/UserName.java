package io.penstock.api;

import java.util.regex.Pattern;

/// The rule for the names of users, who own tokens and routes.
///
/// Users are no records of their own: one exists as long as a token or a route names it.
public final class UserName {

  /// As long as any address that is used for signing in.
  public static final int MAX_CHARS = 128;

  private static final Pattern ALLOWED =
      Pattern.compile("[A-Za-z0-9][A-Za-z0-9._@+-]{0," + (MAX_CHARS - 1) + "}");

  private UserName() {}

  /// Returns the name if it is one.
  ///
  /// @throws IllegalArgumentException when it is not, with what is allowed
  public static String require(String name) {
    if (!ALLOWED.matcher(name).matches()) {
      throw new IllegalArgumentException(
          "user is \"%s\", allowed is 1 to %d letters, digits and any of . _ @ + -, starting with a letter or digit"
              .formatted(
                  name.length() > MAX_CHARS ? name.substring(0, MAX_CHARS) + "…" : name,
                  MAX_CHARS));
    }
    return name;
  }
}
