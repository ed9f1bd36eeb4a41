package io.penstock.api.web;

import io.penstock.api.Json;
import io.penstock.api.Problem;
import java.util.Map;

/// One whole answer of an API.
///
/// @param status of the answer
/// @param contentType of the body, or empty when there is none
/// @param headers besides those of every answer
/// @param body sent in UTF-8, empty if there is none
public record WebResponse(int status, String contentType, Map<String, String> headers, String body)
    implements WebAnswer {

  /// An answer with a record in JSON.
  public static WebResponse json(int status, Object value) {
    return new WebResponse(status, "application/json", Map.of(), Json.writeText(value));
  }

  /// An answer with a text of the given type in UTF-8.
  public static WebResponse text(int status, String contentType, String text) {
    return new WebResponse(status, contentType, Map.of(), text);
  }

  /// The answer to a request that has been done and needs no words.
  public static WebResponse noContent() {
    return new WebResponse(204, "", Map.of(), "");
  }

  /// An error.
  static WebResponse problem(Problem problem, Map<String, String> headers) {
    return new WebResponse(
        problem.status(), Problem.CONTENT_TYPE, headers, Json.writeText(problem));
  }
}
