package io.penstock.node.vpn.os;

import io.penstock.api.IpAddress;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// DNS that the user wants left alone.
final class NoDns implements HostDns {

  @Override
  public Change change(Optional<OsDns> before, Optional<OsDns> after) {
    return new Change(new Nothing(), List.of());
  }

  @Override
  public List<UndoEntry> entries() {
    return List.of();
  }

  @Override
  public Set<IpAddress> upstream() {
    return Set.of();
  }

  @Override
  public void end() {}

  private record Nothing() implements Step {

    @Override
    public void apply() {}

    @Override
    public void undo() {}

    @Override
    public String toString() {
      return "leave DNS alone";
    }
  }
}
