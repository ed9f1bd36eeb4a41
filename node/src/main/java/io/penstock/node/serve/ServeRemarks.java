package io.penstock.node.serve;

import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/// Finds what a person who wrote a [ServeConfig] has hardly meant, although it may be served. For
/// one thread.
final class ServeRemarks {

  private final List<String> remarks = new ArrayList<>();
  private final List<String> unknown = new ArrayList<>();

  private ServeRemarks() {}

  static List<String> of(ServeConfig config) {
    ServeRemarks found = new ServeRemarks();
    found.look(config, "");
    config
        .foreground()
        .forEach((session, block) -> found.look(block, "Foreground." + session + "."));
    if (!found.unknown.isEmpty()) {
      found.remarks.addFirst(
          "unknown fields, kept and not used: " + String.join(", ", found.unknown));
    }
    return found.remarks;
  }

  private void look(ServeConfig config, String at) {
    unknown(at, config.unknown());
    config.tcp().forEach((port, handler) -> port(config, at, port, handler));
    config.web().forEach((key, site) -> site(config, at, key, site));
  }

  private void unknown(String at, KeptJson kept) {
    kept.names().forEach(name -> unknown.add(at + name));
  }

  private void port(ServeConfig config, String outer, int port, TcpPortHandler handler) {
    String at = outer + "TCP." + port;
    unknown(at + ".", handler.unknown());
    unknown(at + ".Penstock.", handler.penstock().unknown());
    boolean web = handler.https() || handler.http();
    if (UpdateRules.type(handler) == null) {
      remarks.add(at + " serves nothing: it has none of HTTPS, HTTP and TCPForward");
    } else if (web && config.web().keySet().stream().noneMatch(key -> key.endsWith(":" + port))) {
      remarks.add("%s serves nothing: Web has no site HOST:%d".formatted(at, port));
    }
  }

  private void site(ServeConfig config, String outer, String key, WebServerConfig site) {
    String at = outer + "Web." + key;
    unknown(at + ".", site.unknown());
    String port = key.substring(key.lastIndexOf(':') + 1);
    boolean served =
        config.tcp().entrySet().stream()
            .anyMatch(
                each ->
                    each.getKey().toString().equals(port)
                        && (each.getValue().https() || each.getValue().http()));
    if (!served) {
      remarks.add("%s is not served: TCP.%s has neither HTTPS nor HTTP true".formatted(at, port));
    }
    site.handlers().forEach((mount, handler) -> handler(at + ".Handlers." + mount, handler));
  }

  private void handler(String at, HttpHandler handler) {
    unknown(at + ".", handler.unknown());
    unknown(at + ".Penstock.", handler.penstock().unknown());
    List<String> targets = targets(handler);
    if (targets.isEmpty()) {
      remarks.add(at + " serves nothing: it has none of Text, Redirect, Path and Proxy");
    } else if (targets.size() > 1) {
      remarks.add(
          "%s has %s, of which %s is served"
              .formatted(at, String.join(" and ", targets), targets.getFirst()));
    }
    if (handler.redirect().matches("[0-9]+:.*") && !handler.redirect().matches("3[0-9]{2}:.*")) {
      remarks.add(
          "%s.Redirect is \"%s\": a number in front is a status only from 300 to 399, and this one"
                  .formatted(at, handler.redirect())
              + " is a part of the location");
    }
    if (!handler.path().isEmpty() && !exists(handler.path())) {
      remarks.add("%s.Path: there is no file or directory %s".formatted(at, handler.path()));
    }
  }

  /// In the order of the original, whose first one is served.
  private static List<String> targets(HttpHandler handler) {
    return List.of(
            Map.entry("Penstock.Accept", handler.penstock().accept()),
            Map.entry("Text", !handler.text().isEmpty()),
            Map.entry("Redirect", !handler.redirect().isEmpty()),
            Map.entry("Path", !handler.path().isEmpty()),
            Map.entry("Proxy", !handler.proxy().isEmpty()))
        .stream()
        .filter(Map.Entry::getValue)
        .map(Map.Entry::getKey)
        .collect(Collectors.toList());
  }

  private static boolean exists(String path) {
    try {
      return Files.exists(Path.of(path));
    } catch (InvalidPathException _) {
      return false;
    }
  }
}
