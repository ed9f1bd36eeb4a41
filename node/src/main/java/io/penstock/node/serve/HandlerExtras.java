package io.penstock.node.serve;

/// The object `Penstock` of an HTTP handler.
///
/// @param accept requests are handed to the embedder, each as a connection of its own
/// @param stripPrefix whether the mount is taken off the path before it goes to a proxy; the
///   original always does
/// @param unknown fields that nobody here knows
public record HandlerExtras(boolean accept, boolean stripPrefix, KeptJson unknown) {

  /// Nothing is said.
  public static final HandlerExtras NONE = new HandlerExtras(false, true, KeptJson.NONE);
}
