package io.penstock.transport.http2;

import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http2.Http2Headers;
import io.penstock.transport.relay.HeadWriter;
import io.penstock.transport.relay.HttpHead;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/// Fields of HTTP/2 as lines of HTTP/1.1 and back.
final class Http2Fields {

  /// > An endpoint MUST NOT generate an HTTP/2 message containing connection-specific header fields
  /// > (RFC 9113 section 8.2.2)
  private static final Set<String> OF_CONNECTION =
      Set.of("connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade");

  private Http2Fields() {}

  /// Says whether every field can stand in a head of HTTP/1.1 and belongs to the message.
  static boolean areValid(Http2Headers headers) {
    for (Map.Entry<CharSequence, CharSequence> field : headers) {
      String name = field.getKey().toString();
      String value = field.getValue().toString();
      if (name.startsWith(":")) {
        continue;
      }
      boolean good =
          HeadWriter.isToken(name)
              && name.equals(name.toLowerCase(Locale.ROOT))
              && HeadWriter.isValue(value)
              && !OF_CONNECTION.contains(name)
              && (!name.equals("te") || value.equals("trailers"));
      if (!good) {
        return false;
      }
    }
    return true;
  }

  /// Appends every field but the pseudo-header fields, `host` and `cookie`, as lines.
  static void write(ByteBuf out, Http2Headers headers) {
    for (Map.Entry<CharSequence, CharSequence> field : headers) {
      String name = field.getKey().toString();
      if (!name.startsWith(":") && !name.equals("host") && !name.equals("cookie")) {
        HeadWriter.field(out, name, field.getValue());
      }
    }
  }

  /// Adds every field of a head that was not dropped; those of the connection have to be.
  static void add(Http2Headers headers, HttpHead head) {
    head.forEach((name, value) -> headers.add(name.toLowerCase(Locale.ROOT), value));
  }
}
