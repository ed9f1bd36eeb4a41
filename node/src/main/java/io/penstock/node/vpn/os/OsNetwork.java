package io.penstock.node.vpn.os;

import java.io.IOException;

/// The network settings of this machine that belong to one overlay interface.
///
/// Settings are applied by one thread at a time, which may block. Another may close it meanwhile.
public interface OsNetwork extends AutoCloseable {

  /// Puts settings in place of those from before; all of them, or none.
  ///
  /// @throws SettingsRefusedException when they are not acceptable, with a text for the user;
  ///   nothing has changed
  /// @throws IOException when it is closed, and nothing has changed; or when the system did not do
  ///   its part, and what had been changed is as before, unless the message says what could not be
  ///   taken back
  void apply(OsSettings settings) throws IOException;

  /// What is in place now; [OsSettings#NONE] before the first time.
  OsSettings settings();

  /// Takes everything back that would outlive the interface; what goes with the interface is left
  /// to that. Waits for settings that are being applied, and none are from then on. Repeatable, and
  /// tries only once.
  ///
  /// @throws IOException when something could not be taken back, and what to do
  @Override
  void close() throws IOException;
}
