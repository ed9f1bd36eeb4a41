package io.penstock.gateway.ingress;

import io.penstock.transport.relay.ExchangeLimits;
import io.penstock.transport.relay.HeadReader;
import io.penstock.transport.relay.HttpConnection;
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
    ExchangeLimits exchangeLimits,
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
        exchangeLimits(config),
        draining);
  }

  /// What a visitor connection takes, and how long it waits.
  HttpConnection.Limits limits() {
    return new HttpConnection.Limits(
        new HeadReader.Limits(config.maxHeadBytes(), config.maxHeaders(), config.maxTargetBytes()),
        config.headTimeout().toNanos(),
        config.keepAliveTimeout().toNanos(),
        exchangeLimits.checkNanos(),
        config.drainTimeout().toNanos(),
        config.maxDrainBytes(),
        config.stallTimeout().toNanos());
  }

  HeadReader responseReader() {
    return new HeadReader(
        HeadReader.Kind.RESPONSE,
        new HeadReader.Limits(config.maxHeadBytes(), config.maxHeaders(), 0));
  }

  private static ExchangeLimits exchangeLimits(IngressConfig config) {
    return new ExchangeLimits(
        config.openTimeout().toNanos(),
        config.bodyTimeout().toNanos(),
        config.responseTimeout().toNanos(),
        config.stallTimeout().toNanos(),
        config.upgradedTimeout().toNanos());
  }
}
