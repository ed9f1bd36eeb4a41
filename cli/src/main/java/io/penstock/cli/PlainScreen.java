package io.penstock.cli;

import java.util.List;
import java.util.function.IntFunction;

/// Lines on standard output, for logs and pipes.
///
/// @param console where they go
record PlainScreen(Console console) implements Screen {

  @Override
  public void block(IntFunction<List<String>> lines) {
    // What a block would show is said in lines as it happens.
  }

  @Override
  public void say(String line) {
    console.out().println(line);
  }

  @Override
  public boolean live() {
    return false;
  }

  @Override
  public void close() {
    console.out().flush();
  }
}
