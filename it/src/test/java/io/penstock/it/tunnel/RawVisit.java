package io.penstock.it.tunnel;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.Locale;

/// One request over a connection of its own, and the answer up to the end of that connection.
///
/// @param status the status of the answer
/// @param head its header lines in lower case
/// @param body all bytes after the head, chunk headers and trailers too
record RawVisit(int status, String head, String body) {

  private static final int LIMIT_MILLIS = 30_000;

  /// Connects to an address that is written as `host:port`.
  static Socket connect(String address) throws IOException {
    int colon = address.lastIndexOf(':');
    Socket socket = new Socket();
    socket.setSoTimeout(LIMIT_MILLIS);
    socket.connect(
        new InetSocketAddress(
            address.substring(0, colon), Integer.parseInt(address.substring(colon + 1))),
        LIMIT_MILLIS);
    return socket;
  }

  static RawVisit get(String address, String host, String target, String... headers)
      throws IOException {
    return request(address, host, "GET", target, headers);
  }

  /// Sends a request without a body and reads the whole answer.
  static RawVisit request(
      String address, String host, String method, String target, String... headers)
      throws IOException {
    try (Socket socket = connect(address)) {
      return over(socket, host, method, target, headers);
    }
  }

  /// Does the same on a connection that is there already, TLS or not.
  static RawVisit over(Socket socket, String host, String method, String target, String... headers)
      throws IOException {
    StringBuilder head = new StringBuilder();
    head.append(method).append(' ').append(target).append(" HTTP/1.1\r\nHost: ").append(host);
    head.append("\r\nConnection: close\r\n");
    for (String header : headers) {
      head.append(header).append("\r\n");
    }
    socket.getOutputStream().write(head.append("\r\n").toString().getBytes(ISO_8859_1));
    return parse(new String(socket.getInputStream().readAllBytes(), ISO_8859_1));
  }

  private static RawVisit parse(String text) throws IOException {
    int end = text.indexOf("\r\n\r\n");
    if (end < 0 || !text.matches("(?s)HTTP/1\\.1 [0-9]{3}.*")) {
      throw new IOException("not a whole HTTP/1.1 answer: " + text);
    }
    return new RawVisit(
        Integer.parseInt(text.substring(9, 12)),
        text.substring(0, end).toLowerCase(Locale.ROOT),
        text.substring(end + 4));
  }

  /// The stable code of a page that the gateway made itself, empty for an answer of the app.
  String error() {
    for (String line : head.split("\r\n", -1)) {
      if (line.startsWith("penstock-error: ")) {
        return line.substring("penstock-error: ".length());
      }
    }
    return "";
  }
}
