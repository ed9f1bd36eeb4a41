package io.penstock.gateway.config;

import io.penstock.api.config.Inline;
import io.penstock.protocol.kcp.KcpConfig;
import io.penstock.transport.kcp.KcpServerLimits;

/// The table `kcp`: the knobs of KCP sessions, where `tunnel.kcp` enables them.
///
/// @param session the knobs of each session, under KCP's own names
/// @param unproven what addresses that have proven nothing may cost
public record KcpSettings(@Inline KcpConfig session, @Inline KcpServerLimits unproven) {

  /// What holds when nothing is set.
  public static final KcpSettings DEFAULT =
      new KcpSettings(KcpConfig.defaults(), KcpServerLimits.defaults());
}
