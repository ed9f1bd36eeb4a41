package io.penstock.node.fallback;

/// A registered fallback handler.
public interface FallbackHandle extends AutoCloseable {

  /// Deregisters the handler: it is not asked any more, and what it claims after that is refused.
  /// Flows that were accepted go on. Repeatable, and allowed inside of a handler.
  @Override
  void close();
}
