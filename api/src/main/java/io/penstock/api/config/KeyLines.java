package io.penstock.api.config;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Finds the line on which a TOML file sets a key, for messages only.
///
/// The parser keeps no positions of values, so this looks for table headers and for keys at the
/// start of a line. In a file of unusual shape it may not find a key; then the message has no line.
/// The tables of an array are numbered, such as `overlay.allow[0].from`.
final class KeyLines {

  private static final Pattern HEADER = Pattern.compile("\\s*\\[(\\[?)\\s*([^\\[\\]]+?)\\s*].*");
  private static final Pattern KEY = Pattern.compile("\\s*([A-Za-z0-9_.\"'\\s-]+?)\\s*=.*");

  /// No key of ours is longer.
  private static final int MAX_KEY_CHARS = 256;

  private final Map<String, Integer> lines = new HashMap<>();
  private final Map<String, Integer> arrays = new HashMap<>();

  KeyLines(String toml) {
    String table = "";
    int number = 0;
    for (String line : toml.lines().toList()) {
      number++;
      Matcher header = HEADER.matcher(line);
      Matcher key = KEY.matcher(line);
      if (header.matches()) {
        table = plain(header.group(2));
        remember(table, number);
        if (!header.group(1).isEmpty()) {
          table += "[" + (arrays.merge(table, 1, Integer::sum) - 1) + "]";
          remember(table, number);
        }
      } else if (key.matches()) {
        String name = plain(key.group(1));
        remember(table.isEmpty() ? name : table + "." + name, number);
      }
    }
  }

  /// Remembers the key and the tables that it is in, each where it is first met.
  private void remember(String key, int line) {
    int whole = key.length() > MAX_KEY_CHARS ? 0 : key.length();
    for (int end = whole; end > 0; end = key.lastIndexOf('.', end - 1)) {
      lines.putIfAbsent(key.substring(0, end), line);
    }
  }

  Optional<Integer> of(String key) {
    Integer line = lines.get(key);
    if (line == null && key.endsWith("]")) {
      return of(key.substring(0, key.lastIndexOf('[')));
    }
    if (line == null && key.indexOf('.') > 0) {
      // Set inside an inline table: the line of that table is near enough.
      return of(key.substring(0, key.lastIndexOf('.')));
    }
    return Optional.ofNullable(line);
  }

  private static String plain(String key) {
    return key.replaceAll("[\"'\\s]", "");
  }
}
