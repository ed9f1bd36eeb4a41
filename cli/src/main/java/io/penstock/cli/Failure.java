package io.penstock.cli;

/// The command failed for a reason that the user can act on: exit code 1.
///
/// The message says what happened and why; the advice says what to type next.
final class Failure extends RuntimeException {

  private static final long serialVersionUID = 1L;

  private final String advice;

  Failure(String whatAndWhy, String advice) {
    super(whatAndWhy);
    this.advice = advice;
  }

  Failure(String whatAndWhy, String advice, Throwable cause) {
    super(whatAndWhy, cause);
    this.advice = advice;
  }

  /// What to type next.
  String advice() {
    return advice;
  }
}
