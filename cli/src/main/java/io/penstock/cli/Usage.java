package io.penstock.cli;

import java.util.function.Supplier;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;

/// What a user typed that makes no sense, for which a command ends with 2.
final class Usage {

  private Usage() {}

  /// Makes a value of what was typed.
  ///
  /// @param what the option or parameter, as the user knows it
  /// @throws ParameterException in place of an `IllegalArgumentException`, whose message says what
  ///   is allowed
  static <T> T valueOf(CommandSpec command, String what, Supplier<T> value) {
    try {
      return value.get();
    } catch (IllegalArgumentException e) {
      throw new ParameterException(
          command.commandLine(), "Invalid value for " + what + ": " + e.getMessage());
    }
  }
}
