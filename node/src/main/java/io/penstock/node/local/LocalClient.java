package io.penstock.node.local;

import io.penstock.api.Json;
import io.penstock.api.MalformedJsonException;
import io.penstock.api.NodeReport;
import io.penstock.api.PeerInfo;
import io.penstock.node.serve.ServeConfig;
import io.penstock.node.serve.ServeException;
import io.penstock.node.serve.ServeManager;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/// Asks a node that runs on this machine, over the Unix socket in its state directory.
///
/// Every call opens a connection of its own, and blocks 60 s at most unless it says otherwise; a
/// refusal is a [LocalRefusedException], a node that does not run a [NotRunningException]. Safe for
/// use by several threads.
///
/// @param state the node's state directory
public record LocalClient(Path state) {

  /// Setting a config may have to wait for a certificate, which takes up to half of this.
  private static final Duration CALL_LIMIT = Duration.ofSeconds(60);

  /// How the node is doing.
  public NodeReport node() throws IOException {
    return parse(answer(LocalEndpoints.NODE), NodeReport.class);
  }

  /// Who is on the overlay, as the node's gateway has told last.
  public List<PeerInfo> peers() throws IOException {
    try {
      return Json.readListing(answer(LocalEndpoints.PEERS), PeerInfo.class).items();
    } catch (MalformedJsonException e) {
      throw otherVersion(e);
    }
  }

  /// What the node serves, and the ETag of it.
  public ServeManager.Snapshot serveConfig() throws IOException {
    try (LocalExchange exchange = get(LocalEndpoints.SERVE_CONFIG)) {
      return new ServeManager.Snapshot(
          ServeConfig.parse(exchange.readAll(CALL_LIMIT)),
          LocalEndpoints.unquoted(exchange.header("ETag")));
    } catch (ServeException e) {
      throw otherVersion(e);
    }
  }

  /// Replaces the whole config that has an ETag; fails with the code `conflict` when somebody else
  /// was faster.
  public void setServeConfig(ServeConfig next, String etag) throws IOException {
    post(next, LocalEndpoints.SERVE_CONFIG, Optional.of(etag));
  }

  /// As above; what of the config is not supported is kept and not served.
  public void setServeConfigIgnoringUnsupported(ServeConfig next, String etag) throws IOException {
    post(next, ignoringUnsupported(), Optional.of(etag));
  }

  /// Replaces the whole config, whatever it is, also one that is stored and cannot be served.
  public void replaceServeConfig(ServeConfig next) throws IOException {
    post(next, LocalEndpoints.SERVE_CONFIG, Optional.empty());
  }

  /// As above; what of the config is not supported is kept and not served.
  public void replaceServeConfigIgnoringUnsupported(ServeConfig next) throws IOException {
    post(next, ignoringUnsupported(), Optional.empty());
  }

  private static String ignoringUnsupported() {
    return "%s?%s=%s"
        .formatted(LocalEndpoints.SERVE_CONFIG, LocalEndpoints.UNSUPPORTED, LocalEndpoints.IGNORE);
  }

  /// Opens a control connection, whose block in the config ends with it.
  public LocalControl control() throws IOException {
    return LocalControl.open(get(LocalEndpoints.SERVE_CONTROL));
  }

  /// Connects to a host of the overlay through the node.
  ///
  /// @param host a name or an address of the overlay
  public LocalDial dial(String host, int port) throws IOException {
    String to = host.indexOf(':') >= 0 ? "[" + host + "]:" + port : host + ":" + port;
    return new LocalDial(
        LocalExchange.begin(
            target(),
            "CONNECT %s HTTP/1.1\r\nHost: %s\r\n\r\n".formatted(to, to),
            new byte[0],
            CALL_LIMIT));
  }

  private LocalTarget target() {
    return new LocalTarget("node", state, LocalApi.SOCKET_NAME);
  }

  private LocalExchange get(String path) throws IOException {
    return LocalExchange.begin(target(), LocalExchange.head("GET", path), new byte[0], CALL_LIMIT);
  }

  private byte[] answer(String path) throws IOException {
    return LocalExchange.request(target(), "GET", path, CALL_LIMIT);
  }

  private void post(ServeConfig config, String path, Optional<String> etag) throws IOException {
    byte[] json = config.toJson().getBytes(StandardCharsets.UTF_8);
    String head =
        "POST %s HTTP/1.1\r\nHost: node\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: %d\r\n%s\r\n"
            .formatted(path, json.length, etag.map("If-Match: \"%s\"\r\n"::formatted).orElse(""));
    LocalExchange.begin(target(), head, json, CALL_LIMIT).close();
  }

  private static <T> T parse(byte[] json, Class<T> type) throws IOException {
    try {
      return Json.readAnswer(json, type);
    } catch (MalformedJsonException e) {
      throw otherVersion(e);
    }
  }

  private static IOException otherVersion(Exception cause) {
    return new IOException(
        "the node is one of another version; start it again: " + cause.getMessage(), cause);
  }
}
