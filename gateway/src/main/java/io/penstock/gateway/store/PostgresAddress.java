package io.penstock.gateway.store;

import java.net.URI;
import java.net.URISyntaxException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/// Where a PostgreSQL database is and who we are to it.
///
/// @param host a name or an address, IPv6 in brackets
/// @param port 5432 unless given
/// @param database its name
/// @param options of the driver as they stand in the URL, such as `sslmode=verify-full`, or empty
/// @param user to sign in as
/// @param password to sign in with
public record PostgresAddress(
    String host,
    int port,
    String database,
    String options,
    Optional<String> user,
    Optional<String> password) {

  /// What is allowed, for messages.
  public static final String ALLOWED =
      "postgresql://[USER[:PASSWORD]@]HOST[:PORT]/DATABASE[?OPTIONS]";

  private static final int DEFAULT_PORT = 5432;

  /// Reads the URL form that PostgreSQL's own programs take.
  ///
  /// @throws IllegalArgumentException when it is none; the message does not quote it, as it may
  ///   hold a password
  public static PostgresAddress parse(String url) {
    URI uri;
    try {
      uri = new URI(url);
    } catch (URISyntaxException _) {
      throw new IllegalArgumentException("allowed is " + ALLOWED);
    }
    boolean known = "postgresql".equals(uri.getScheme()) || "postgres".equals(uri.getScheme());
    String path = uri.getRawPath();
    if (!known || uri.getHost() == null || path == null || path.length() < 2) {
      throw new IllegalArgumentException("allowed is " + ALLOWED);
    }
    String who = uri.getRawUserInfo() == null ? "" : uri.getRawUserInfo();
    int colon = who.indexOf(':');
    return new PostgresAddress(
        uri.getHost(),
        uri.getPort() < 0 ? DEFAULT_PORT : uri.getPort(),
        path.substring(1),
        uri.getRawQuery() == null ? "" : uri.getRawQuery(),
        decoded(colon < 0 ? who : who.substring(0, colon)),
        decoded(colon < 0 ? "" : who.substring(colon + 1)));
  }

  /// The same database with another password, which was kept apart from the URL.
  public PostgresAddress withPassword(String other) {
    return new PostgresAddress(host, port, database, options, user, Optional.of(other));
  }

  String jdbcUrl() {
    String query = options.isEmpty() ? "" : "?" + options;
    return "jdbc:postgresql://" + host + ":" + port + "/" + database + query;
  }

  /// Where it is, without user, password and options.
  @Override
  public String toString() {
    return "postgresql://" + host + ":" + port + "/" + database;
  }

  private static Optional<String> decoded(String text) {
    return text.isEmpty()
        ? Optional.empty()
        : Optional.of(URLDecoder.decode(text.replace("+", "%2B"), StandardCharsets.UTF_8));
  }
}
