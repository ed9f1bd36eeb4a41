package io.penstock.gateway.admin;

import io.penstock.api.IpAddress;
import io.penstock.api.LeaseInfo;
import io.penstock.api.NodeInfo;
import io.penstock.api.NodeKey;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/// An overlay with two nodes, of which `db` is connected.
final class RecordingOverlay implements OverlayOperations {

  static final UUID DB = UUID.fromString("00000000-0000-4000-8000-00000000000a");
  private static final UUID WEB = UUID.fromString("00000000-0000-4000-8000-00000000000b");
  private static final IpAddress ONE = IpAddress.parse("10.86.0.9");
  private static final IpAddress TWO = IpAddress.parse("fd7c::a");

  private final List<String> asked;

  /// @param asked gets what is asked, as of [RecordingOperations]
  RecordingOverlay(List<String> asked) {
    this.asked = asked;
  }

  @Override
  public List<NodeInfo> nodes() {
    NodeKey key = new NodeKey("A".repeat(43));
    return List.of(
        new NodeInfo(
            DB,
            "db",
            "ann",
            key,
            List.of(ONE),
            true,
            RecordingOperations.NOON,
            RecordingOperations.NOON),
        new NodeInfo(
            WEB,
            "web",
            "bob",
            key,
            List.of(TWO),
            false,
            RecordingOperations.NOON,
            RecordingOperations.NOON));
  }

  @Override
  public Outcome kick(String node) {
    asked.add("kick " + node);
    return switch (node) {
      case "db" -> Outcome.DONE;
      case "web" -> Outcome.NOT_CONNECTED;
      default -> Outcome.NONE;
    };
  }

  @Override
  public Outcome forget(String node) {
    asked.add("forget " + node);
    return node.equals("db") || node.equals("web") ? Outcome.DONE : Outcome.NONE;
  }

  @Override
  public List<LeaseInfo> leases() {
    return List.of(
        new LeaseInfo(ONE, DB, "db", "ann", 7, LeaseInfo.State.ASSIGNED, Optional.empty()),
        new LeaseInfo(
            TWO,
            WEB,
            "web",
            "bob",
            8,
            LeaseInfo.State.HELD,
            Optional.of(RecordingOperations.NOON)));
  }

  @Override
  public Outcome release(IpAddress address) {
    asked.add("release " + address);
    if (address.equals(TWO)) {
      return Outcome.DONE;
    }
    return address.equals(ONE) ? Outcome.IN_USE : Outcome.NONE;
  }
}
