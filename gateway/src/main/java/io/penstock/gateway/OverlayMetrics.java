package io.penstock.gateway;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.penstock.gateway.overlay.Overlay;
import io.penstock.gateway.overlay.router.DropReason;
import io.penstock.gateway.overlay.router.RouterReport;
import io.penstock.protocol.netstack.icmp.IcmpError;
import java.time.Duration;
import java.util.Locale;
import java.util.function.ToDoubleFunction;

/// The numbers of the overlay as `/metrics` shows them.
final class OverlayMetrics {

  /// One scrape asks all meters within that time, and no two scrapes are that close.
  private static final Duration SCRAPE = Duration.ofMillis(500);

  private final MeterRegistry registry;
  private final Overlay overlay;
  private final Recent<RouterReport> routed;

  private OverlayMetrics(MeterRegistry registry, Overlay overlay) {
    this.registry = registry;
    this.overlay = overlay;
    this.routed = new Recent<>(overlay::routed, SCRAPE, System::nanoTime);
  }

  static void bind(MeterRegistry registry, Overlay overlay) {
    new OverlayMetrics(registry, overlay).register();
  }

  private void register() {
    Gauge.builder("penstock.overlay.nodes", overlay, Overlay::nodes)
        .description("Nodes that are connected")
        .register(registry);
    gauge("routes", "Addresses that are leased", RouterReport::routes);
    gauge("hold", "Those that are on hold", RouterReport::onHold);
    gauge("flows", "Flows between users", RouterReport::flows);
    gauge("queued.bytes", "Waiting for tunnels", RouterReport::queuedBytes);
    counter("received", "Packets of nodes", RouterReport::receivedPackets);
    counter("sent", "Packets to nodes", RouterReport::sentPackets);
    counter("received.bytes", "And their bytes", RouterReport::receivedBytes);
    counter("sent.bytes", "And their bytes", RouterReport::sentBytes);
    counter("marked", "Packets marked (ECN)", RouterReport::congestionMarks);
    counter("icmp.held", "ICMP errors unsent", RouterReport::icmpSuppressed);
    for (DropReason reason : DropReason.values()) {
      FunctionCounter.builder(
              "penstock.overlay.dropped",
              overlay,
              _ -> routed.get().drops().getOrDefault(reason, 0L))
          .description("Packets that went no further, by reason")
          .tag("reason", reason.name().toLowerCase(Locale.ROOT))
          .register(registry);
    }
    for (IcmpError error : IcmpError.values()) {
      FunctionCounter.builder(
              "penstock.overlay.icmp",
              overlay,
              _ -> routed.get().icmpSent().getOrDefault(error, 0L))
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

  private void gauge(String name, String description, ToDoubleFunction<RouterReport> value) {
    Gauge.builder("penstock.overlay." + name, overlay, _ -> value.applyAsDouble(routed.get()))
        .description(description)
        .register(registry);
  }

  private void counter(String name, String description, ToDoubleFunction<RouterReport> value) {
    FunctionCounter.builder(
            "penstock.overlay." + name, overlay, _ -> value.applyAsDouble(routed.get()))
        .description(description)
        .register(registry);
  }
}
