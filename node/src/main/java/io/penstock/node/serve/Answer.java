package io.penstock.node.serve;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufUtil;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.penstock.transport.relay.HeadWriter;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/// A response that a served port gives itself.
final class Answer {

  static final String PLAIN = "text/plain; charset=utf-8";
  static final String HTML = "text/html; charset=utf-8";

  private static final int SPARE_BYTES = 512;

  private record Field(String name, String value) {}

  private final int status;
  private final List<Field> fields = new ArrayList<>();
  private byte[] body = {};

  Answer(int status) {
    this.status = status;
  }

  /// A short text that says what is wrong.
  static Answer error(int status, String text) {
    return new Answer(status).field("X-Content-Type-Options", "nosniff").body(PLAIN, text + "\n");
  }

  int status() {
    return status;
  }

  Answer field(String name, String value) {
    fields.add(new Field(name, value));
    return this;
  }

  Answer body(String type, String text) {
    body = text.getBytes(StandardCharsets.UTF_8);
    return field("Content-Type", type);
  }

  /// The head alone, of a body that somebody else writes.
  ByteBuf head(ByteBufAllocator allocator, long length, boolean keepAlive) {
    ByteBuf out = allocator.buffer(SPARE_BYTES);
    ByteBufUtil.writeAscii(
        out,
        "HTTP/1.1 " + status + " " + HttpResponseStatus.valueOf(status).reasonPhrase() + "\r\n");
    fields.forEach(field -> HeadWriter.field(out, field.name(), field.value()));
    if (status != 304) {
      HeadWriter.contentLength(out, length);
    }
    if (!keepAlive) {
      HeadWriter.field(out, "Connection", "close");
    }
    HeadWriter.end(out);
    return out;
  }

  /// The whole response.
  ByteBuf whole(ByteBufAllocator allocator, boolean headOnly, boolean keepAlive) {
    ByteBuf out = head(allocator, body.length, keepAlive);
    return headOnly ? out : out.writeBytes(body);
  }

  /// A text that can stand in HTML.
  static String escape(String text) {
    return text.replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace("\"", "&#34;")
        .replace("'", "&#39;");
  }
}
