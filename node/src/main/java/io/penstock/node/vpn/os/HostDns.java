package io.penstock.node.vpn.os;

import io.penstock.api.IpAddress;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// The way in which this machine looks up names of the overlay.
interface HostDns {

  /// A change, and what is to be in the journal before it is made.
  ///
  /// @param entries in the order of the changes; none when the change dies with the interface
  record Change(Step step, List<UndoEntry> entries) {}

  /// The change from one state to another; nothing has happened yet.
  ///
  /// @throws IOException when it cannot be made
  Change change(Optional<OsDns> before, Optional<OsDns> after) throws IOException;

  /// What is in the journal once the changes so far are made.
  List<UndoEntry> entries();

  /// The name servers that every other name is looked up at.
  Set<IpAddress> upstream() throws IOException;

  /// Ends what runs here, after what it did has been taken back.
  void end();
}
