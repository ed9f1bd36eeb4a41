package io.penstock.cli;

import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.function.IntFunction;
import org.jline.terminal.Attributes;
import org.jline.terminal.Attributes.LocalFlag;
import org.jline.terminal.Size;
import org.jline.terminal.Terminal;
import org.jline.terminal.TerminalBuilder;
import org.jline.utils.AttributedString;
import org.jline.utils.Display;

/// A block of lines at the bottom of a terminal that is redrawn in place; log lines go above it.
///
/// While it is open the terminal does not echo what is typed, and log lines take the way through
/// [LogOutlet]. May be used by several threads.
final class LiveScreen implements Screen {

  private static final int FALLBACK_COLUMNS = 80;
  private static final int FALLBACK_ROWS = 24;

  private final Terminal terminal;
  private final Display display;
  private final Attributes before;
  private IntFunction<List<String>> shown = _ -> List.of();

  private LiveScreen(Terminal terminal) {
    this.terminal = terminal;
    this.display = new Display(terminal, false);
    this.before = terminal.getAttributes();
    Attributes silent = new Attributes(before);
    silent.setLocalFlag(LocalFlag.ECHO, false);
    terminal.setAttributes(silent);
    LogOutlet.divert(this::say);
  }

  /// Takes the terminal over; empty where there is none that can move its cursor.
  static Optional<LiveScreen> open() {
    try {
      Terminal terminal =
          TerminalBuilder.builder()
              .system(true)
              .dumb(true)
              .nativeSignals(false)
              .signalHandler(Terminal.SignalHandler.SIG_DFL)
              .build();
      if (terminal.getType().startsWith(Terminal.TYPE_DUMB)) {
        terminal.close();
        return Optional.empty();
      }
      return Optional.of(new LiveScreen(terminal));
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  @Override
  public synchronized void block(IntFunction<List<String>> lines) {
    shown = lines;
    draw();
  }

  @Override
  public synchronized void say(String line) {
    display.update(List.of(), 0);
    terminal.writer().println(line);
    display.reset();
    draw();
  }

  @Override
  public boolean live() {
    return true;
  }

  /// Leaves the last block where it is, with the cursor below it.
  @Override
  public synchronized void close() {
    LogOutlet.restore();
    terminal.setAttributes(before);
    terminal.writer().println();
    terminal.flush();
    try {
      terminal.close();
    } catch (IOException e) {
      // The terminal is gone, and so is who would read about it.
    }
  }

  private void draw() {
    Size size = terminal.getSize();
    int columns = size.getColumns() > 0 ? size.getColumns() : FALLBACK_COLUMNS;
    int rows = size.getRows() > 0 ? size.getRows() : FALLBACK_ROWS;
    Size usable = Size.of(columns, rows);
    display.resize(usable);
    List<String> lines = shown.apply(columns);
    display.update(
        lines.stream().limit(rows - 1L).map(AttributedString::new).toList(),
        usable.cursorPos(Math.min(lines.size(), rows - 1), 0));
    terminal.flush();
  }
}
