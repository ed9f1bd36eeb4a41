package io.penstock.api;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import java.net.IDN;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// The name of a route, `DOMAIN[/PATH]`, in the one spelling that the store and the ingress
/// compare.
///
/// The domain is lower case, in ASCII (IDNA, RFC 3490), without a final dot, of two labels or more;
/// its first label may be `*`. The path is empty or starts with a slash, ends with none, and has
/// whole segments of RFC 3986 path characters, percent-encoded only where it must be. So two names
/// mean the same route exactly when their texts are equal.
///
/// @param domain for example `app.example.com` or `*.example.com`
/// @param path for example `/api/v2`, or empty for every path
public record RouteName(String domain, String path) {

  /// The longest text that is looked at.
  public static final int MAX_CHARS = 1024;

  private static final int MAX_DOMAIN_CHARS = 253;
  private static final int MAX_PATH_CHARS = 512;
  private static final String WILDCARD = "*.";
  private static final Pattern LABEL = Pattern.compile("[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?");

  /// RFC 3986, section 3.3: `pchar = unreserved / pct-encoded / sub-delims / ":" / "@"`.
  private static final Pattern SEGMENT =
      Pattern.compile("([A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})+");

  private static final Pattern ENCODED = Pattern.compile("%([0-9A-Fa-f]{2})");

  public RouteName {
    if (!domain.equals(normalDomain(domain, domain)) || !path.equals(normalPath(path, path))) {
      throw new IllegalArgumentException(
          "\"" + domain + path + "\" is not in normal form; read it with RouteName.parse");
    }
  }

  /// Reads a route and brings it into its one spelling.
  ///
  /// @throws IllegalArgumentException when it is none, with what is wrong and what is allowed
  @JsonCreator
  public static RouteName parse(String text) {
    if (text.length() > MAX_CHARS) {
      throw new IllegalArgumentException(
          "a route of %d characters is too long, allowed is %d"
              .formatted(text.length(), MAX_CHARS));
    }
    if (text.contains("://")) {
      throw refused(text, "is a URL; leave out the scheme");
    }
    int slash = text.indexOf('/');
    String domain = slash < 0 ? text : text.substring(0, slash);
    String path = slash < 0 ? "" : text.substring(slash);
    return new RouteName(normalDomain(text, domain), normalPath(text, path));
  }

  /// Whether the first label stands for any name.
  public boolean isWildcard() {
    return domain.startsWith(WILDCARD);
  }

  /// The domain without `*.`: the host itself, or the one below which all names are meant.
  public String host() {
    return isWildcard() ? domain.substring(WILDCARD.length()) : domain;
  }

  /// The text, as `route add` prints it.
  @Override
  @JsonValue
  public String toString() {
    return domain + path;
  }

  /// The target of a request with its path spelled as the path of a route is: encoded only where it
  /// must be, and that in capitals (RFC 3986 sections 6.2.2.1 and 6.2.2.2). What is no valid
  /// encoding stays as it is, and so does the query.
  public static String comparablePath(String target) {
    int at = target.indexOf('%');
    int end = target.indexOf('?');
    if (at < 0 || (end >= 0 && end < at)) {
      return target;
    }
    String path = end < 0 ? target : target.substring(0, end);
    String comparable =
        ENCODED
            .matcher(path)
            .replaceAll(
                encoded -> {
                  char c = (char) Integer.parseInt(encoded.group(1), 16);
                  return Matcher.quoteReplacement(
                      isUnreserved(c)
                          ? String.valueOf(c)
                          : encoded.group().toUpperCase(Locale.ROOT));
                });
    return end < 0 ? comparable : comparable + target.substring(end);
  }

  private static String normalDomain(String text, String domain) {
    if (domain.indexOf(':') >= 0) {
      throw refused(text, "has a port or an IPv6 address; a route is reached on every public port");
    }
    boolean wildcard = domain.startsWith(WILDCARD);
    String rest = wildcard ? domain.substring(WILDCARD.length()) : domain;
    if (rest.indexOf('*') >= 0) {
      throw refused(text, "has a * that is not a whole first label");
    }
    String ascii = ascii(text, rest.endsWith(".") ? rest.substring(0, rest.length() - 1) : rest);
    String[] labels = ascii.split("\\.", -1);
    for (String label : labels) {
      if (!LABEL.matcher(label).matches()) {
        throw refused(text, "has a label that is not 1 to 63 letters, digits and inner hyphens");
      }
    }
    if (labels.length < 2 && !(wildcard && ascii.equals("localhost"))) {
      // A single label could be confused with the host that health checks ask for.
      throw refused(text, "has too few labels");
    }
    String normal = wildcard ? WILDCARD + ascii : ascii;
    if (normal.length() > MAX_DOMAIN_CHARS) {
      throw refused(text, "has a domain longer than " + MAX_DOMAIN_CHARS + " characters");
    }
    return normal;
  }

  private static String ascii(String text, String domain) {
    for (int i = 0; i < domain.length(); i++) {
      char c = domain.charAt(i);
      if (c <= ' ' || c == 0x7F || c == '?' || c == '#' || c == '@' || c == '\\' || c == '%') {
        throw refused(text, "has a character in its domain that no domain has");
      }
    }
    if (domain.isEmpty() || domain.startsWith(".") || domain.contains("..")) {
      throw refused(text, "has an empty label");
    }
    try {
      return IDN.toASCII(domain).toLowerCase(Locale.ROOT);
    } catch (IllegalArgumentException | IndexOutOfBoundsException _) {
      throw refused(text, "has a domain that IDNA does not allow");
    }
  }

  private static String normalPath(String text, String path) {
    if (path.isEmpty() || path.equals("/")) {
      return "";
    }
    if (path.length() > MAX_PATH_CHARS) {
      throw refused(text, "has a path longer than " + MAX_PATH_CHARS + " characters");
    }
    if (path.indexOf('?') >= 0 || path.indexOf('#') >= 0) {
      throw refused(text, "has a query or a fragment");
    }
    String trimmed = path.endsWith("/") ? path.substring(0, path.length() - 1) : path;
    for (String segment : trimmed.substring(1).split("/", -1)) {
      checkSegment(text, segment);
    }
    return ENCODED.matcher(trimmed).replaceAll(m -> m.group().toUpperCase(Locale.ROOT));
  }

  private static void checkSegment(String text, String segment) {
    if (segment.isEmpty()) {
      throw refused(text, "has an empty path segment");
    }
    if (segment.equals(".") || segment.equals("..")) {
      throw refused(text, "has a dot segment in its path");
    }
    if (!SEGMENT.matcher(segment).matches()) {
      throw refused(text, "has a character in its path that must be percent-encoded");
    }
    ENCODED
        .matcher(segment)
        .results()
        .forEach(
            encoded -> {
              char c = (char) Integer.parseInt(encoded.group(1), 16);
              if (c < ' ' || c == 0x7F || c == '/' || c == '\\') {
                throw refused(text, "has an encoded slash or control character in its path");
              }
              if (isUnreserved(c)) {
                throw refused(text, "has %s where %s is meant".formatted(encoded.group(), c));
              }
            });
  }

  /// RFC 3986, section 2.3: these "should not be percent-encoded".
  private static boolean isUnreserved(char c) {
    return c < 0x80 && (Character.isLetterOrDigit(c) || "-._~".indexOf(c) >= 0);
  }

  private static IllegalArgumentException refused(String text, String fault) {
    StringBuilder shown = new StringBuilder();
    text.chars().limit(200).forEach(c -> shown.append(Character.isISOControl(c) ? '?' : (char) c));
    return new IllegalArgumentException(
        "route \"%s\" %s; allowed is DOMAIN[/PATH] such as app.example.com, *.example.com or app.localhost/api"
            .formatted(shown, fault));
  }
}
