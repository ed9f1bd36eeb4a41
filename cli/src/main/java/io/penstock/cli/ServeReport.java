package io.penstock.cli;

import io.penstock.api.NodeReport;
import io.penstock.node.local.LocalClient;
import io.penstock.node.serve.HttpHandler;
import io.penstock.node.serve.ServeConfig;
import io.penstock.node.serve.TcpPortHandler;
import io.penstock.node.serve.WebServerConfig;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Prints a serve config for people: each place with what is served there.
///
/// @param out where it goes
/// @param host the node's full name, or its label before it has joined
record ServeReport(PrintWriter out, String host) {

  private static final int MAX_TEXT_CHARS = 40;

  /// Prints what a node serves now.
  static void printServed(Console console, LocalClient client) throws IOException {
    ServeConfig config = ServeEdit.served(client).config();
    if (config.equals(ServeConfig.EMPTY)) {
      console.err().println("Nothing is served; try: penstock serve 3000");
      return;
    }
    NodeReport node = client.node();
    String host = node.domainName().isEmpty() ? node.name() : node.domainName();
    new ServeReport(console.out(), host).print(config);
  }

  void print(ServeConfig config) {
    print(config, "");
    config.foreground().values().forEach(block -> print(block, " (by a command that runs)"));
  }

  private void print(ServeConfig config, String note) {
    config.web().forEach((key, site) -> site(config, key, site, note));
    config.tcp().forEach((port, handler) -> port(config, port, handler, note));
  }

  private void site(ServeConfig config, String key, WebServerConfig site, String note) {
    int colon = key.lastIndexOf(':');
    TcpPortHandler port = portOf(config, key.substring(colon + 1));
    boolean tls = port == null || port.https();
    String usual = tls ? ":443" : ":80";
    String shown = key.endsWith(usual) ? key.substring(0, colon) : key;
    boolean served = port != null && (port.https() || port.http());
    out.println(
        (tls ? "https://" : "http://")
            + shown
            + (served ? "" : " (not served, as its port is neither HTTPS nor HTTP)")
            + note);
    int width = site.handlers().keySet().stream().mapToInt(String::length).max().orElse(0);
    for (Map.Entry<String, HttpHandler> each : site.handlers().entrySet()) {
      String gap = " ".repeat(width - each.getKey().length());
      out.println("|-- " + each.getKey() + gap + " " + text(each.getValue()));
    }
  }

  private static @Nullable TcpPortHandler portOf(ServeConfig config, String port) {
    return port.matches("[0-9]{1,5}") ? config.tcp().get(Integer.valueOf(port)) : null;
  }

  private static String text(HttpHandler handler) {
    if (handler.penstock().accept()) {
      return "the program of the node";
    }
    if (!handler.text().isEmpty()) {
      String text = handler.text().replaceAll("\\s+", " ");
      return "text  "
          + (text.length() > MAX_TEXT_CHARS ? text.substring(0, MAX_TEXT_CHARS) + "…" : text);
    }
    if (!handler.redirect().isEmpty()) {
      return "redirect  " + handler.redirect();
    }
    if (!handler.path().isEmpty()) {
      return "files  " + handler.path();
    }
    return handler.proxy().isEmpty() ? "nothing" : "proxy  " + handler.proxy();
  }

  private void port(ServeConfig config, int port, TcpPortHandler handler, String note) {
    boolean web = handler.https() || handler.http();
    if (web && config.web().keySet().stream().anyMatch(key -> key.endsWith(":" + port))) {
      return;
    }
    String scheme = handler.https() ? "https" : handler.http() ? "http" : "tcp";
    String tls = handler.terminateTls().isEmpty() ? "" : " (TLS ends here)";
    out.println("%s://%s:%d%s%s".formatted(scheme, host, port, tls, note));
    out.println("|--> " + target(web, handler));
  }

  private static String target(boolean web, TcpPortHandler handler) {
    if (web) {
      return "nothing, as no site has this port";
    }
    if (handler.penstock().accept()) {
      return "the program of the node";
    }
    return handler.tcpForward().isEmpty() ? "nothing" : "tcp://" + handler.tcpForward();
  }
}
