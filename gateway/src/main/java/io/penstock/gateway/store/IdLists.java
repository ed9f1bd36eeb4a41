package io.penstock.gateway.store;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/// Cuts the ids that a query asks for into lists that every database takes: SQLite binds no more
/// than 32,766 values to a statement, PostgreSQL 65,535.
final class IdLists {

  private static final int MOST = 10_000;

  private IdLists() {}

  /// The ids as texts, in lists of which none is empty.
  static List<List<String>> of(Collection<?> ids) {
    List<String> all = ids.stream().map(Object::toString).toList();
    List<List<String>> lists = new ArrayList<>();
    for (int from = 0; from < all.size(); from += MOST) {
      lists.add(all.subList(from, Math.min(all.size(), from + MOST)));
    }
    return lists;
  }
}
