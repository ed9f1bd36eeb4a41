package io.penstock.node.local;

import java.nio.file.Path;

/// A program of this machine that answers on a Unix socket in its state directory.
///
/// @param program what it is, for people, such as `node`
/// @param state the directory
/// @param socketName the socket's name in it
public record LocalTarget(String program, Path state, String socketName) {

  Path socket() {
    return state.toAbsolutePath().resolve(socketName);
  }
}
