package io.penstock.gateway;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.penstock.gateway.overlay.Overlay;
import io.penstock.gateway.overlay.router.DropReason;
import io.penstock.gateway.overlay.router.RouterReport;
import io.penstock.protocol.netstack.icmp.IcmpError;
import java.util.Locale;
import java.util.function.ToDoubleFunction;

/// The numbers of the overlay as `/metrics` shows them.
final class OverlayMetrics {

  private OverlayMetrics() {}

  static void bind(MeterRegistry registry, Overlay overlay) {
    Gauge.builder("penstock.overlay.nodes", overlay, Overlay::nodes)
        .description("Nodes that are connected")
        .register(registry);
    gauge(registry, overlay, "routes", "Addresses that are leased", RouterReport::routes);
    gauge(registry, overlay, "hold", "Those that are on hold", RouterReport::onHold);
    gauge(registry, overlay, "flows", "Flows between users", RouterReport::flows);
    gauge(registry, overlay, "queued.bytes", "Waiting for tunnels", RouterReport::queuedBytes);
    counter(registry, overlay, "received", "Packets of nodes", RouterReport::receivedPackets);
    counter(registry, overlay, "sent", "Packets to nodes", RouterReport::sentPackets);
    counter(registry, overlay, "received.bytes", "And their bytes", RouterReport::receivedBytes);
    counter(registry, overlay, "sent.bytes", "And their bytes", RouterReport::sentBytes);
    counter(registry, overlay, "marked", "Packets marked (ECN)", RouterReport::congestionMarks);
    counter(registry, overlay, "icmp.held", "ICMP errors unsent", RouterReport::icmpSuppressed);
    for (DropReason reason : DropReason.values()) {
      FunctionCounter.builder(
              "penstock.overlay.dropped",
              overlay,
              it -> it.routed().drops().getOrDefault(reason, 0L))
          .description("Packets that went no further, by reason")
          .tag("reason", reason.name().toLowerCase(Locale.ROOT))
          .register(registry);
    }
    for (IcmpError error : IcmpError.values()) {
      FunctionCounter.builder(
              "penstock.overlay.icmp",
              overlay,
              it -> it.routed().icmpSent().getOrDefault(error, 0L))
          .description("ICMP errors sent, by kind")
          .tag("error", error.code())
          .register(registry);
    }
    FunctionCounter.builder(
            "penstock.overlay.tunnels.established", overlay, it -> it.tunnelled().established())
        .description("Tunnels established")
        .register(registry);
    FunctionCounter.builder(
            "penstock.overlay.tunnels.refused", overlay, it -> it.tunnelled().refused())
        .description("Connections that did not become tunnels")
        .register(registry);
  }

  private static void gauge(
      MeterRegistry registry,
      Overlay overlay,
      String name,
      String description,
      ToDoubleFunction<RouterReport> value) {
    Gauge.builder("penstock.overlay." + name, overlay, it -> value.applyAsDouble(it.routed()))
        .description(description)
        .register(registry);
  }

  private static void counter(
      MeterRegistry registry,
      Overlay overlay,
      String name,
      String description,
      ToDoubleFunction<RouterReport> value) {
    FunctionCounter.builder(
            "penstock.overlay." + name, overlay, it -> value.applyAsDouble(it.routed()))
        .description(description)
        .register(registry);
  }
}
