package io.penstock.api.web;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// One thing that an API can do.
///
/// @param method in capitals; a `GET` answers `HEAD` too
/// @param template the path, in which `{name}` stands for any one segment
/// @param queryParameters those that may be given
/// @param handler answers
public record Endpoint(
    String method, String template, Set<String> queryParameters, WebHandler handler) {
  public Endpoint {
    queryParameters = Set.copyOf(queryParameters);
  }

  /// An endpoint without query parameters.
  public Endpoint(String method, String template, WebHandler handler) {
    this(method, template, Set.of(), handler);
  }

  boolean takes(String requested) {
    return method.equals(requested) || (method.equals("GET") && requested.equals("HEAD"));
  }

  /// The values of the template's names if the path is one of this endpoint's.
  ///
  /// @param segments of the path, decoded
  Optional<Map<String, String>> match(List<String> segments) {
    List<String> wanted = List.of(template.split("/", -1));
    if (wanted.size() != segments.size()) {
      return Optional.empty();
    }
    Map<String, String> parameters = new HashMap<>();
    for (int i = 0; i < wanted.size(); i++) {
      String each = wanted.get(i);
      if (each.startsWith("{") && !segments.get(i).isEmpty()) {
        parameters.put(each.substring(1, each.length() - 1), segments.get(i));
      } else if (!each.equals(segments.get(i))) {
        return Optional.empty();
      }
    }
    return Optional.of(parameters);
  }
}
