package io.penstock.gateway.backend;

import io.penstock.api.tunnel.TunnelNames;
import io.penstock.protocol.smux.SmuxConfig;

/// The two dialects of the reverse tunnel (`docs/protocol/tun2.md`).
public enum TunnelProtocol {
  /// The original: smux 1, one route, no answer to the greeting.
  ORIGINAL("tun2"),
  /// Our own: smux 2 with large windows, several routes, an answer.
  OWN(TunnelNames.ALPN_AGENT);

  private final String label;

  TunnelProtocol(String label) {
    this.label = label;
  }

  /// The name that logs, metrics and the admin API show.
  public String label() {
    return label;
  }

  SmuxConfig smux(BackendConfig config) {
    var common =
        switch (this) {
          case ORIGINAL ->
              SmuxConfig.original().toBuilder()
                  .maxReceiveBufferBytes(config.originalReceiveBufferBytes())
                  .stallLimit(config.stallLimit());
          case OWN ->
              SmuxConfig.own().toBuilder()
                  .maxReceiveBufferBytes(config.receiveBufferBytes())
                  .maxStreamBufferBytes(config.streamWindowBytes());
        };
    return common.keepAlive(config.keepAliveInterval(), config.keepAliveTimeout()).build();
  }
}
