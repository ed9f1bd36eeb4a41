package io.penstock.api;

import java.util.regex.Pattern;

/// The rule for the names of nodes, which are labels in the DNS zone of their network.
public final class NodeName {

  /// The longest label that DNS can carry (RFC 1035, section 2.3.4).
  public static final int MAX_CHARS = 63;

  /// The name of the gateway itself in the zone, which no node can have.
  public static final String GATEWAY = "gateway";

  /// Lower case only, because DNS does not tell the cases apart and a name is to have one spelling.
  private static final Pattern ALLOWED =
      Pattern.compile("[a-z0-9](?:[a-z0-9-]{0," + (MAX_CHARS - 2) + "}[a-z0-9])?");

  private NodeName() {}

  /// Returns the name if it is one.
  ///
  /// @throws IllegalArgumentException when it is not, with what is allowed
  public static String require(String name) {
    if (!ALLOWED.matcher(name).matches()) {
      throw new IllegalArgumentException(
          "name is \"%s\", allowed is 1 to %d lower-case letters, digits and hyphens, with no hyphen at either end"
              .formatted(
                  name.length() > MAX_CHARS ? name.substring(0, MAX_CHARS) + "…" : name,
                  MAX_CHARS));
    }
    if (name.equals(GATEWAY)) {
      throw new IllegalArgumentException(
          "name is \"%s\", allowed is any other: the gateway itself has it".formatted(name));
    }
    return name;
  }
}
