package io.penstock.testkit.script;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// Reads the text of a script.
final class ScriptParser {

  private static final Set<String> WITH_VALUE = Set.of("urg", "ttl", "ipopt");
  private static final Set<String> WITHOUT_VALUE =
      Set.of("badsum", "badipsum", "ce", "ect0", "notect", "fromall", "toall", "tomany");
  private static final long NANOS_PER_SECOND = 1_000_000_000L;

  private final String name;
  private final Map<String, String> settings = new LinkedHashMap<>();
  private final List<Step> steps = new ArrayList<>();
  private boolean ipv4 = true;
  private String kernel = "";
  private boolean listening;
  private int line;
  private long atNanos;
  private char flow;

  ScriptParser(String name) {
    this.name = name;
  }

  Script parse(List<String> lines) {
    if (lines.isEmpty() || !lines.getFirst().startsWith("# ")) {
      throw new IllegalArgumentException(name + ": the first line is no title");
    }
    for (String text : lines) {
      line++;
      int comment = text.indexOf('#');
      String content = (comment < 0 ? text : text.substring(0, comment)).strip();
      if (!content.isEmpty()) {
        try {
          parseLine(content);
        } catch (RuntimeException e) {
          throw new IllegalArgumentException(name + ", line " + line + ": " + content, e);
        }
      }
    }
    String title = lines.getFirst().substring(2).strip();
    return new Script(name, title, ipv4, kernel, settings, steps);
  }

  private void parseLine(String content) {
    List<String> options = new ArrayList<>();
    boolean hasOptions = content.contains("[");
    String rest = content;
    if (hasOptions) {
      int from = content.indexOf('[');
      int to = content.indexOf(']', from);
      for (String option : content.substring(from + 1, to).split(",", -1)) {
        if (!option.isBlank()) {
          options.add(option.strip());
        }
      }
      rest = content.substring(0, from) + content.substring(to + 1);
    }
    ArrayDeque<String> words = new ArrayDeque<>(Arrays.asList(rest.strip().split("\\s+", -1)));
    switch (words.getFirst()) {
      case "config" -> {
        words.removeFirst();
        settings.put(words.removeFirst(), words.removeFirst());
      }
      case "kernel" -> kernel = kernelMark(content);
      case "ip" -> {
        words.removeFirst();
        ipv4 = words.removeFirst().equals("4");
      }
      default -> {
        takeTime(words);
        flow = words.getFirst().startsWith("@") ? words.removeFirst().charAt(1) : 'a';
        takeAction(words, options, hasOptions);
      }
    }
  }

  private static String kernelMark(String content) {
    String mark = content.substring("kernel".length()).strip();
    if (!mark.equals("yes") && !mark.startsWith("no: ")) {
      throw new IllegalArgumentException("allowed are 'kernel yes' and 'kernel no: REASON'");
    }
    return mark;
  }

  private void takeTime(ArrayDeque<String> words) {
    String first = words.getFirst();
    if (first.startsWith("+")) {
      atNanos += nanos(first.substring(1));
      words.removeFirst();
    } else if (Character.isDigit(first.charAt(0))) {
      long at = nanos(first);
      if (at < atNanos) {
        throw new IllegalArgumentException("back in time");
      }
      atNanos = at;
      words.removeFirst();
    }
  }

  static long nanos(String seconds) {
    return Math.round(Double.parseDouble(seconds) * NANOS_PER_SECOND);
  }

  private void takeAction(ArrayDeque<String> words, List<String> options, boolean hasOptions) {
    String verb = words.removeFirst();
    switch (verb) {
      case "<" -> {
        if (words.getFirst().equals("icmp")) {
          words.removeFirst();
          add(error(words));
        } else {
          add(new Step.Inject(segment(words, options, hasOptions)));
        }
      }
      case ">" -> add(new Step.Expect(segment(words, options, hasOptions)));
      case "established" -> established(words, options);
      case "connected" -> connected(words, options);
      default -> {
        listening |= verb.equals("listen");
        add(new Step.Call(verb, List.copyOf(words)));
      }
    }
  }

  private void add(Step.Action action) {
    steps.add(new Step(line, atNanos, flow, action));
  }

  private static Step.InjectError error(ArrayDeque<String> words) {
    String kind = words.removeFirst();
    int mtu = kind.equals("toobig") ? Integer.parseInt(words.removeFirst()) : 0;
    if (!words.removeFirst().equals("quote")) {
      throw new IllegalArgumentException("nothing is quoted");
    }
    return new Step.InjectError(kind, mtu, Long.parseLong(words.removeFirst()));
  }

  private static SegmentSpec segment(
      ArrayDeque<String> words, List<String> options, boolean hasOptions) {
    String flags = words.removeFirst();
    String range = words.removeFirst();
    int colon = range.indexOf(':');
    String begin = colon < 0 ? range : range.substring(0, colon);
    long seq = begin.equals("*") ? SegmentSpec.ANY : Long.parseLong(begin);
    int bytes = colon < 0 ? 0 : (int) (Long.parseLong(range.substring(colon + 1)) - seq);
    long ack = SegmentSpec.ANY;
    long window = SegmentSpec.ANY;
    Map<String, String> modifiers = new HashMap<>();
    while (!words.isEmpty()) {
      String word = words.removeFirst();
      if (word.equals("ack")) {
        ack = Long.parseLong(words.removeFirst());
      } else if (word.equals("win")) {
        window = Long.parseLong(words.removeFirst());
      } else if (WITH_VALUE.contains(word)) {
        modifiers.put(word, words.removeFirst());
      } else if (WITHOUT_VALUE.contains(word)) {
        modifiers.put(word, "");
      } else {
        throw new IllegalArgumentException("unknown word " + word);
      }
    }
    List<List<String>> split = new ArrayList<>();
    for (String option : options) {
      if (!option.equals("...")) {
        split.add(List.of(option.split("\\s+", -1)));
      }
    }
    boolean more = options.contains("...");
    return new SegmentSpec(flags, seq, bytes, ack, window, split, hasOptions, more, modifiers);
  }

  private void established(ArrayDeque<String> words, List<String> options) {
    Map<String, String> with = pairs(words);
    String window = with.getOrDefault("win", "65535");
    if (!listening) {
      takeAction(words("listen"), List.of(), false);
    }
    takeAction(words("< S 0 win 65535"), options, true);
    takeAction(words("> S. 0 ack 1"), List.of(), false);
    atNanos += nanos(with.getOrDefault("rtt", "0.1"));
    takeAction(words("< . 1 ack 1 win " + window), laterStamp(options), true);
    takeAction(words("accept"), List.of(), false);
    takeAction(words("ready connected"), List.of(), false);
  }

  private void connected(ArrayDeque<String> words, List<String> options) {
    Map<String, String> with = pairs(words);
    takeAction(words("connect"), List.of(), false);
    takeAction(words("> S 0"), List.of(), false);
    atNanos += nanos(with.getOrDefault("rtt", "0.1"));
    String window = with.getOrDefault("win", "65535");
    takeAction(words("< S. 0 ack 1 win " + window), options, true);
    takeAction(words("> . 1 ack 1"), List.of(), false);
    takeAction(words("ready connected"), List.of(), false);
  }

  private static ArrayDeque<String> words(String text) {
    return new ArrayDeque<>(Arrays.asList(text.split(" ", -1)));
  }

  private static Map<String, String> pairs(ArrayDeque<String> words) {
    Map<String, String> pairs = new HashMap<>();
    while (!words.isEmpty()) {
      pairs.put(words.removeFirst(), words.removeFirst());
    }
    return pairs;
  }

  /// What of the options of a SYN its later segments carry: the timestamp, one later.
  private static List<String> laterStamp(List<String> options) {
    for (String option : options) {
      if (option.startsWith("ts ")) {
        return List.of("ts " + (Long.parseLong(option.substring(3)) + 1));
      }
    }
    return List.of();
  }
}
