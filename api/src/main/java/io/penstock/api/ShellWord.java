package io.penstock.api;

import java.util.regex.Pattern;

/// Writes words of a command that a person is told to type.
public final class ShellWord {

  /// What no shell reads as anything but itself, wherever it stands in a word.
  private static final Pattern PLAIN = Pattern.compile("[A-Za-z0-9_@%+:,./=-]+");

  private ShellWord() {}

  /// The text as a shell takes it for one word: in single quotes if it needs any (POSIX.1-2024,
  /// Shell Command Language, section 2.2.2).
  public static String of(String text) {
    return PLAIN.matcher(text).matches() ? text : "'" + text.replace("'", "'\\''") + "'";
  }
}
