package io.penstock.api.web;

import io.netty.handler.codec.http.HttpHeaders;
import java.util.Map;
import java.util.Optional;

/// One whole request to an API.
///
/// @param method in capitals
/// @param path decoded, without the query
/// @param query its parameters, decoded; none is given twice
/// @param parameters what stands in the path for the `{names}` of the endpoint, decoded
/// @param headers as they came
/// @param body empty if there is none
public record WebRequest(
    String method,
    String path,
    Map<String, String> query,
    Map<String, String> parameters,
    HttpHeaders headers,
    String body) {

  /// The value of a header that may stand once.
  public Optional<String> header(String name) {
    return Optional.ofNullable(headers.get(name));
  }

  /// The secret of the `Authorization: Bearer` header (RFC 6750, section 2.1).
  public Optional<String> bearer() {
    return header("Authorization")
        .filter(value -> value.regionMatches(true, 0, "Bearer ", 0, 7))
        .map(value -> value.substring(7).strip());
  }

  /// What stands in the path for a `{name}` of the endpoint.
  ///
  /// @throws IllegalArgumentException when the endpoint has no such name
  public String parameter(String name) {
    String value = parameters.get(name);
    if (value == null) {
      throw new IllegalArgumentException("the endpoint has no {" + name + "}");
    }
    return value;
  }

  WebRequest withParameters(Map<String, String> values) {
    return new WebRequest(method, path, query, values, headers, body);
  }

  /// Names the request without its headers, which hold a token.
  @Override
  public String toString() {
    return method + " " + path;
  }
}
