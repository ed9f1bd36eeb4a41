package io.penstock.cli;

import java.io.IOException;

/// The command failed for a reason that the user can act on: exit code 1.
///
/// The message says what happened and why; the advice says what to type next.
final class Failure extends RuntimeException {

  private static final long serialVersionUID = 1L;

  private final String advice;

  /// A failure whose message has the advice in it.
  Failure(String complete) {
    this(complete, "");
  }

  Failure(String whatAndWhy, String advice) {
    super(whatAndWhy);
    this.advice = advice;
  }

  /// Adds advice to a failure that says in its own message what happened and why.
  Failure(IOException cause, String advice) {
    super(cause.getMessage(), cause);
    this.advice = advice;
  }

  /// What to type next; empty when the message says it.
  String advice() {
    return advice;
  }
}
