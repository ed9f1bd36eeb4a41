package io.penstock.testkit.wire;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/// One end of a plain TCP connection on loopback, for tests that speak a protocol byte by byte.
///
/// It blocks, each read at most for a limit, and throws unchecked when the other end does not do
/// what was expected. Text is Latin-1, so that every byte has its character.
public final class WireSocket implements AutoCloseable {

  /// Far above what anything in a test takes, so that it only ends a test that hangs.
  private static final int READ_LIMIT_MILLIS = 20_000;

  /// How the other end of a connection was closed.
  public enum End {
    /// In good order.
    FIN,
    /// By a reset.
    RESET
  }

  private final Socket socket;

  WireSocket(Socket socket) {
    this.socket = socket;
    try {
      socket.setTcpNoDelay(true);
      socket.setSoTimeout(READ_LIMIT_MILLIS);
    } catch (SocketException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// Connects to a port of the loopback interface.
  public static WireSocket connect(int port) {
    try {
      return new WireSocket(new Socket(InetAddress.getLoopbackAddress(), port));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  public WireSocket send(String text) {
    return send(text.getBytes(StandardCharsets.ISO_8859_1));
  }

  public WireSocket send(byte[] bytes) {
    try {
      socket.getOutputStream().write(bytes);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return this;
  }

  /// Reads up to and including `marker`.
  public String readUntil(String marker) {
    StringBuilder read = new StringBuilder();
    while (read.length() < marker.length()
        || !read.substring(read.length() - marker.length()).equals(marker)) {
      int b = readByte();
      if (b < 0) {
        throw new IllegalStateException("the stream ended before '" + marker + "', after: " + read);
      }
      read.append((char) b);
    }
    return read.toString();
  }

  /// Reads an HTTP head, empty line included.
  public String readHead() {
    return readUntil("\r\n\r\n");
  }

  public byte[] readBytes(int count) {
    try {
      byte[] bytes = socket.getInputStream().readNBytes(count);
      if (bytes.length < count) {
        throw new IllegalStateException(
            "the stream ended after " + bytes.length + " of " + count + " bytes");
      }
      return bytes;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  public String readText(int count) {
    return new String(readBytes(count), StandardCharsets.ISO_8859_1);
  }

  /// Reads a head and, if it names a length, the body behind it.
  public String readMessage() {
    String head = readHead();
    for (String line : head.split("\r\n", -1)) {
      if (line.toLowerCase(Locale.ROOT).startsWith("content-length:")) {
        return head + readText(Integer.parseInt(line.substring(line.indexOf(':') + 1).strip()));
      }
    }
    return head;
  }

  /// Reads everything up to the end of the stream.
  public String readToEnd() {
    try {
      return new String(socket.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// Reads and drops everything up to the end, and says which end it was.
  public End awaitEnd() {
    ByteArrayOutputStream dropped = new ByteArrayOutputStream();
    return awaitEnd(dropped);
  }

  /// Reads everything up to the end into `received`, and says which end it was.
  public End awaitEnd(ByteArrayOutputStream received) {
    byte[] buffer = new byte[16 * 1024];
    try {
      InputStream in = socket.getInputStream();
      for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
        received.write(buffer, 0, n);
      }
      return End.FIN;
    } catch (SocketException e) {
      return End.RESET;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// Ends our half of the connection.
  public WireSocket halfClose() {
    try {
      socket.shutdownOutput();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return this;
  }

  /// Ends the connection in good order, in the middle of a test.
  public void hangUp() {
    close();
  }

  /// Ends the connection with a reset.
  public void reset() {
    try {
      socket.setSoLinger(true, 0);
      socket.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    try {
      socket.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private int readByte() {
    try {
      return socket.getInputStream().read();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
