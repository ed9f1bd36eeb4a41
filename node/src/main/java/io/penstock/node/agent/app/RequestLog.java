package io.penstock.node.agent.app;

/// Hears of each request that went to the local app, for whoever shows them.
///
/// Called on event loops; must not block.
@FunctionalInterface
public interface RequestLog {

  /// One request, when it is over.
  ///
  /// @param path without its query
  /// @param status of the response, or 0 when there was none
  /// @param nanos from the request head to the end of the response
  record Entry(String method, String host, String path, int status, long nanos) {}

  /// Nobody is interested.
  RequestLog NONE = _ -> {};

  void requestEnded(Entry entry);
}
