package io.penstock.transport.snaptun;

import java.time.Instant;

/// Judges the tokens that clients present.
///
/// May block; called on the executor given to the server.
///
/// @param <T> what a valid token says
public interface TokenValidator<T> {

  /// Judges a token as it came over the wire; it may be any text.
  TokenVerdict<T> validate(String token, Instant now);

  /// Whether a valid token may be used on a tunnel that was established with other claims; status
  /// 401 if not.
  ///
  /// The original lets any valid token do. Called on the event loop, must not block.
  default boolean continues(T established, T presented) {
    return true;
  }
}
