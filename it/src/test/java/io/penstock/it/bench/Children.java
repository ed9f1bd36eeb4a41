package io.penstock.it.bench;

import io.penstock.it.tun.NetworkThread;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/// The programs that a benchmark has running, which end together. Not safe for use by several
/// threads.
final class Children implements AutoCloseable {

  /// After this long a rival ends by itself, whatever has become of us.
  private static final String MAX_SECONDS = "7200";

  private final Path logs;
  private final Path peers;
  private final Deque<Child> running = new ArrayDeque<>();

  /// @param logs the directory for their logs
  /// @param peers that of the built Go and Rust programs
  Children(Path logs, Path peers) {
    this.logs = logs;
    this.peers = peers;
  }

  /// Starts one of our programs.
  Child java(String name, Class<?> main, String... arguments) throws IOException {
    return java(name, List.of(), main, arguments);
  }

  /// The same with options for its JVM besides the usual ones.
  Child java(String name, List<String> options, Class<?> main, String... arguments)
      throws IOException {
    return started(Child.startJava(logs, name, options, main, List.of(arguments)));
  }

  /// Starts one of our programs in a network namespace.
  Child javaIn(NetworkThread place, String name, Class<?> main, String... arguments)
      throws Exception {
    return started(
        Child.start(
            logs,
            name,
            Child.javaCommand(name, List.of(), main, List.of(arguments)),
            place::start));
  }

  /// Starts one of the built programs.
  Child peer(String name, String program, String... arguments) throws IOException {
    return started(Child.start(logs, name, peerCommand(program, arguments)));
  }

  /// Starts one of the built programs in a network namespace.
  Child peerIn(NetworkThread place, String name, String program, String... arguments)
      throws Exception {
    return started(Child.start(logs, name, peerCommand(program, arguments), place::start));
  }

  private List<String> peerCommand(String program, String... arguments) {
    List<String> command = new ArrayList<>();
    command.add(peers.resolve(program).toString());
    command.addAll(List.of("-max-seconds", MAX_SECONDS));
    command.addAll(List.of(arguments));
    return command;
  }

  private Child started(Child child) {
    running.push(child);
    return child;
  }

  /// Those that were started last, the very last first.
  List<Child> newest(int count) {
    return running.stream().limit(count).toList();
  }

  /// Ends all, the last started first. Repeatable.
  @Override
  public void close() {
    while (!running.isEmpty()) {
      running.pop().close();
    }
  }
}
