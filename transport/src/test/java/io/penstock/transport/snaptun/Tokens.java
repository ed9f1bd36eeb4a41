package io.penstock.transport.snaptun;

import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.CountDownLatch;

/// Tokens for tests: `NAME:SECONDS` is valid for so long from the whole second in which it is
/// judged, and the other words below are what they say.
final class Tokens implements TokenValidator<String> {

  static final String STRANGE = "strange";
  static final String EXPIRED = "expired";
  static final String THROWS = "throws";
  static final String STUCK = "stuck";

  final CountDownLatch unstick = new CountDownLatch(1);

  @Override
  public TokenVerdict<String> validate(String token, Instant now) {
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
    int colon = token.indexOf(':');
    if (colon < 0) {
      return new TokenVerdict.Malformed<>("no colon");
    }
    Duration life = Duration.ofSeconds(Long.parseLong(token.substring(colon + 1)));
    Instant second = Instant.ofEpochSecond(now.getEpochSecond());
    return new TokenVerdict.Valid<>(token.substring(0, colon), second.plus(life));
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
    return established.equals(presented);
  }
}
