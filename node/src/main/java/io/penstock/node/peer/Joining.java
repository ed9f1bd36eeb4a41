package io.penstock.node.peer;

import java.io.IOException;

/// Waits until the node has joined its network, or says why it does not. Blocks, and can be
/// interrupted.
@FunctionalInterface
public interface Joining {
  void await() throws IOException, InterruptedException;
}
