package io.penstock.cli;

import java.util.List;
import java.util.function.IntFunction;

/// Where a serving command shows how it is doing: a block that is redrawn, or lines that stay.
sealed interface Screen extends AutoCloseable permits LiveScreen, PlainScreen {

  /// The screen for a console: live where a person looks at a terminal that can be redrawn.
  static Screen of(Console console) {
    return console.interactive()
        ? LiveScreen.open().<Screen>map(screen -> screen).orElseGet(() -> new PlainScreen(console))
        : new PlainScreen(console);
  }

  /// Shows the block, which it makes for the width in columns; a plain screen has no block.
  void block(IntFunction<List<String>> lines);

  /// Says something that stays: above the block, or as a line.
  void say(String line);

  /// Whether the block is shown, so that what is in it need not be said.
  boolean live();

  @Override
  void close();
}
