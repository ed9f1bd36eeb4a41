package io.penstock.testkit.script;

import java.util.List;
import java.util.Map;

/// A packet script, read.
///
/// @param name the file's name without its ending
/// @param title the sentence that it proves
/// @param settings what the host is to be made with, by `config`
/// @param kernel what it says of the Linux kernel: `yes`, `no: ` and why, or nothing
public record Script(
    String name,
    String title,
    boolean ipv4,
    String kernel,
    Map<String, String> settings,
    List<Step> steps) {

  /// Reads a script.
  ///
  /// @throws IllegalArgumentException with the line that cannot be read
  public static Script parse(String name, List<String> lines) {
    return new ScriptParser(name).parse(lines);
  }
}
