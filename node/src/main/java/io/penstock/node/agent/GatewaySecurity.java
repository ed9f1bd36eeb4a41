package io.penstock.node.agent;

import io.penstock.transport.tls.Trust;

/// How the way to the gateway is protected.
public sealed interface GatewaySecurity {

  /// TLS 1.3 or 1.2, with this way of knowing the gateway.
  record Tls(Trust trust) implements GatewaySecurity {}

  /// Nothing at all: for a gateway inside the same process or behind a TLS proxy on the same
  /// machine.
  record Plaintext() implements GatewaySecurity {}
}
