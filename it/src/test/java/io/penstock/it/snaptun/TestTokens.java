package io.penstock.it.snaptun;

import io.penstock.transport.snaptun.TokenValidator;
import io.penstock.transport.snaptun.TokenVerdict;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/// Judges tokens as the Rust peers do: `NAME:SECONDS` is valid for so long from the whole second in
/// which it is judged, `strange` has a bad signature, `expired` is that, anything else is no token.
final class TestTokens implements TokenValidator<String> {

  final List<String> judged = new CopyOnWriteArrayList<>();

  @Override
  public TokenVerdict<String> validate(String token, Instant now) {
    judged.add(token);
    return switch (token) {
      case "strange" -> new TokenVerdict.BadSignature<>();
      case "expired" -> new TokenVerdict.Expired<>();
      default -> lasting(token, now);
    };
  }

  private static TokenVerdict<String> lasting(String token, Instant now) {
    String[] parts = token.split(":", 2);
    if (parts.length < 2 || !parts[1].chars().allMatch(c -> c >= '0' && c <= '9')) {
      return new TokenVerdict.Malformed<>("not NAME:SECONDS");
    }
    long end = now.getEpochSecond() + Long.parseLong(parts[1]);
    return new TokenVerdict.Valid<>(parts[0], Instant.ofEpochSecond(end));
  }
}
