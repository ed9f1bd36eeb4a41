package io.penstock.node.proxy;

import io.penstock.api.HostPort;
import io.penstock.api.config.Requirements;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.Base64;

/// How a loopback proxy is reached.
///
/// @param port on 127.0.0.1; 0 for any free one
/// @param user whom clients must name
/// @param password what they must know: every program of this machine can reach the port, also
///   those of other users
/// @param maxConnections how many there may be at the same time; more are closed at once
/// @param requestLimit how long a client may take until it has said where it wants to go
public record ProxyConfig(
    int port, String user, String password, int maxConnections, Duration requestLimit) {

  public static final String DEFAULT_USER = "penstock";

  /// A browser with many tabs, or a pool of connections to each of several databases.
  public static final int DEFAULT_MAX_CONNECTIONS = 1024;

  /// Clients on the same machine say at once what they want.
  public static final Duration DEFAULT_REQUEST_LIMIT = Duration.ofSeconds(10);

  /// 128 bits, which nobody guesses.
  private static final int PASSWORD_BYTES = 16;

  private static final int MOST_CONNECTIONS = 65_536;

  /// What RFC 1929 can carry.
  private static final int MAX_WORD_CHARS = 255;

  public ProxyConfig {
    Requirements.of("proxy")
        .between("port", port, 0, HostPort.MAX_PORT)
        .that(
            isWord(user) && user.indexOf(':') < 0,
            "user",
            "\"" + user + "\"",
            "1 to 255 visible ASCII characters without a colon")
        .that(isWord(password), "password", "of another kind", "1 to 255 visible ASCII characters")
        .between("max_connections", maxConnections, 1, MOST_CONNECTIONS)
        .between("request_limit", requestLimit, Duration.ofMillis(1), Duration.ofMinutes(10))
        .check();
  }

  private static boolean isWord(String text) {
    return !text.isEmpty()
        && text.length() <= MAX_WORD_CHARS
        && text.chars().allMatch(c -> c > ' ' && c < 0x7f);
  }

  /// Any free port, and a random password.
  public static ProxyConfig random() {
    byte[] secret = new byte[PASSWORD_BYTES];
    new SecureRandom().nextBytes(secret);
    return new ProxyConfig(
        0,
        DEFAULT_USER,
        Base64.getUrlEncoder().withoutPadding().encodeToString(secret),
        DEFAULT_MAX_CONNECTIONS,
        DEFAULT_REQUEST_LIMIT);
  }

  /// The same on another port.
  public ProxyConfig withPort(int other) {
    return new ProxyConfig(other, user, password, maxConnections, requestLimit);
  }

  /// The same for another user.
  public ProxyConfig withPassword(String otherUser, String otherPassword) {
    return new ProxyConfig(port, otherUser, otherPassword, maxConnections, requestLimit);
  }

  /// Leaves the password out.
  @Override
  public String toString() {
    return "ProxyConfig[port=%d, user=%s, maxConnections=%d]".formatted(port, user, maxConnections);
  }
}
