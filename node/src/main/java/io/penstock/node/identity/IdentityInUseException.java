package io.penstock.node.identity;

import java.io.IOException;
import java.nio.file.Path;

/// Another node runs with the identity of this directory; two of them would take each other's
/// tunnel away, again and again.
public final class IdentityInUseException extends IOException {

  private static final long serialVersionUID = 1L;

  IdentityInUseException(Path directory) {
    super(
        "a node already runs with the identity in %s; stop it, or give this one a directory of its own"
            .formatted(directory));
  }
}
