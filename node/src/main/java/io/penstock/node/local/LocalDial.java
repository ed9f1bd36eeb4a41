package io.penstock.node.local;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Optional;

/// A connection over the overlay, made by a node of this machine; blocks.
///
/// One thread reads and one may write; any may close, which ends both.
public final class LocalDial implements AutoCloseable {

  private final LocalExchange exchange;

  LocalDial(LocalExchange exchange) {
    this.exchange = exchange;
  }

  /// Sends bytes; blocks while the other end takes none.
  public void write(byte[] bytes, int offset, int length) throws IOException {
    exchange.write(ByteBuffer.wrap(bytes, offset, length));
  }

  /// Ends what we send; the other direction goes on.
  public void shutdownOutput() throws IOException {
    exchange.shutdownOutput();
  }

  /// Waits for bytes; empty when the other end sends no more.
  ///
  /// @throws IOException when the connection broke
  public Optional<byte[]> read() throws IOException {
    return exchange.next();
  }

  /// Ends the connection. Repeatable.
  @Override
  public void close() {
    exchange.close();
  }
}
