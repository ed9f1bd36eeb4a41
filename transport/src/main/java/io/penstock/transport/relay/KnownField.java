package io.penstock.transport.relay;

import java.util.Arrays;
import java.util.Locale;

/// The header fields that a relay understands; every other field passes as it is.
public enum KnownField {
  HOST("Host"),
  CONNECTION("Connection"),
  KEEP_ALIVE("Keep-Alive"),
  PROXY_CONNECTION("Proxy-Connection"),
  PROXY_AUTHENTICATE("Proxy-Authenticate"),
  PROXY_AUTHORIZATION("Proxy-Authorization"),
  TE("TE"),
  TRANSFER_ENCODING("Transfer-Encoding"),
  UPGRADE("Upgrade"),
  CONTENT_LENGTH("Content-Length"),
  EXPECT("Expect"),
  ACCEPT("Accept"),
  FORWARDED("Forwarded"),
  X_FORWARDED_FOR("X-Forwarded-For"),
  X_FORWARDED_PROTO("X-Forwarded-Proto"),
  X_FORWARDED_HOST("X-Forwarded-Host"),
  X_FORWARDED_PORT("X-Forwarded-Port"),
  X_FORWARDED_SERVER("X-Forwarded-Server"),
  X_REAL_IP("X-Real-IP"),
  X_REQUEST_ID("X-Request-Id"),
  CONTENT_TYPE("Content-Type"),
  IF_MODIFIED_SINCE("If-Modified-Since"),
  IF_UNMODIFIED_SINCE("If-Unmodified-Since"),
  IF_MATCH("If-Match"),
  IF_NONE_MATCH("If-None-Match"),
  IF_RANGE("If-Range"),
  RANGE("Range"),
  APP_DOWN("Penstock-App-Down"),
  PENSTOCK_NODE("Penstock-Node"),
  TAILSCALE_USER_LOGIN("Tailscale-User-Login"),
  TAILSCALE_USER_NAME("Tailscale-User-Name"),
  TAILSCALE_USER_PROFILE_PIC("Tailscale-User-Profile-Pic"),
  TAILSCALE_FUNNEL_REQUEST("Tailscale-Funnel-Request"),
  TAILSCALE_HEADERS_INFO("Tailscale-Headers-Info"),
  TAILSCALE_APP_CAPABILITIES("Tailscale-App-Capabilities"),
  /// A name such as `X_Forwarded_For`, which gateway interfaces (CGI, WSGI) cannot tell from the
  /// field with dashes that we set.
  LOOKALIKE("_"),
  OTHER("");

  private static final KnownField[] VALUES = values();
  private static final KnownField[][] BY_LENGTH = byLength();

  private final String text;
  private final String lower;

  KnownField(String text) {
    this.text = text;
    this.lower = text.toLowerCase(Locale.ROOT);
  }

  /// The name as it is written.
  public String text() {
    return text;
  }

  /// Says whether the field belongs to one connection and not to the message (RFC 9110 section
  /// 7.6.1).
  ///
  /// `Transfer-Encoding` is one too, but stays as long as the framing stays.
  boolean isHopByHop() {
    return switch (this) {
      case CONNECTION,
          KEEP_ALIVE,
          PROXY_CONNECTION,
          PROXY_AUTHENTICATE,
          PROXY_AUTHORIZATION,
          TE,
          UPGRADE,
          LOOKALIKE ->
          true;
      default -> false;
    };
  }

  /// Says whether the field may stand in a trailer section: it must neither frame nor route nor
  /// speak of one connection (RFC 9110 section 6.5.1).
  boolean isAllowedInTrailer() {
    return this == OTHER;
  }

  /// Says whether a `Connection` field can take this one away; what we frame and route by is ours.
  boolean canBeNamedByConnection() {
    return this != HOST && this != CONTENT_LENGTH && this != TRANSFER_ENCODING && this != APP_DOWN;
  }

  /// Finds the field of a name in any case.
  static KnownField of(byte[] bytes, int start, int end, boolean underscore) {
    int length = end - start;
    if (length >= BY_LENGTH.length) {
      return OTHER;
    }
    for (KnownField field : BY_LENGTH[length]) {
      if (matches(field.lower, bytes, start, underscore)) {
        return underscore ? LOOKALIKE : field;
      }
    }
    return OTHER;
  }

  /// Compares token characters without case; setting bit 5 maps no other token character onto one
  /// of ours.
  private static boolean matches(String lower, byte[] bytes, int start, boolean underscore) {
    for (int i = 0; i < lower.length(); i++) {
      int c = bytes[start + i];
      int folded = underscore && c == '_' ? '-' : c | 0x20;
      if (folded != lower.charAt(i)) {
        return false;
      }
    }
    return true;
  }

  private static KnownField[][] byLength() {
    int longest = 0;
    for (KnownField field : VALUES) {
      longest = Math.max(longest, field.lower.length());
    }
    KnownField[][] table = new KnownField[longest + 1][];
    for (int length = 0; length <= longest; length++) {
      int wanted = length;
      table[length] =
          Arrays.stream(VALUES)
              .filter(f -> f != OTHER && f != LOOKALIKE && f.lower.length() == wanted)
              .toArray(KnownField[]::new);
    }
    return table;
  }
}
