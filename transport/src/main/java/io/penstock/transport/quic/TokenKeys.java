package io.penstock.transport.quic;

import java.util.Optional;
import java.util.function.Consumer;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/// The secrets behind [AddressTokens]: the current one and the one before it.
///
/// A key is current for a period and valid for another one, so with a period that exceeds a token's
/// life no token ends early. May be used from any thread.
final class TokenKeys {

  /// A secret and the number that tokens name it by.
  record Key(byte id, SecretKeySpec secret) {}

  static final String ALGORITHM = "HmacSHA256";

  private static final int SECRET_BYTES = 32;

  private final long periodNanos;
  private final Consumer<byte[]> random;
  private Key current;
  private @Nullable Key previous;
  private long sinceNanos;

  /// @param random fills an array, from a cryptographic source
  TokenKeys(long periodNanos, long nowNanos, Consumer<byte[]> random) {
    this.periodNanos = periodNanos;
    this.random = random;
    current = fresh((byte) 0);
    sinceNanos = nowNanos;
  }

  synchronized Key current(long nowNanos) {
    rotate(nowNanos);
    return current;
  }

  synchronized Optional<Key> find(byte id, long nowNanos) {
    rotate(nowNanos);
    if (current.id() == id) {
      return Optional.of(current);
    }
    return previous != null && previous.id() == id ? Optional.of(previous) : Optional.empty();
  }

  private void rotate(long nowNanos) {
    long age = nowNanos - sinceNanos;
    if (age < periodNanos) {
      return;
    }
    previous = age < 2 * periodNanos ? current : null;
    current = fresh((byte) (current.id() + 1));
    sinceNanos = nowNanos;
  }

  private Key fresh(byte id) {
    byte[] secret = new byte[SECRET_BYTES];
    random.accept(secret);
    return new Key(id, new SecretKeySpec(secret, ALGORITHM));
  }
}
