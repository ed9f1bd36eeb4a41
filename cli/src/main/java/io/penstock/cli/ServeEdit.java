package io.penstock.cli;

import io.penstock.api.NodeReport;
import io.penstock.node.local.LocalClient;
import io.penstock.node.local.LocalRefusedException;
import io.penstock.node.serve.ServeConfig;
import io.penstock.node.serve.ServeManager;
import java.io.IOException;
import java.util.function.UnaryOperator;

/// Changes a part of what a node serves, also while others do.
///
/// @param host the node's full name
record ServeEdit(LocalClient client, String host) {

  /// How often somebody else may be faster.
  private static final int MOST_TRIES = 10;

  /// @throws Failure when the node has no name yet
  static ServeEdit of(LocalClient client) throws IOException {
    NodeReport node = client.node();
    if (node.domainName().isEmpty()) {
      throw new Failure(
          "the node %s has not joined its network yet, which gives it its name%s"
              .formatted(node.name(), node.reason().isEmpty() ? "" : ": " + node.reason()),
          "this again once the node says that it has joined");
    }
    return new ServeEdit(client, node.domainName());
  }

  /// Replaces the config by what becomes of it.
  void apply(UnaryOperator<ServeConfig> change) throws IOException {
    untilNobodyIsFaster(
        () -> {
          ServeManager.Snapshot now = served(client);
          client.setServeConfig(change.apply(now.config()), now.etag());
        });
  }

  /// What is served now.
  ///
  /// @throws Failure when what is stored cannot be, with what a person can do about it
  static ServeManager.Snapshot served(LocalClient client) throws IOException {
    try {
      return client.serveConfig();
    } catch (LocalRefusedException e) {
      throw new Failure(e, "mend or remove the file, or: penstock serve reset");
    }
  }

  /// Reads what is served and sets what follows from it.
  @FunctionalInterface
  interface Attempt {
    void run() throws IOException;
  }

  /// Makes an attempt once more when somebody else has changed what is served in between.
  static void untilNobodyIsFaster(Attempt attempt) throws IOException {
    for (int tries = 1; ; tries++) {
      try {
        attempt.run();
        return;
      } catch (LocalRefusedException e) {
        if (!e.code().equals("conflict") || tries == MOST_TRIES) {
          throw e;
        }
      }
    }
  }
}
