package io.penstock.gateway.overlay.router;

/// Whom a rule speaks of.
///
/// A user and a node may have the same name, and a user names his nodes himself: what a rule means
/// must not depend on that, so the text says which of the two it is.
public sealed interface Party {

  /// Every node of every user; `*`.
  record Anyone() implements Party {}

  /// All nodes of one user; `user:NAME`.
  record OfUser(String name) implements Party {}

  /// One node; `node:NAME`.
  record NodeNamed(String name) implements Party {}

  /// Reads the text of a rule.
  static Party parse(String text) {
    if (text.equals("*")) {
      return new Anyone();
    }
    int colon = text.indexOf(':');
    String kind = colon < 0 ? "" : text.substring(0, colon);
    String name = text.substring(colon + 1);
    if (!name.isBlank() && kind.equals("user")) {
      return new OfUser(name);
    }
    if (!name.isBlank() && kind.equals("node")) {
      return new NodeNamed(name);
    }
    throw new IllegalArgumentException(
        "party is \"" + text + "\", allowed is user:NAME, node:NAME or *");
  }

  /// Says whether a node of this name and user is meant.
  default boolean covers(String nodeName, String user) {
    return switch (this) {
      case Anyone() -> true;
      case OfUser(String name) -> name.equals(user);
      case NodeNamed(String name) -> name.equals(nodeName);
    };
  }
}
