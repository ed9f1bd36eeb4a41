package io.penstock.gateway.ingress;

import io.penstock.transport.relay.HeadReader;
import java.util.function.BooleanSupplier;

/// What every visitor connection of one [Ingress] shares.
///
/// @param draining whether connections end after the response that they are busy with
record IngressSetup(
    IngressConfig config,
    RouteTable routes,
    Upstreams upstreams,
    IngressCounters counters,
    TrustedProxies proxies,
    AccessLog log,
    Timeouts timeouts,
    BooleanSupplier draining) {

  static IngressSetup of(
      IngressConfig config,
      RouteTable routes,
      Upstreams upstreams,
      IngressCounters counters,
      BooleanSupplier draining) {
    return new IngressSetup(
        config,
        routes,
        upstreams,
        counters,
        TrustedProxies.parse(config.trustedProxies()),
        new AccessLog(config.accessLog()),
        Timeouts.of(config),
        draining);
  }

  HeadReader requestReader() {
    return new HeadReader(
        HeadReader.Kind.REQUEST,
        new HeadReader.Limits(config.maxHeadBytes(), config.maxHeaders(), config.maxTargetBytes()));
  }

  HeadReader responseReader() {
    return new HeadReader(
        HeadReader.Kind.RESPONSE,
        new HeadReader.Limits(config.maxHeadBytes(), config.maxHeaders(), 0));
  }

  /// The limits on waiting, converted once.
  record Timeouts(
      long headNanos,
      long keepAliveNanos,
      long openNanos,
      long bodyNanos,
      long responseNanos,
      long stallNanos,
      long upgradedNanos,
      long drainNanos) {

    /// How often an exchange is looked at: as often as its shortest limit needs.
    long checkNanos() {
      return Math.min(
          Math.min(openNanos, bodyNanos),
          Math.min(responseNanos, Math.min(stallNanos, upgradedNanos)));
    }

    static Timeouts of(IngressConfig config) {
      return new Timeouts(
          config.headTimeout().toNanos(),
          config.keepAliveTimeout().toNanos(),
          config.openTimeout().toNanos(),
          config.bodyTimeout().toNanos(),
          config.responseTimeout().toNanos(),
          config.stallTimeout().toNanos(),
          config.upgradedTimeout().toNanos(),
          config.drainTimeout().toNanos());
    }
  }
}
