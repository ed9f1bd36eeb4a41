package io.penstock.node.serve;

import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.TokenStreamLocation;
import tools.jackson.core.exc.StreamReadException;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// Reads and writes the JSON document of a [ServeConfig].
///
/// A field that holds its zero value (`false`, 0, an empty text, list or object, `null`) is left
/// out when written, as the original leaves it out; ports and keys are in order.
final class ServeJson {

  private static final int MAX_DEPTH = 32;

  /// A text that is served may be a page.
  private static final int MAX_STRING_CHARS = ServeConfig.MAX_DOCUMENT_BYTES;

  private static final JsonMapper MAPPER =
      JsonMapper.builder(
              JsonFactory.builder()
                  .streamReadConstraints(
                      StreamReadConstraints.builder()
                          .maxNestingDepth(MAX_DEPTH)
                          .maxStringLength(MAX_STRING_CHARS)
                          .maxDocumentLength(ServeConfig.MAX_DOCUMENT_BYTES)
                          .build())
                  .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                  .build())
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
          .build();

  private ServeJson() {}

  static ObjectNode object() {
    return JsonNodeFactory.instance.objectNode();
  }

  static String text(JsonNode node) {
    return MAPPER.writeValueAsString(node);
  }

  static String indented(JsonNode node) {
    return MAPPER.writerWithDefaultPrettyPrinter().writeValueAsString(node);
  }

  // ---- reading ----

  /// Reads a whole document; `null` is the empty config, and nothing at all is a mistake.
  static ServeConfig parse(byte[] json) throws ServeException {
    if (json.length > ServeConfig.MAX_DOCUMENT_BYTES) {
      throw malformed(
          "it has %d bytes, allowed are %d".formatted(json.length, ServeConfig.MAX_DOCUMENT_BYTES));
    }
    JsonNode root;
    try {
      root = MAPPER.readTree(json);
    } catch (StreamReadException e) {
      throw malformed("it is no JSON, or a name stands in an object twice" + at(e.getLocation()));
    } catch (JacksonException _) {
      throw malformed("it is no JSON");
    }
    if (root == null || root.isMissingNode()) {
      // A pipe that broke, as a rule; nobody gives up what is served for that.
      throw malformed("the document is empty; the one that serves nothing is {}");
    }
    if (root.isNull()) {
      return ServeConfig.EMPTY;
    }
    if (root instanceof ObjectNode object) {
      return config(new ServeFields(object, ""));
    }
    throw malformed("it is no JSON object");
  }

  private static String at(@Nullable TokenStreamLocation location) {
    return location == null
        ? ""
        : ", at line %d, column %d".formatted(location.getLineNr(), location.getColumnNr());
  }

  private static ServeConfig config(ServeFields in) throws ServeException {
    SortedMap<Integer, TcpPortHandler> tcp = new TreeMap<>();
    for (ServeFields.Member member : in.members("TCP")) {
      tcp.put(port(member), port(member.fields()));
    }
    SortedMap<String, WebServerConfig> web = new TreeMap<>();
    for (ServeFields.Member member : in.members("Web")) {
      web.put(member.name(), site(member.fields()));
    }
    SortedMap<String, KeptJson> services = new TreeMap<>();
    for (ServeFields.Member member : in.members("Services")) {
      services.put(member.name(), member.fields().rest());
    }
    SortedMap<String, Boolean> funnel = in.flags("AllowFunnel");
    SortedMap<String, ServeConfig> foreground = new TreeMap<>();
    for (ServeFields.Member member : in.members("Foreground")) {
      foreground.put(member.name(), config(member.fields()));
    }
    return new ServeConfig(tcp, web, services, funnel, foreground, in.rest());
  }

  private static int port(ServeFields.Member member) throws ServeException {
    String name = member.name();
    if (name.matches("[1-9][0-9]{0,4}") && Integer.parseInt(name) <= 65535) {
      return Integer.parseInt(name);
    }
    throw malformed("%s is no port, which is a number from 1 to 65535".formatted(member.path()));
  }

  private static TcpPortHandler port(ServeFields in) throws ServeException {
    boolean https = in.flag("HTTPS", false);
    boolean http = in.flag("HTTP", false);
    String forward = in.text("TCPForward");
    String terminateTls = in.text("TerminateTLS");
    int proxyProtocol = in.number("ProxyProtocol");
    ServeFields own = in.object("Penstock");
    PortExtras extras = new PortExtras(own.flag("Accept", false), own.rest());
    return new TcpPortHandler(https, http, forward, terminateTls, proxyProtocol, extras, in.rest());
  }

  private static WebServerConfig site(ServeFields in) throws ServeException {
    SortedMap<String, HttpHandler> handlers = new TreeMap<>();
    for (ServeFields.Member member : in.members("Handlers")) {
      handlers.put(member.name(), handler(member.fields()));
    }
    return new WebServerConfig(handlers, in.rest());
  }

  private static HttpHandler handler(ServeFields in) throws ServeException {
    String path = in.text("Path");
    String proxy = in.text("Proxy");
    String text = in.text("Text");
    String redirect = in.text("Redirect");
    var capabilities = in.texts("AcceptAppCaps");
    ServeFields own = in.object("Penstock");
    HandlerExtras extras =
        new HandlerExtras(own.flag("Accept", false), own.flag("StripPrefix", true), own.rest());
    return new HttpHandler(path, proxy, text, redirect, capabilities, extras, in.rest());
  }

  static ServeException malformed(String what) {
    return new ServeException(
        ServeException.Reason.MALFORMED, "the serve config cannot be read: " + what);
  }

  // ---- writing ----

  static ObjectNode tree(ServeConfig config) {
    ObjectNode out = object();
    ObjectNode tcp = object();
    config.tcp().forEach((port, handler) -> tcp.set(Integer.toString(port), tree(handler)));
    ObjectNode web = object();
    config.web().forEach((key, site) -> web.set(key, tree(site)));
    ObjectNode services = object();
    config.services().forEach((name, service) -> services.set(name, service.node()));
    ObjectNode funnel = object();
    config.allowFunnel().forEach(funnel::put);
    ObjectNode foreground = object();
    config.foreground().forEach((session, block) -> foreground.set(session, tree(block)));
    put(out, "TCP", tcp);
    put(out, "Web", web);
    put(out, "Services", services);
    put(out, "AllowFunnel", funnel);
    put(out, "Foreground", foreground);
    config.unknown().copyTo(out);
    return out;
  }

  private static ObjectNode tree(TcpPortHandler handler) {
    ObjectNode out = object();
    put(out, "HTTPS", handler.https());
    put(out, "HTTP", handler.http());
    put(out, "TCPForward", handler.tcpForward());
    put(out, "TerminateTLS", handler.terminateTls());
    if (handler.proxyProtocol() != 0) {
      out.put("ProxyProtocol", handler.proxyProtocol());
    }
    ObjectNode own = object();
    put(own, "Accept", handler.penstock().accept());
    handler.penstock().unknown().copyTo(own);
    put(out, "Penstock", own);
    handler.unknown().copyTo(out);
    return out;
  }

  private static ObjectNode tree(WebServerConfig site) {
    ObjectNode out = object();
    ObjectNode handlers = object();
    site.handlers().forEach((mount, handler) -> handlers.set(mount, tree(handler)));
    put(out, "Handlers", handlers);
    site.unknown().copyTo(out);
    return out;
  }

  private static ObjectNode tree(HttpHandler handler) {
    ObjectNode out = object();
    put(out, "Path", handler.path());
    put(out, "Proxy", handler.proxy());
    put(out, "Text", handler.text());
    put(out, "Redirect", handler.redirect());
    if (!handler.acceptAppCaps().isEmpty()) {
      var list = out.putArray("AcceptAppCaps");
      handler.acceptAppCaps().forEach(list::add);
    }
    ObjectNode own = object();
    put(own, "Accept", handler.penstock().accept());
    if (!handler.penstock().stripPrefix()) {
      own.put("StripPrefix", false);
    }
    handler.penstock().unknown().copyTo(own);
    put(out, "Penstock", own);
    handler.unknown().copyTo(out);
    return out;
  }

  private static void put(ObjectNode out, String name, boolean value) {
    if (value) {
      out.put(name, true);
    }
  }

  private static void put(ObjectNode out, String name, String value) {
    if (!value.isEmpty()) {
      out.put(name, value);
    }
  }

  private static void put(ObjectNode out, String name, ObjectNode value) {
    if (!value.isEmpty()) {
      out.set(name, value);
    }
  }
}
