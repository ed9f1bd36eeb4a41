package io.penstock.api.web;

import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.QueryStringDecoder;
import io.penstock.api.Json;
import io.penstock.api.MalformedJsonException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A list of endpoints with one gate before all of them; turns a request into an answer.
///
/// Safe for use by several threads.
public final class WebApi {

  private static final Logger LOG = LoggerFactory.getLogger(WebApi.class);

  /// No endpoint has more.
  private static final int MAX_QUERY_PARAMETERS = 16;

  /// What every request has to pass first.
  @FunctionalInterface
  public interface Gate {

    /// Lets the request pass.
    ///
    /// @throws WebProblemException to refuse it
    void check(WebRequest request) throws WebProblemException;
  }

  /// How the errors of an API name what is behind it.
  ///
  /// @param program such as `the gateway`
  /// @param needs without which it cannot answer, such as `its storage`
  /// @param index where the paths are listed
  public record Words(String program, String needs, String index) {

    /// Those of a gateway.
    public static final Words GATEWAY =
        new Words("the gateway", "its storage", "/api/v1/openapi.json");
  }

  private final Words words;
  private final Gate gate;
  private final List<Endpoint> endpoints;

  public WebApi(Words words, Gate gate, List<Endpoint> endpoints) {
    this.words = words;
    this.gate = gate;
    this.endpoints = List.copyOf(endpoints);
  }

  /// What this API can do.
  public List<Endpoint> endpoints() {
    return endpoints;
  }

  /// Makes sure that the body of a request is meant as JSON.
  public static void requireJson(WebRequest request) throws WebProblemException {
    String contentType = request.header("Content-Type").orElse("");
    if (!contentType.matches("(?i)application/json\\s*(;.*)?")) {
      throw new WebProblemException(
          415, "no_json", "the body must be JSON, with Content-Type: application/json");
    }
  }

  /// Reads the body of a request, or says what is wrong with it.
  public static <T> T body(WebRequest request, Class<T> type) throws WebProblemException {
    requireJson(request);
    try {
      return Json.readRequest(request.body().getBytes(StandardCharsets.UTF_8), type);
    } catch (MalformedJsonException e) {
      throw new WebProblemException(400, "bad_request", String.valueOf(e.getMessage()));
    }
  }

  /// The answer to what comes too late.
  WebProblemException goingDown() {
    return new WebProblemException(503, "unavailable", words.program() + " is going down");
  }

  /// Answers a request; never throws, but for what no program survives.
  WebAnswer answer(String method, String target, HttpHeaders headers, byte[] body) {
    try {
      WebRequest request = request(method, target, headers, body);
      gate.check(request);
      return route(request, segments(target));
    } catch (WebProblemException e) {
      return e.response();
    } catch (IOException e) {
      LOG.warn(
          "api request failed method={} reason=unavailable cause=\"{}\"", method, e.getMessage());
      return new WebProblemException(
              503,
              "unavailable",
              "%s cannot do this now: %s does not answer".formatted(words.program(), words.needs()))
          .response();
    } catch (RuntimeException e) {
      LOG.error("api request failed method={} reason=internal", method, e);
      return new WebProblemException(
              500, "internal", words.program() + " failed; its log says more")
          .response();
    }
  }

  private WebAnswer route(WebRequest request, List<String> segments)
      throws WebProblemException, IOException {
    Set<String> methods = new TreeSet<>();
    for (Endpoint endpoint : endpoints) {
      Optional<Map<String, String>> parameters = endpoint.match(segments);
      if (parameters.isPresent()) {
        if (endpoint.takes(request.method())) {
          checkQuery(endpoint, request);
          return endpoint.handler().handle(request.withParameters(parameters.get()));
        }
        methods.add(endpoint.method());
      }
    }
    if (methods.isEmpty()) {
      throw new WebProblemException(
          404, "no_such_path", "there is nothing at this path; see " + words.index());
    }
    throw new WebProblemException(
        405,
        "wrong_method",
        "this path takes " + String.join(", ", methods),
        Map.of("Allow", String.join(", ", methods)));
  }

  private static void checkQuery(Endpoint endpoint, WebRequest request) throws WebProblemException {
    for (String name : request.query().keySet()) {
      if (!endpoint.queryParameters().contains(name)) {
        throw new WebProblemException(
            400,
            "bad_request",
            "unknown query parameter, allowed is %s"
                .formatted(
                    endpoint.queryParameters().isEmpty()
                        ? "none"
                        : String.join(", ", new TreeSet<>(endpoint.queryParameters()))));
      }
    }
  }

  private static WebRequest request(String method, String target, HttpHeaders headers, byte[] body)
      throws WebProblemException {
    if (!target.startsWith("/")) {
      throw new WebProblemException(400, "bad_request", "the request target must be a path");
    }
    try {
      QueryStringDecoder decoder =
          new QueryStringDecoder(target, StandardCharsets.UTF_8, true, MAX_QUERY_PARAMETERS);
      Map<String, String> query = new HashMap<>();
      for (Map.Entry<String, List<String>> each : decoder.parameters().entrySet()) {
        if (each.getValue().size() > 1) {
          throw new WebProblemException(400, "bad_request", "a query parameter is given twice");
        }
        query.put(each.getKey(), each.getValue().getFirst());
      }
      return new WebRequest(method, decoder.path(), query, Map.of(), headers, text(body));
    } catch (CharacterCodingException _) {
      throw new WebProblemException(400, "bad_request", "the body is not text in UTF-8");
    } catch (IllegalArgumentException _) {
      throw new WebProblemException(400, "bad_request", "the request target is badly encoded");
    }
  }

  private static String text(byte[] body) throws CharacterCodingException {
    return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(body)).toString();
  }

  /// Splits before it decodes, so that an encoded slash stays within its segment.
  private static List<String> segments(String target) {
    int query = target.indexOf('?');
    String path = query < 0 ? target : target.substring(0, query);
    List<String> segments = new ArrayList<>();
    for (String each : path.split("/", -1)) {
      segments.add(QueryStringDecoder.decodeComponent(each.replace("+", "%2B")));
    }
    return segments;
  }
}
