package io.penstock.api.client;

import io.penstock.api.SessionProof;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/// Header fields that go along with each request to a gateway, for a proxy on the way that asks for
/// them.
///
/// They may be secrets, so that only their names are ever shown.
///
/// @param fields in order; a name may come more than once
public record RequestHeaders(List<Field> fields) {

  /// One header field (RFC 9110, section 5).
  ///
  /// @param value printable ASCII characters, blanks and tabs
  public record Field(String name, String value) {

    /// @throws IllegalArgumentException when it is none, or one that the client sets by itself
    public Field {
      if (!TOKEN.matcher(name).matches()) {
        throw new IllegalArgumentException(
            "header name is \"%s\", allowed are letters, digits and %s"
                .formatted(shown(name), TOKEN_SIGNS));
      }
      if (OWN.contains(name.toLowerCase(Locale.ROOT))) {
        throw new IllegalArgumentException(
            "header %s is set by the client itself, allowed is any but %s"
                .formatted(name, OWN.stream().sorted().collect(Collectors.joining(", "))));
      }
      if (name.toLowerCase(Locale.ROOT).startsWith(NOT_SENT)) {
        throw new IllegalArgumentException(
            "header %s begins with %s, and the JDK's client sends no such header over a connection without a proxy of its own; take another name"
                .formatted(name, NOT_SENT));
      }
      if (!VALUE.matcher(value).matches()) {
        throw new IllegalArgumentException(
            "the value of header %s has other characters than printable ASCII ones, blanks and tabs"
                .formatted(name));
      }
    }

    private static String shown(String name) {
      String printable = name.replaceAll("[^ -~]", "?");
      return printable.length() > MAX_SHOWN_CHARS
          ? printable.substring(0, MAX_SHOWN_CHARS) + "…"
          : printable;
    }

    /// Leaves the value out.
    @Override
    public String toString() {
      return name;
    }
  }

  /// None at all.
  public static final RequestHeaders NONE = new RequestHeaders(List.of());

  /// More than any proxy asks for.
  public static final int MAX_FIELDS = 32;

  /// A quarter of the head of a request that a gateway reads.
  public static final int MAX_CHARS = 4096;

  private static final int MAX_SHOWN_CHARS = 64;

  private static final String TOKEN_SIGNS = "!#$%&'*+-.^_`|~";

  /// A token (RFC 9110, section 5.6.2).
  private static final Pattern TOKEN = Pattern.compile("[!#$%&'*+.^_`|~0-9A-Za-z-]+");

  /// What the JDK's client leaves out without a word.
  private static final String NOT_SENT = "proxy-";

  private static final Pattern VALUE = Pattern.compile("[\\t -~]*");

  /// What the clients set, and what tells where a message ends (RFC 9110, section 7.6.1).
  private static final Set<String> OWN =
      Set.of(
          "accept",
          "authorization",
          "connection",
          "content-length",
          "content-type",
          "expect",
          "host",
          "keep-alive",
          SessionProof.HEADER.toLowerCase(Locale.ROOT),
          "te",
          "trailer",
          "transfer-encoding",
          "upgrade");

  /// @throws IllegalArgumentException when they are too many or too long
  public RequestHeaders {
    fields = List.copyOf(fields);
    int chars =
        fields.stream().mapToInt(each -> each.name().length() + each.value().length()).sum();
    if (fields.size() > MAX_FIELDS || chars > MAX_CHARS) {
      throw new IllegalArgumentException(
          "headers are %d of %d characters, allowed are %d of %d"
              .formatted(fields.size(), chars, MAX_FIELDS, MAX_CHARS));
    }
  }
}
