package io.penstock.api.config;

import java.util.List;
import java.util.stream.Collectors;

/// A configuration cannot be used; its message lists every problem, one on each line.
public final class ConfigException extends Exception {

  private static final long serialVersionUID = 1L;

  private final transient List<ConfigProblem> problems;

  ConfigException(List<ConfigProblem> problems) {
    super(problems.stream().map(ConfigProblem::toString).collect(Collectors.joining("\n")));
    this.problems = List.copyOf(problems);
  }

  /// The problems, in the order in which they were found.
  public List<ConfigProblem> problems() {
    return problems;
  }
}
