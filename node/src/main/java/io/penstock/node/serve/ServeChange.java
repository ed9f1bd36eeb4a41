package io.penstock.node.serve;

import java.util.Collections;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/// What is to be done so that one plan takes the place of another.
///
/// @param added ports to bind, with what they serve
/// @param removed ports to stop accepting on
/// @param changed ports that go on, with what they serve from now on
/// @param unchanged ports that are left alone
public record ServeChange(
    SortedMap<Integer, ServedPort> added,
    SortedSet<Integer> removed,
    SortedMap<Integer, ServedPort> changed,
    SortedSet<Integer> unchanged) {

  public ServeChange {
    added = Collections.unmodifiableSortedMap(new TreeMap<>(added));
    removed = Collections.unmodifiableSortedSet(new TreeSet<>(removed));
    changed = Collections.unmodifiableSortedMap(new TreeMap<>(changed));
    unchanged = Collections.unmodifiableSortedSet(new TreeSet<>(unchanged));
  }

  /// Compares two plans, port by port.
  public static ServeChange reconcile(ServePlan current, ServePlan next) {
    SortedMap<Integer, ServedPort> added = new TreeMap<>();
    SortedMap<Integer, ServedPort> changed = new TreeMap<>();
    SortedSet<Integer> unchanged = new TreeSet<>();
    next.ports()
        .forEach(
            (port, served) -> {
              ServedPort before = current.ports().get(port);
              if (before == null) {
                added.put(port, served);
              } else if (before.equals(served)) {
                unchanged.add(port);
              } else {
                changed.put(port, served);
              }
            });
    SortedSet<Integer> removed = new TreeSet<>(current.ports().keySet());
    removed.removeAll(next.ports().keySet());
    return new ServeChange(added, removed, changed, unchanged);
  }
}
