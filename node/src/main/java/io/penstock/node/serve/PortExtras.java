package io.penstock.node.serve;

/// The object `Penstock` of a port.
///
/// @param accept connections are handed to the embedder
/// @param unknown fields that nobody here knows
public record PortExtras(boolean accept, KeptJson unknown) {

  /// Nothing is said.
  public static final PortExtras NONE = new PortExtras(false, KeptJson.NONE);
}
