package io.penstock.node.local;

import io.penstock.api.Listing;
import io.penstock.api.web.Endpoint;
import io.penstock.api.web.WebAnswer;
import io.penstock.api.web.WebApi;
import io.penstock.api.web.WebProblemException;
import io.penstock.api.web.WebRequest;
import io.penstock.api.web.WebResponse;
import io.penstock.api.web.WebStream;
import io.penstock.node.serve.ServeConfig;
import io.penstock.node.serve.ServeException;
import io.penstock.node.serve.ServeManager;
import io.penstock.node.serve.SetOptions;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/// What the local API can do.
///
/// | Endpoint | Answer |
/// |---|---|
/// | `GET /api/v1/node` | how the node is doing |
/// | `GET /api/v1/peers` | who else is on the overlay |
/// | `GET /api/v1/serve-config` | the serve config, its ETag in the header |
/// | `POST /api/v1/serve-config` | replaces it whole; with `If-Match` only if it has that ETag |
/// | `GET /api/v1/serve-control` | a control connection, see [ControlStream] |
///
/// Without `If-Match` a config takes the place of whatever is there, also of one that is stored and
/// cannot be served. Runs on the threads of the requests.
final class LocalEndpoints {

  static final String NODE = "/api/v1/node";
  static final String PEERS = "/api/v1/peers";
  static final String SERVE_CONFIG = "/api/v1/serve-config";
  static final String SERVE_CONTROL = "/api/v1/serve-control";

  /// `ignore` keeps what of a config is not supported, and serves the rest.
  static final String UNSUPPORTED = "unsupported";

  static final String IGNORE = "ignore";

  private final LocalApi.Behind behind;

  LocalEndpoints(LocalApi.Behind behind) {
    this.behind = behind;
  }

  List<Endpoint> all() {
    return List.of(
        new Endpoint("GET", NODE, _ -> WebResponse.json(200, behind.report().get())),
        new Endpoint("GET", PEERS, _ -> WebResponse.json(200, new Listing<>(behind.peers().get()))),
        new Endpoint("GET", SERVE_CONFIG, _ -> config()),
        new Endpoint("POST", SERVE_CONFIG, Set.of(UNSUPPORTED), this::setConfig),
        new Endpoint("GET", SERVE_CONTROL, _ -> control()));
  }

  private ServeManager restored() throws WebProblemException {
    try {
      return behind.serve().get();
    } catch (ServeException e) {
      throw problem(e);
    }
  }

  private WebResponse config() throws WebProblemException {
    ServeManager.Snapshot now = restored().get();
    return new WebResponse(200, "application/json", etag(now.etag()), now.config().toJson());
  }

  private WebResponse setConfig(WebRequest request) throws WebProblemException {
    WebApi.requireJson(request);
    SetOptions options = SetOptions.COMMAND_LINE;
    if (request.query().containsKey(UNSUPPORTED)) {
      if (!IGNORE.equals(request.query().get(UNSUPPORTED))) {
        throw new WebProblemException(
            400, "bad_request", "the query parameter unsupported is to be \"ignore\"");
      }
      options = options.ignoringUnsupported();
    }
    ServeConfig next = document(request);
    ServeManager serve;
    if (request.header("If-Match").isPresent()) {
      options = options.ifMatch(unquoted(request.header("If-Match").get()));
      serve = restored();
    } else {
      serve = behind.replaceable().get();
    }
    try {
      serve.set(next, options);
      return new WebResponse(204, "", etag(serve.get().etag()), "");
    } catch (ServeException e) {
      throw problem(e);
    } catch (IllegalStateException e) {
      throw new WebProblemException(503, "unavailable", String.valueOf(e.getMessage()));
    }
  }

  /// Before what is stored may be given up for it.
  private static ServeConfig document(WebRequest request) throws WebProblemException {
    try {
      return ServeConfig.parse(request.body());
    } catch (ServeException e) {
      throw problem(e);
    }
  }

  private WebAnswer control() throws WebProblemException {
    ServeManager serve = restored();
    return new WebStream("text/event-stream", sink -> ControlStream.run(serve, sink));
  }

  /// > An entity tag consists of an opaque quoted string (RFC 9110 section 8.8.3)
  private static Map<String, String> etag(String value) {
    return Map.of("ETag", "\"" + value + "\"");
  }

  static String unquoted(String etag) {
    boolean quoted = etag.length() >= 2 && etag.startsWith("\"") && etag.endsWith("\"");
    return quoted ? etag.substring(1, etag.length() - 1) : etag;
  }

  private static WebProblemException problem(ServeException e) {
    int status =
        switch (e.reason()) {
          case MALFORMED -> 400;
          case INVALID, UNSUPPORTED -> 422;
          case CONFLICT -> 412;
          case IN_USE, BIND -> 409;
          case CERTIFICATE -> 502;
          case STORAGE -> 500;
        };
    return new WebProblemException(
        status, e.reason().name().toLowerCase(Locale.ROOT), String.valueOf(e.getMessage()));
  }
}
