package io.penstock.node.serve;

import java.util.Optional;
import java.util.SortedMap;

/// Which mount a path belongs to.
///
/// The path itself first; then, from the whole path up to the root, each of its ancestors, with a
/// slash at its end before without. So `/foobar` is never below `/foo`, and `/foo` belongs to the
/// mount `/foo/`.
final class MountTable {

  /// What was found.
  record Found(String mount, ServeTarget.OfRequest target) {}

  private final SortedMap<String, ServeTarget.OfRequest> byMount;

  MountTable(ServeTarget.Mounts mounts) {
    this.byMount = mounts.byMount();
  }

  Optional<Found> find(RequestPath path) {
    Optional<Found> found = at(path.exact());
    for (String ancestor : path.ancestors()) {
      if (found.isPresent()) {
        return found;
      }
      String withSlash = ancestor.equals("/") ? "/" : ancestor + "/";
      found = at(withSlash);
      if (found.isEmpty()) {
        found = at(ancestor);
      }
    }
    return found;
  }

  private Optional<Found> at(String mount) {
    ServeTarget.OfRequest target = byMount.get(mount);
    return target == null ? Optional.empty() : Optional.of(new Found(mount, target));
  }
}
