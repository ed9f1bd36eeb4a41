package io.penstock.node.ping;

import io.penstock.api.IpAddress;
import java.time.Duration;

/// What came of one echo request.
public sealed interface PingResult {

  /// The target answered, with the data that it was sent.
  ///
  /// @param sequence of the request
  /// @param roundTrip until the answer came
  /// @param hopLimit that is left of the answer's
  /// @param bytes of its ICMP message
  record Reply(int sequence, Duration roundTrip, int hopLimit, int bytes) implements PingResult {}

  /// Somebody on the way, or the target, reported that the request cannot be answered.
  ///
  /// @param sequence of the request
  /// @param from who reports it
  /// @param words what is wrong
  record Reported(int sequence, IpAddress from, String words) implements PingResult {}

  /// Nothing came in time.
  ///
  /// @param sequence of the request
  record TimedOut(int sequence) implements PingResult {}

  /// The request did not leave.
  ///
  /// @param why what is wrong
  record NotSent(String why) implements PingResult {}
}
