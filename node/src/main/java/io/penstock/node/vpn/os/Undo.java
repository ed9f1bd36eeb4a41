package io.penstock.node.vpn.os;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/// Takes back what a journal says, the last change first; what was never done, is gone already or
/// has become somebody else's is left alone.
///
/// It may be killed at any moment and run again.
final class Undo {

  private final UndoJournal journal;
  private final Command ip;
  private final Consumer<String> watcher;

  /// @param watcher is told of each thing before it is looked at
  Undo(UndoJournal journal, Command ip, Consumer<String> watcher) {
    this.journal = journal;
    this.ip = ip;
    this.watcher = watcher;
  }

  /// Takes everything back, also behind something that fails; that stays in the journal.
  ///
  /// @return what was done, a line each, for the user
  /// @throws IOException when something could not be taken back, with all that could not
  List<String> run() throws IOException {
    List<String> done = new ArrayList<>();
    List<UndoEntry> left = new ArrayList<>();
    List<String> failures = new ArrayList<>();
    for (UndoEntry entry : journal.read().reversed()) {
      watcher.accept("take back: " + entry);
      try {
        String line =
            switch (entry) {
              case UndoEntry.Route(var route) -> undo(route);
              case UndoEntry.File(var file) -> undo(file);
            };
        if (!line.isEmpty()) {
          done.add(line);
        }
      } catch (IOException e) {
        left.addFirst(entry);
        failures.add(String.valueOf(e.getMessage()));
      }
    }
    watcher.accept("write the journal");
    journal.write(left);
    if (!failures.isEmpty()) {
      throw new IOException(
          "not everything could be taken back; what could not is kept in %s and tried again: %s"
              .formatted(journal.path(), String.join("; ", failures)));
    }
    return done;
  }

  private String undo(UnderlayRoute route) throws IOException {
    if (!new RouteTable(ip).has(route)) {
      return "";
    }
    route.added(ip).undo();
    return "removed the route to " + route.destination();
  }

  private static String undo(ReplacedFile file) throws IOException {
    return switch (file.restore()) {
      case DONE -> "restored " + file.path();
      case ALREADY -> "";
      case NOT_OURS ->
          "left %s alone, which something else has changed since".formatted(file.path());
    };
  }
}
