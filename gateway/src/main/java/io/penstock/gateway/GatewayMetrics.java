package io.penstock.gateway;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.penstock.gateway.backend.BackendCounters;
import io.penstock.gateway.backend.Backends;
import io.penstock.gateway.backend.TunnelServer;
import io.penstock.gateway.ingress.IngressCounters;
import java.util.Map;

/// The numbers of a gateway as `/metrics` shows them.
final class GatewayMetrics {

  private GatewayMetrics() {}

  static PrometheusMeterRegistry of(
      IngressCounters ingress, TunnelServer tunnel, Backends backends) {
    var registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    for (int hundreds = 1; hundreds <= 5; hundreds++) {
      int each = hundreds;
      FunctionCounter.builder("penstock.ingress.responses", ingress, it -> it.responses(each))
          .description("Responses to visitors by the first digit of their status")
          .tag("class", each + "xx")
          .register(registry);
    }
    FunctionCounter.builder("penstock.ingress.aborted", ingress, IngressCounters::aborted)
        .description("Responses that were cut short")
        .register(registry);
    FunctionCounter.builder("penstock.ingress.received", ingress, IngressCounters::receivedBytes)
        .baseUnit("bytes")
        .description("Bytes from visitors, above TLS")
        .register(registry);
    FunctionCounter.builder("penstock.ingress.sent", ingress, IngressCounters::sentBytes)
        .baseUnit("bytes")
        .description("Bytes to visitors, above TLS")
        .register(registry);
    Gauge.builder("penstock.ingress.connections", ingress, IngressCounters::connections)
        .description("Visitor connections that are open")
        .register(registry);
    FunctionCounter.builder(
            "penstock.ingress.connections.refused", ingress, IngressCounters::connectionsRefused)
        .description("Visitor connections closed because there were too many")
        .register(registry);
    Gauge.builder("penstock.ingress.in.flight", ingress, IngressCounters::inFlight)
        .description("Requests between their head and the end of their response")
        .register(registry);
    Gauge.builder("penstock.tunnel.backends", backends, Backends::size)
        .description("Agent connections that are registered")
        .register(registry);
    Gauge.builder("penstock.tunnel.unadmitted", tunnel, TunnelServer::unadmitted)
        .description("Connections to the tunnel port that are not admitted yet")
        .register(registry);
    FunctionCounter.builder("penstock.tunnel.evicted", tunnel, TunnelServer::evicted)
        .description("Connections closed before their admission to make room for newer ones")
        .register(registry);
    FunctionCounter.builder("penstock.tunnel.admitted", tunnel, it -> it.counters().admitted())
        .description("Agent connections admitted")
        .register(registry);
    new JvmMemoryMetrics().bindTo(registry);
    byReason(registry, tunnel);
    return registry;
  }

  /// Reasons show up as they happen, and so do their counters.
  private static void byReason(PrometheusMeterRegistry registry, TunnelServer tunnel) {
    BackendCounters counters = tunnel.counters();
    counters.watch(
        (event, code) ->
            (switch (event) {
                  case REFUSED ->
                      FunctionCounter.builder(
                              "penstock.tunnel.refused", counters, it -> of(it.refused(), code))
                          .description("Agent connections refused, by reason");
                  case ENDED ->
                      FunctionCounter.builder(
                              "penstock.tunnel.ended", counters, it -> of(it.ended(), code))
                          .description("Admitted connections that ended, by reason");
                })
                .tag("reason", code)
                .register(registry));
  }

  private static long of(Map<String, Long> counts, String code) {
    return counts.getOrDefault(code, 0L);
  }
}
