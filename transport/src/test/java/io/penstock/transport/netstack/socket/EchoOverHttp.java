package io.penstock.transport.netstack.socket;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Answers HTTP/1.1 requests with their own bodies (RFC 9112), as far as messages with a
/// `Content-Length` go.
final class EchoOverHttp {

  private static final Pattern CONTENT_LENGTH =
      Pattern.compile("(?i)\r\nContent-Length: *(\\d+)\r\n");

  private EchoOverHttp() {}

  /// Serves one connection until the client ends it or asks for it to be closed, and closes it.
  static void serve(Socket connection) throws IOException {
    try (connection) {
      InputStream in = connection.getInputStream();
      OutputStream out = connection.getOutputStream();
      String head = head(in);
      while (!head.isEmpty()) {
        byte[] body = in.readNBytes(bodyBytes(head));
        String path = head.split(" ", 3)[1];
        String answer =
            "HTTP/1.1 200 OK\r\nPath: %s\r\nContent-Length: %d\r\n\r\n"
                .formatted(path, body.length);
        out.write(answer.getBytes(US_ASCII));
        out.write(body);
        head = head.contains("Connection: close") ? "" : head(in);
      }
    }
  }

  /// Reads up to the empty line behind a head; empty at the end of the stream.
  static String head(InputStream in) throws IOException {
    StringBuilder head = new StringBuilder();
    while (head.length() < 4 || !head.substring(head.length() - 4).equals("\r\n\r\n")) {
      int next = in.read();
      if (next < 0) {
        return "";
      }
      head.append((char) next);
    }
    return head.toString();
  }

  static int bodyBytes(String head) {
    Matcher length = CONTENT_LENGTH.matcher(head);
    return length.find() ? Integer.parseInt(length.group(1)) : 0;
  }
}
