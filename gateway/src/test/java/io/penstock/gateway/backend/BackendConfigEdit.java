package io.penstock.gateway.backend;

import java.time.Duration;

/// The default limits with a few of them changed, for tests that do not want to wait.
final class BackendConfigEdit {

  private Duration helloLimit = BackendConfig.DEFAULT_HELLO_LIMIT;
  private int helloBytes = BackendConfig.DEFAULT_HELLO_BYTES;
  private int maxUnadmitted = BackendConfig.DEFAULT_MAX_UNADMITTED;
  private Duration pingInterval = BackendConfig.DEFAULT_PING_INTERVAL;
  private Duration pingLimit = BackendConfig.DEFAULT_PING_LIMIT;
  private PhiConfig phi = BackendConfig.DEFAULT.phi();

  BackendConfigEdit helloLimit(Duration limit) {
    this.helloLimit = limit;
    return this;
  }

  BackendConfigEdit helloBytes(int bytes) {
    this.helloBytes = bytes;
    return this;
  }

  BackendConfigEdit maxUnadmitted(int connections) {
    this.maxUnadmitted = connections;
    return this;
  }

  BackendConfigEdit pings(Duration interval, Duration limit) {
    this.pingInterval = interval;
    this.pingLimit = limit;
    return this;
  }

  BackendConfigEdit phi(PhiConfig phi) {
    this.phi = phi;
    return this;
  }

  BackendConfig apply() {
    BackendConfig base = BackendConfig.DEFAULT;
    return new BackendConfig(
        base.handshakeLimit(),
        helloLimit,
        helloBytes,
        maxUnadmitted,
        base.maxConnections(),
        pingInterval,
        pingLimit,
        base.keepAliveInterval(),
        base.keepAliveTimeout(),
        base.receiveBufferBytes(),
        base.streamWindowBytes(),
        base.originalReceiveBufferBytes(),
        base.stallLimit(),
        base.farewell(),
        phi);
  }
}
