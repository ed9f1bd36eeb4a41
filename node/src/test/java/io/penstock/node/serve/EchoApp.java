package io.penstock.node.serve;

import io.penstock.testkit.wire.WireServer;
import io.penstock.testkit.wire.WireSocket;
import java.io.ByteArrayOutputStream;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// A local app that speaks HTTP/1.1 alone, gives back the body of each request, and says in its
/// answer what it has seen.
final class EchoApp implements AutoCloseable {

  /// `METHOD TARGET CONTENT-TYPE` of each request.
  final List<String> seen = new CopyOnWriteArrayList<>();

  private final WireServer server = WireServer.start(this::play);

  int port() {
    return server.port();
  }

  private void play(WireSocket visitor) {
    while (true) {
      String head = visitor.readHead();
      byte[] body = body(visitor, head);
      String start = head.substring(0, head.indexOf(" HTTP/1.1"));
      seen.add(start + " " + field(head, "content-type"));
      visitor.send(
          "HTTP/1.1 200 OK\r\nContent-Length: %d\r\nProto-Was: %s\r\nHost-Was: %s\r\n\r\n"
              .formatted(body.length, field(head, "x-forwarded-proto"), field(head, "host")));
      visitor.send(body);
    }
  }

  private static byte[] body(WireSocket visitor, String head) {
    if (!field(head, "transfer-encoding").equals("chunked")) {
      String length = field(head, "content-length");
      return visitor.readBytes(length.isEmpty() ? 0 : Integer.parseInt(length));
    }
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    while (true) {
      int size = Integer.parseInt(visitor.readUntil("\r\n").strip(), 16);
      body.writeBytes(visitor.readBytes(size));
      visitor.readUntil("\r\n");
      if (size == 0) {
        return body.toByteArray();
      }
    }
  }

  private static String field(String head, String name) {
    Matcher found = Pattern.compile("(?im)^" + Pattern.quote(name) + ": *(.*?)\r?$").matcher(head);
    return found.find() ? found.group(1) : "";
  }

  @Override
  public void close() {
    server.close();
  }
}
