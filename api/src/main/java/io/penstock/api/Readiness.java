package io.penstock.api;

/// Whether a gateway should be sent work, as `/readyz` tells.
///
/// @param ready whether it should
/// @param phase what the gateway is doing
/// @param storage whether its database answers
public record Readiness(boolean ready, GatewayStatus.Phase phase, boolean storage) {}
