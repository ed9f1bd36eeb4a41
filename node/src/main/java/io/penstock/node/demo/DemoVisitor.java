package io.penstock.node.demo;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;

/// One visitor's connection: raw HTTP/1.1 to an address, with a `Host` that need not resolve to it.
///
/// Blocks the calling thread, each read for at most the limit given to [#dial]. It understands what
/// the demo's answers use: `Content-Length` and chunked bodies (RFC 9112, sections 6 and 7.1).
final class DemoVisitor implements AutoCloseable {

  private static final int BLOCK_BYTES = 1 << 16;
  private static final int MAX_LINE_BYTES = 16 << 10;
  private static final int MAX_HEADERS = 100;

  private final Socket socket;
  private final InputStream in;
  private final OutputStream out;
  private final String host;

  private DemoVisitor(Socket socket, String host) throws IOException {
    this.socket = socket;
    this.in = new BufferedInputStream(socket.getInputStream(), BLOCK_BYTES);
    this.out = socket.getOutputStream();
    this.host = host;
  }

  static DemoVisitor dial(InetSocketAddress address, String host, Duration limit)
      throws IOException {
    Socket socket = new Socket();
    try {
      socket.setTcpNoDelay(true);
      socket.setSoTimeout(Math.toIntExact(limit.toMillis()));
      socket.connect(address, Math.toIntExact(limit.toMillis()));
      return new DemoVisitor(socket, host);
    } catch (IOException e) {
      socket.close();
      throw e;
    }
  }

  /// A visitor on a connection that there is already, which it owns from now on.
  static DemoVisitor on(Socket socket, String host, Duration limit) throws IOException {
    socket.setSoTimeout(Math.toIntExact(limit.toMillis()));
    return new DemoVisitor(socket, host);
  }

  /// The status and the headers of a response; names in lower case, the last one of a name wins.
  record Head(int status, Map<String, String> headers) {
    String header(String name) throws IOException {
      String value = headers.get(name);
      if (value == null) {
        throw new IOException("the answer lacks the header " + name);
      }
      return value;
    }
  }

  /// Takes the next block of a body.
  interface Sink {
    void accept(byte[] block, int offset, int length) throws IOException;
  }

  /// Sends a request without a body; `headers` are whole lines such as `Accept: */*`.
  void send(String method, String target, String... headers) throws IOException {
    StringBuilder head = new StringBuilder();
    head.append(method).append(' ').append(target).append(" HTTP/1.1\r\n");
    head.append("Host: ").append(host).append("\r\nUser-Agent: penstock-demo\r\n");
    for (String header : headers) {
      head.append(header).append("\r\n");
    }
    out.write(head.append("\r\n").toString().getBytes(ISO_8859_1));
  }

  Head head() throws IOException {
    String status = line();
    if (!status.matches("HTTP/1\\.1 [0-9]{3}( .*)?")) {
      throw new IOException("not an HTTP/1.1 answer: " + status);
    }
    Map<String, String> headers = new HashMap<>();
    for (String line = line(); !line.isEmpty(); line = line()) {
      int colon = line.indexOf(':');
      if (colon < 1 || headers.size() == MAX_HEADERS) {
        throw new IOException("not a header: " + line);
      }
      headers.put(
          line.substring(0, colon).toLowerCase(Locale.ROOT), line.substring(colon + 1).strip());
    }
    return new Head(Integer.parseInt(status.substring(9, 12)), headers);
  }

  /// The head of the answer, which must have the status 200.
  Head okHead() throws IOException {
    Head head = head();
    if (head.status() != 200) {
      throw new IOException("the answer was " + head.status() + ", not 200");
    }
    return head;
  }

  /// Reads the whole body into `sink`; returns its length.
  long body(Head head, Sink sink) throws IOException {
    if ("chunked".equalsIgnoreCase(head.headers().get("transfer-encoding"))) {
      return chunks(sink);
    }
    long length = Long.parseLong(head.header("content-length"));
    block(length, sink);
    return length;
  }

  String text(Head head) throws IOException {
    ByteArrayOutputStream text = new ByteArrayOutputStream();
    body(head, text::write);
    return text.toString(ISO_8859_1);
  }

  private long chunks(Sink sink) throws IOException {
    long total = 0;
    while (true) {
      long size = Long.parseLong(line().split(";", 2)[0].strip(), 16);
      if (size == 0) {
        while (!line().isEmpty()) {
          // Trailers are of no interest here.
        }
        return total;
      }
      block(size, sink);
      total += size;
      if (!line().isEmpty()) {
        throw new IOException("a chunk is longer than it says");
      }
    }
  }

  private void block(long length, Sink sink) throws IOException {
    byte[] block = new byte[BLOCK_BYTES];
    for (long left = length; left > 0; ) {
      int read = in.read(block, 0, (int) Math.min(block.length, left));
      if (read < 0) {
        throw new EOFException("the answer ended " + left + " bytes early");
      }
      sink.accept(block, 0, read);
      left -= read;
    }
  }

  private String line() throws IOException {
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    for (int b = in.read(); b != '\n'; b = in.read()) {
      if (b < 0) {
        throw new EOFException("the connection ended");
      }
      if (line.size() == MAX_LINE_BYTES) {
        throw new IOException("a line of the answer is longer than " + MAX_LINE_BYTES + " bytes");
      }
      line.write(b);
    }
    return line.toString(ISO_8859_1).stripTrailing();
  }

  /// The raw bytes after the head, for a connection that was upgraded.
  InputStream rawIn() {
    return in;
  }

  /// Where raw bytes go: the body of an upload, or the frames of an upgraded connection.
  OutputStream rawOut() {
    return out;
  }

  /// Resets the connection, as a browser does whose tab is closed.
  void abort() throws IOException {
    socket.setSoLinger(true, 0);
    socket.close();
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
