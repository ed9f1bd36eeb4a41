package io.penstock.node.serve;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/// The serve config of a node: a JSON document with the field names of Tailscale's
/// `ipn.ServeConfig`.
///
/// What nobody here understands is kept, so that a document that is read and written again says the
/// same; a field with its zero value is left out. Immutable.
///
/// @param tcp what each port does
/// @param web the sites, by `host:port`
/// @param services kept as they came, and not served
/// @param allowFunnel kept, and not served
/// @param foreground configs that last as long as the control connection that made them, by its id
/// @param unknown fields that nobody here knows
public record ServeConfig(
    SortedMap<Integer, TcpPortHandler> tcp,
    SortedMap<String, WebServerConfig> web,
    SortedMap<String, KeptJson> services,
    SortedMap<String, Boolean> allowFunnel,
    SortedMap<String, ServeConfig> foreground,
    KeptJson unknown) {

  /// The largest document that is read: room for thousands of handlers.
  public static final int MAX_DOCUMENT_BYTES = 1024 * 1024;

  /// Nothing is served.
  public static final ServeConfig EMPTY =
      new ServeConfig(
          new TreeMap<>(),
          new TreeMap<>(),
          new TreeMap<>(),
          new TreeMap<>(),
          new TreeMap<>(),
          KeptJson.NONE);

  public ServeConfig {
    tcp = Collections.unmodifiableSortedMap(new TreeMap<>(tcp));
    web = Collections.unmodifiableSortedMap(new TreeMap<>(web));
    services = Collections.unmodifiableSortedMap(new TreeMap<>(services));
    allowFunnel = Collections.unmodifiableSortedMap(new TreeMap<>(allowFunnel));
    foreground = Collections.unmodifiableSortedMap(new TreeMap<>(foreground));
  }

  /// Reads a document in UTF-8; `null` is the empty config, and no document at all a mistake.
  ///
  /// @throws ServeException `MALFORMED`, naming the field that is wrong
  public static ServeConfig parse(byte[] json) throws ServeException {
    return ServeJson.parse(json);
  }

  /// Reads a document.
  ///
  /// @throws ServeException `MALFORMED`, naming the field that is wrong
  public static ServeConfig parse(String json) throws ServeException {
    return parse(json.getBytes(StandardCharsets.UTF_8));
  }

  /// The document on one line.
  public String toJson() {
    return ServeJson.text(ServeJson.tree(this));
  }

  /// The document for people.
  public String toIndentedJson() {
    return ServeJson.indented(ServeJson.tree(this));
  }

  /// The hexadecimal SHA-256 of [#toJson], by which a writer says which config it has seen.
  public String etag() {
    try {
      byte[] json = toJson().getBytes(StandardCharsets.UTF_8);
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(json));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }

  /// What in this config is kept and not used, or leads nowhere, each with its field; for people.
  ///
  /// The original takes all of it in silence, and so does [ServeManager#set].
  public List<String> remarks() {
    return ServeRemarks.of(this);
  }

  // ---- editing ----

  /// The same with a port, in place of what it did before.
  public ServeConfig withPort(int port, TcpPortHandler handler) {
    SortedMap<Integer, TcpPortHandler> ports = new TreeMap<>(tcp);
    ports.put(port, handler);
    return withPorts(ports, web);
  }

  /// The same without a port and its sites.
  public ServeConfig withoutPort(int port) {
    SortedMap<Integer, TcpPortHandler> ports = new TreeMap<>(tcp);
    ports.remove(port);
    SortedMap<String, WebServerConfig> sites = new TreeMap<>(web);
    sites.keySet().removeIf(key -> key.endsWith(":" + port));
    return withPorts(ports, sites);
  }

  /// The same with a handler at a mount of a host; the port is to speak HTTP or HTTPS already.
  ///
  /// A mount with a slash at its end takes the place of the one without, and the other way round.
  public ServeConfig withHandler(String host, int port, String mount, HttpHandler handler) {
    SortedMap<String, HttpHandler> handlers = handlersOf(host, port);
    handlers.remove(twin(mount));
    handlers.put(mount, handler);
    return withHandlers(host, port, handlers);
  }

  /// The same without a handler; a site without handlers goes, and so does its port when it was the
  /// last.
  public ServeConfig withoutHandler(String host, int port, String mount) {
    SortedMap<String, HttpHandler> handlers = handlersOf(host, port);
    handlers.remove(mount);
    if (!handlers.isEmpty()) {
      return withHandlers(host, port, handlers);
    }
    SortedMap<String, WebServerConfig> sites = new TreeMap<>(web);
    sites.remove(host + ":" + port);
    boolean last = sites.keySet().stream().noneMatch(key -> key.endsWith(":" + port));
    return last ? withoutPort(port) : withPorts(tcp, sites);
  }

  /// The same with a block for a control connection, in place of the one that it had.
  public ServeConfig withForeground(String session, ServeConfig block) {
    SortedMap<String, ServeConfig> blocks = new TreeMap<>(foreground);
    blocks.put(session, block);
    return withForegrounds(blocks);
  }

  /// The same without the block of a control connection.
  public ServeConfig withoutForeground(String session) {
    SortedMap<String, ServeConfig> blocks = new TreeMap<>(foreground);
    blocks.remove(session);
    return withForegrounds(blocks);
  }

  /// The same without any block of a control connection.
  public ServeConfig withoutForegrounds() {
    return withForegrounds(new TreeMap<>());
  }

  private SortedMap<String, HttpHandler> handlersOf(String host, int port) {
    WebServerConfig site = web.get(host + ":" + port);
    return site == null ? new TreeMap<>() : new TreeMap<>(site.handlers());
  }

  private ServeConfig withHandlers(String host, int port, SortedMap<String, HttpHandler> handlers) {
    String key = host + ":" + port;
    WebServerConfig site = web.get(key);
    SortedMap<String, WebServerConfig> sites = new TreeMap<>(web);
    sites.put(key, new WebServerConfig(handlers, site == null ? KeptJson.NONE : site.unknown()));
    return withPorts(tcp, sites);
  }

  private ServeConfig withPorts(
      SortedMap<Integer, TcpPortHandler> ports, SortedMap<String, WebServerConfig> sites) {
    return new ServeConfig(ports, sites, services, allowFunnel, foreground, unknown);
  }

  private ServeConfig withForegrounds(SortedMap<String, ServeConfig> blocks) {
    return new ServeConfig(tcp, web, services, allowFunnel, blocks, unknown);
  }

  private static String twin(String mount) {
    return mount.endsWith("/") ? mount.substring(0, mount.length() - 1) : mount + "/";
  }
}
