package io.penstock.gateway.admin;

import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.penstock.api.GatewayStatus;
import io.penstock.api.Readiness;
import io.penstock.api.web.Endpoint;
import io.penstock.api.web.WebHandler;
import io.penstock.api.web.WebResponse;
import io.penstock.gateway.store.Storage;
import io.penstock.gateway.store.StorageException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.function.UnaryOperator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The endpoints that tell how the gateway is doing, and the OpenAPI document.
///
/// Health checks and the document are for everybody who reaches the listener. The metrics name
/// domains, so beyond the loopback they take an admin token.
final class Observability {

  private static final Logger LOG = LoggerFactory.getLogger(Observability.class);
  private static final String OPENAPI = readDocument();

  private final Storage storage;
  private final Operations operations;
  private final PrometheusMeterRegistry metrics;

  Observability(Storage storage, Operations operations, PrometheusMeterRegistry metrics) {
    this.storage = storage;
    this.operations = operations;
    this.metrics = metrics;
  }

  /// The endpoints, the metrics behind the guard.
  List<Endpoint> endpoints(UnaryOperator<WebHandler> metricsGuard) {
    return List.of(
        new Endpoint(
            "GET", "/api/v1/openapi.json", _ -> WebResponse.text(200, "application/json", OPENAPI)),
        new Endpoint(
            "GET", "/healthz", _ -> WebResponse.text(200, "text/plain; charset=utf-8", "ok\n")),
        new Endpoint("GET", "/readyz", _ -> readiness()),
        new Endpoint("GET", "/metrics", metricsGuard.apply(_ -> scrape())));
  }

  private WebResponse readiness() {
    boolean storageAnswers;
    try {
      storage.ping();
      storageAnswers = true;
    } catch (StorageException e) {
      LOG.warn("not ready reason=storage cause=\"{}\"", e.getMessage());
      storageAnswers = false;
    }
    GatewayStatus.Phase phase = operations.status().phase();
    boolean ready = storageAnswers && phase == GatewayStatus.Phase.SERVING;
    return WebResponse.json(ready ? 200 : 503, new Readiness(ready, phase, storageAnswers));
  }

  /// The text format 0.0.4, which every collector takes.
  private WebResponse scrape() {
    return WebResponse.text(200, "text/plain; version=0.0.4; charset=utf-8", metrics.scrape());
  }

  private static String readDocument() {
    try (InputStream in = Observability.class.getResourceAsStream("openapi.json")) {
      if (in == null) {
        throw new IllegalStateException("this program was packed without openapi.json");
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new IllegalStateException("cannot read openapi.json", e);
    }
  }
}
