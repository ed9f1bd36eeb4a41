package io.penstock.gateway.ingress;

import io.penstock.api.tunnel.TunnelNames;
import java.util.Locale;

/// A name under which an agent may be reached: a host or wildcard, an optional path, and its owner.
///
/// @param domain a lower-case host name without port, or `*.` and the rest of one
/// @param pathPrefix the empty string, or whole path segments such as `/api/v1`: a leading slash
///   and no trailing one
/// @param user the user whose agents serve it
public record Route(String domain, String pathPrefix, String user) {

  private static final String WILDCARD = "*.";
  private static final int MAX_NAME_LENGTH = 1024;

  public Route {
    if (domain.isEmpty() || !isDomain(domain)) {
      throw new IllegalArgumentException(
          "route domain '"
              + domain
              + "' is not a lower-case host name without port, or '*.' and the rest of one");
    }
    if (domain.equals(TunnelNames.PING_HOST)) {
      throw new IllegalArgumentException(
          "route domain '" + domain + "' is what the gateway's ping asks for");
    }
    if (!isPathPrefix(pathPrefix)) {
      throw new IllegalArgumentException(
          "route path '"
              + pathPrefix
              + "' is neither empty nor whole segments with a leading and no trailing slash");
    }
    if (domain.length() + pathPrefix.length() > MAX_NAME_LENGTH) {
      throw new IllegalArgumentException(
          "route name is longer than " + MAX_NAME_LENGTH + " characters");
    }
  }

  /// Reads `DOMAIN[/PATH]` as a person types it: any case, a trailing slash allowed.
  ///
  /// @throws IllegalArgumentException with a message for that person
  public static Route parse(String name, String user) {
    int slash = name.indexOf('/');
    String domain = slash < 0 ? name : name.substring(0, slash);
    String path = slash < 0 ? "" : name.substring(slash);
    while (path.endsWith("/")) {
      path = path.substring(0, path.length() - 1);
    }
    return new Route(domain.toLowerCase(Locale.ROOT), path, user);
  }

  /// The route as `route add` prints it and as an agent names it: `DOMAIN[/PATH]`.
  public String name() {
    return domain + pathPrefix;
  }

  /// Says whether the domain stands for every host below it.
  public boolean isWildcard() {
    return domain.startsWith(WILDCARD);
  }

  /// The domain without `*.`, for a wildcard route.
  String wildcardSuffix() {
    return domain.substring(WILDCARD.length());
  }

  private static boolean isDomain(String domain) {
    String rest = domain.startsWith(WILDCARD) ? domain.substring(WILDCARD.length()) : domain;
    if (rest.isEmpty() || rest.startsWith(".") || rest.endsWith(".") || rest.contains("..")) {
      return false;
    }
    if (rest.startsWith("[")) {
      return rest.length() > 2
          && rest.endsWith("]")
          && rest.chars().skip(1).limit(rest.length() - 2L).allMatch(Route::isAddressChar);
    }
    return rest.chars().allMatch(Route::isHostChar);
  }

  private static boolean isHostChar(int c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
  }

  private static boolean isAddressChar(int c) {
    return (c >= 'a' && c <= 'f') || (c >= '0' && c <= '9') || c == ':' || c == '.';
  }

  private static boolean isPathPrefix(String path) {
    if (path.isEmpty()) {
      return true;
    }
    return path.startsWith("/")
        && !path.endsWith("/")
        && !path.contains("//")
        && path.chars().allMatch(c -> c > ' ' && c < 0x7f && c != '?' && c != '#');
  }
}
