package io.penstock.testkit.script;

import java.util.List;

/// One line of a script.
record Step(int line, long atNanos, char flow, Action action) {

  sealed interface Action {}

  /// A segment for the host.
  record Inject(SegmentSpec segment) implements Action {}

  /// A segment that the host must send.
  record Expect(SegmentSpec segment) implements Action {}

  /// An ICMP error for the host about a segment that it sent, or did not.
  record InjectError(String kind, int mtuBytes, long quotedSeq) implements Action {}

  /// Something that the host or the runner does.
  record Call(String verb, List<String> arguments) implements Action {}
}
