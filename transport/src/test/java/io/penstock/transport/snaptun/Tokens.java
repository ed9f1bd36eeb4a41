package io.penstock.transport.snaptun;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.function.BiPredicate;

/// Tokens for tests: `NAME:SECONDS` is valid for that long at least, to the next whole second, the
/// words below are what they say, and anything else is no token.
///
/// Other modules' tests use it too, and the Rust peers of `it` judge tokens in the same way.
public final class Tokens implements TokenValidator<String> {

  static final String STRANGE = "strange";
  static final String EXPIRED = "expired";
  static final String THROWS = "throws";
  static final String STUCK = "stuck";

  final CountDownLatch unstick = new CountDownLatch(1);
  private final List<String> judged = new CopyOnWriteArrayList<>();
  private final BiPredicate<String, String> continues;

  private Tokens(BiPredicate<String, String> continues) {
    this.continues = continues;
  }

  /// A session goes on with tokens of its own name alone.
  static Tokens ofOneNode() {
    return new Tokens(String::equals);
  }

  /// A session goes on with every good token, as the original has it.
  public static Tokens ofAnybody() {
    return new Tokens((_, _) -> true);
  }

  /// Every token that was judged so far.
  public List<String> judged() {
    return judged;
  }

  @Override
  public TokenVerdict<String> validate(String token, Instant now) {
    judged.add(token);
    return switch (token) {
      case STRANGE -> new TokenVerdict.BadSignature<>();
      case EXPIRED -> new TokenVerdict.Expired<>();
      case THROWS -> throw new IllegalStateException("a fault of the validator");
      case STUCK -> {
        awaitUninterruptibly();
        yield new TokenVerdict.Valid<>("node", now.plusSeconds(3600));
      }
      default -> lasting(token, now);
    };
  }

  private static TokenVerdict<String> lasting(String token, Instant now) {
    String[] parts = token.split(":", 2);
    if (parts.length < 2 || !parts[1].chars().allMatch(c -> c >= '0' && c <= '9')) {
      return new TokenVerdict.Malformed<>("not NAME:SECONDS");
    }
    // Rounded up: else a session of one second may be over before its tunnel is established.
    Instant end = now.plusSeconds(Long.parseLong(parts[1])).plusNanos(999_999_999);
    return new TokenVerdict.Valid<>(parts[0], end.truncatedTo(ChronoUnit.SECONDS));
  }

  private void awaitUninterruptibly() {
    try {
      unstick.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public boolean continues(String established, String presented) {
    return continues.test(established, presented);
  }
}
