package io.penstock.api.client;

import io.penstock.api.PeerInfo;
import io.penstock.api.PeerSnapshot;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/// What changes about the peers of a node, as its gateway tells it over server-sent events (HTML
/// Living Standard, section 9.2).
///
/// One thread reads; any may close, which ends a read that waits.
public final class PeerChanges implements AutoCloseable {

  private static final String PATH = "/api/v1/peers/changes";

  private final ApiConnection connection;
  private final InputStream in;

  private PeerChanges(ApiConnection connection, InputStream in) {
    this.connection = connection;
    this.in = in;
  }

  /// Begins to listen; blocks 15 s at most, after the look-up of the gateway.
  ///
  /// @param token an API token with the scope `overlay`, or the token of a session
  /// @throws ApiException when the gateway refuses or does not answer
  public static PeerChanges open(GatewayAccess to, String token) throws IOException {
    ApiConnection connection = new ApiConnection(to, Optional.of(token), SessionClient.ADVICE);
    try {
      return new PeerChanges(connection, new BufferedInputStream(connection.stream(PATH)));
    } catch (IOException | RuntimeException e) {
      connection.close();
      throw e;
    }
  }

  /// Waits for the next change; empty when the gateway has ended the stream.
  ///
  /// @throws IOException when the connection breaks, or was closed
  public Optional<PeerChange> next() throws IOException {
    String event = "";
    StringBuilder data = new StringBuilder();
    while (true) {
      Optional<String> line = line();
      if (line.isEmpty()) {
        return Optional.empty();
      }
      String text = line.get();
      if (text.startsWith(":")) {
        return Optional.of(new PeerChange.StillThere());
      }
      if (text.isEmpty()) {
        Optional<PeerChange> change = data.isEmpty() ? Optional.empty() : change(event, data);
        if (change.isPresent()) {
          return change;
        }
        event = "";
        data.setLength(0);
      } else if (text.startsWith("event:")) {
        event = text.substring("event:".length()).strip();
      } else if (text.startsWith("data:")) {
        data.append(text, "data:".length(), text.length());
      }
    }
  }

  /// Events of a kind that we do not know are for newer nodes.
  private Optional<PeerChange> change(String event, StringBuilder data) throws ApiException {
    byte[] json = data.toString().getBytes(StandardCharsets.UTF_8);
    return switch (event) {
      case "snapshot" ->
          Optional.of(new PeerChange.Snapshot(connection.parse(json, PeerSnapshot.class)));
      case "upserted" ->
          Optional.of(new PeerChange.Upserted(connection.parse(json, PeerInfo.class)));
      case "deleted" -> Optional.of(new PeerChange.Deleted(connection.parse(json, PeerInfo.class)));
      default -> Optional.empty();
    };
  }

  private Optional<String> line() throws IOException {
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    for (int next = in.read(); next != '\n'; next = in.read()) {
      if (next < 0) {
        return Optional.empty();
      }
      if (line.size() == ApiConnection.MAX_ANSWER_BYTES) {
        throw new ApiException(
            "what %s tells of its peers is longer than %d bytes, which no gateway says"
                .formatted(connection.base(), ApiConnection.MAX_ANSWER_BYTES),
            new IOException("line too long"));
      }
      if (next != '\r') {
        line.write(next);
      }
    }
    return Optional.of(line.toString(StandardCharsets.UTF_8));
  }

  /// Ends the stream. Repeatable.
  @Override
  public void close() {
    connection.close();
  }
}
