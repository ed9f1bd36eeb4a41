package io.penstock.node.local;

import java.io.IOException;
import java.nio.file.Path;

/// No node runs with a state directory, or none with a local API.
public final class NoLocalNodeException extends IOException {

  private static final long serialVersionUID = 1L;

  NoLocalNodeException(Path state, IOException cause) {
    super("no node runs with the state directory " + state, cause);
  }
}
