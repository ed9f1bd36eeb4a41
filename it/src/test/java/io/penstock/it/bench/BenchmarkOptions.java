package io.penstock.it.bench;

import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Set;

/// What a run is told on its command line.
///
/// @param peers the directory of the built Go and Rust programs
/// @param rounds how often everything is measured; the median counts
/// @param seconds measured in each round, for each figure
/// @param stackSeconds that a stream between two stacks runs in all rounds together, for each size
/// @param agents connected for the memory figure, tunnels for that of the overlay, and connections
///   for that of a node
/// @param parts what is measured
record BenchmarkOptions(
    Path peers, int rounds, double seconds, double stackSeconds, int agents, Set<Part> parts) {

  /// A group of figures.
  enum Part {
    REQUESTS,
    THROUGHPUT,
    PAUSED,
    MEMORY,
    OVERLAY,
    NODE,
    KERNEL,
    UP,
    STACK,
    CALLS
  }

  static BenchmarkOptions parse(Path peers, String[] words) {
    int rounds = 2;
    double seconds = 2;
    double stackSeconds = 60;
    int agents = 1000;
    Set<Part> parts = EnumSet.allOf(Part.class);
    for (int i = 0; i < words.length; i++) {
      switch (words[i]) {
        case "--long" -> {
          rounds = 5;
          seconds = 10;
        }
        case "--rounds" -> rounds = Integer.parseInt(words[++i]);
        case "--seconds" -> seconds = Double.parseDouble(words[++i]);
        case "--stack-seconds" -> stackSeconds = Double.parseDouble(words[++i]);
        case "--agents" -> agents = Integer.parseInt(words[++i]);
        case "--only" -> {
          parts = EnumSet.noneOf(Part.class);
          for (String part : words[++i].split(",", -1)) {
            parts.add(Part.valueOf(part.toUpperCase(Locale.ROOT)));
          }
        }
        default -> throw new IllegalArgumentException("unknown option " + words[i]);
      }
    }
    if (rounds < 1 || seconds <= 0 || stackSeconds <= 0 || agents < 1) {
      throw new IllegalArgumentException("rounds, seconds and agents are more than 0");
    }
    return new BenchmarkOptions(peers, rounds, seconds, stackSeconds, agents, parts);
  }
}
