package io.penstock.node.vpn;

import java.io.IOException;

/// What a manager does to the operating system: it gives the tunnel's interface the settings that
/// the tunnel asks for.
///
/// Called by one thread at a time, which may block. An implementation keeps by itself what it needs
/// to put everything back.
public interface OsNetwork {

  /// Makes these the settings of the machine, in the place of all that were applied before.
  ///
  /// It is done as a whole or not at all: after a failure the machine has what it had before the
  /// call.
  ///
  /// @param settings all that the tunnel has asked for up to now
  /// @throws IOException when it cannot be done, with words for the tunnel, which then does not
  ///   start
  void apply(NetworkSettings settings) throws IOException;

  /// Puts the machine back to what it was before the first call of [#apply]. Does nothing when
  /// there is nothing to put back.
  ///
  /// @throws IOException with what could not be put back, after all the rest was
  void undo() throws IOException;
}
