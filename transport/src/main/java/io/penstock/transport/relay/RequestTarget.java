package io.penstock.transport.relay;

import org.jspecify.annotations.Nullable;

/// Where a request wants to go: read from its target and its `Host` (RFC 9112 section 3.2).
///
/// @param authority host and port as they were sent, for the `Host` that is passed on
/// @param host lower-case host name without port, empty when an HTTP/1.0 request names none
/// @param path origin-form target with its query, or `*`
/// @param form how the target was written
public record RequestTarget(String authority, String host, String path, Form form) {

  /// How a request target is written.
  public enum Form {
    /// As a path, or `*`, with the authority in `Host`: the head says it already.
    ORIGIN,
    /// As a URL, so that path and `Host` have to be written anew.
    ABSOLUTE
  }

  /// Reads the target of a parsed head, or returns null when it is in no form that is served here.
  public static @Nullable RequestTarget of(HttpHead head) {
    String target = head.target();
    String hostField = head.value(KnownField.HOST);
    if (target.startsWith("/")) {
      return head.isMethod("CONNECT") ? null : at(hostField, target, Form.ORIGIN);
    }
    if (target.equals("*")) {
      return head.isMethod("OPTIONS") ? at(hostField, target, Form.ORIGIN) : null;
    }
    return absolute(head, target);
  }

  /// > When an origin server receives a request with an absolute-form of request-target, the origin
  /// > server MUST ignore the received Host header field (if any) and instead use the host
  /// > information of the request-target. (RFC 9112 section 3.2.2)
  private static @Nullable RequestTarget absolute(HttpHead head, String target) {
    int start = afterScheme(target);
    if (start < 0 || head.isMethod("CONNECT")) {
      return null;
    }
    int end = start;
    while (end < target.length() && target.charAt(end) != '/' && target.charAt(end) != '?') {
      end++;
    }
    String authority = target.substring(start, end);
    if (authority.isEmpty() || !Authority.isValid(authority)) {
      return null;
    }
    String rest = target.substring(end);
    if (rest.isEmpty()) {
      rest = head.isMethod("OPTIONS") ? "*" : "/";
    } else if (rest.charAt(0) == '?') {
      rest = "/" + rest;
    }
    return at(authority, rest, Form.ABSOLUTE);
  }

  private static int afterScheme(String target) {
    if (target.regionMatches(true, 0, "http://", 0, 7)) {
      return 7;
    }
    return target.regionMatches(true, 0, "https://", 0, 8) ? 8 : -1;
  }

  private static RequestTarget at(@Nullable String named, String path, Form form) {
    String authority = named == null ? "" : named;
    return new RequestTarget(authority, Authority.host(authority), path, form);
  }
}
