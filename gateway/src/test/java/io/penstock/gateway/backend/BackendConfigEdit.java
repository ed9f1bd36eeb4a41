package io.penstock.gateway.backend;

import java.time.Duration;

/// The default limits with a few of them changed, for tests that do not want to wait.
final class BackendConfigEdit {

  private Duration helloLimit = BackendConfig.DEFAULT_HELLO_LIMIT;
  private int helloBytes = BackendConfig.DEFAULT_HELLO_BYTES;
  private int maxUnadmitted = BackendConfig.DEFAULT_MAX_UNADMITTED;

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

  BackendConfig apply() {
    BackendConfig base = BackendConfig.DEFAULT;
    return new BackendConfig(
        base.handshakeLimit(),
        helloLimit,
        helloBytes,
        maxUnadmitted,
        base.maxConnections(),
        base.keepAliveInterval(),
        base.keepAliveTimeout(),
        base.receiveBufferBytes(),
        base.streamWindowBytes(),
        base.originalReceiveBufferBytes(),
        base.stallLimit(),
        base.farewell());
  }
}
