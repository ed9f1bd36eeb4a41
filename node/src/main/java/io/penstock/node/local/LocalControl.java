package io.penstock.node.local;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/// A control connection to a node: as long as it is open, its block may stand in the serve config.
///
/// One thread waits; any may close.
public final class LocalControl implements AutoCloseable {

  /// How it came to its end.
  public enum End {
    /// Somebody has taken the block out of the config.
    DROPPED,
    /// The node has ended.
    NODE_GONE
  }

  private record Event(String name, String data) {}

  /// Longer than any event.
  private static final int MAX_CHARS = 4096;

  private final LocalExchange exchange;
  private final StringBuilder text = new StringBuilder();
  private String id = "";

  private LocalControl(LocalExchange exchange) {
    this.exchange = exchange;
  }

  static LocalControl open(LocalExchange exchange) throws IOException {
    LocalControl control = new LocalControl(exchange);
    Optional<Event> first = control.next();
    if (first.isEmpty() || !first.get().name().equals(ControlStream.CONTROL)) {
      exchange.close();
      throw new IOException("the node gives no control connection");
    }
    control.id = first.get().data();
    return control;
  }

  /// The key of its block in `Foreground`.
  public String id() {
    return id;
  }

  /// Blocks until it has come to an end.
  ///
  /// @throws IOException when it was closed here
  public End awaitEnd() throws IOException {
    for (Optional<Event> event = next(); event.isPresent(); event = next()) {
      if (event.get().name().equals(ControlStream.DROPPED)) {
        return End.DROPPED;
      }
    }
    return End.NODE_GONE;
  }

  /// The next event; empty when the stream has ended.
  private Optional<Event> next() throws IOException {
    while (true) {
      int end = text.indexOf("\n\n");
      if (end >= 0) {
        String event = text.substring(0, end);
        text.delete(0, end + 2);
        if (!event.startsWith(":")) {
          return Optional.of(new Event(field(event, "event: "), field(event, "data: ")));
        }
      } else {
        Optional<byte[]> piece = exchange.next();
        if (piece.isEmpty()) {
          return Optional.empty();
        }
        text.append(new String(piece.get(), StandardCharsets.US_ASCII));
        if (text.length() > MAX_CHARS) {
          throw new IOException("what the node says on a control connection has no end");
        }
      }
    }
  }

  private static String field(String event, String name) {
    return event
        .lines()
        .filter(line -> line.startsWith(name))
        .map(line -> line.substring(name.length()))
        .findFirst()
        .orElse("");
  }

  /// Ends it, and with it what it serves. Repeatable.
  @Override
  public void close() {
    exchange.close();
  }
}
