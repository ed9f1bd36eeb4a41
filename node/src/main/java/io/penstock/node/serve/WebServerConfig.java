package io.penstock.node.serve;

import java.util.Collections;
import java.util.SortedMap;
import java.util.TreeMap;

/// The handlers of one host and port.
///
/// @param handlers by mount, a path that begins with `/`
/// @param unknown fields that nobody here knows
public record WebServerConfig(SortedMap<String, HttpHandler> handlers, KeptJson unknown) {

  public WebServerConfig {
    handlers = Collections.unmodifiableSortedMap(new TreeMap<>(handlers));
  }

  /// Makes a site with these handlers.
  public static WebServerConfig of(SortedMap<String, HttpHandler> handlers) {
    return new WebServerConfig(handlers, KeptJson.NONE);
  }
}
