package io.penstock.transport.snaptun;

import java.time.Instant;

/// What a validator says of a token.
///
/// @param <T> what a valid token says
public sealed interface TokenVerdict<T> {

  /// The token holds.
  ///
  /// @param expiry when it ends, and the session with it
  record Valid<T>(T claims, Instant expiry) implements TokenVerdict<T> {}

  /// The token was signed by nobody we know; status 401.
  record BadSignature<T>() implements TokenVerdict<T> {}

  /// The token was good once; status 401.
  record Expired<T>() implements TokenVerdict<T> {}

  /// It is no token, or not one of ours; status 400.
  ///
  /// @param why for the log, without the token
  record Malformed<T>(String why) implements TokenVerdict<T> {}

  /// The token could not be judged; status 500.
  ///
  /// @param why for the log
  record Failed<T>(String why) implements TokenVerdict<T> {}
}
