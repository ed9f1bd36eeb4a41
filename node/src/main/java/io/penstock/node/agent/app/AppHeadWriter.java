package io.penstock.node.agent.app;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufUtil;
import io.penstock.transport.relay.HeadWriter;
import io.penstock.transport.relay.HttpExchange;
import io.penstock.transport.relay.HttpHead;
import io.penstock.transport.relay.KnownField;
import java.net.URI;
import org.jspecify.annotations.Nullable;

/// Writes the head of a request as the local app gets it, and the answers that the agent gives
/// itself.
final class AppHeadWriter {

  private static final int SPARE_BYTES = 256;
  private static final String DOWN = "The app behind this tunnel cannot be reached.\n";
  private static final String PONG = "ok\n";

  private final HostHeader hostHeader;
  private final String basePath;
  private final String targetHost;
  private final boolean keepsConnections;

  AppHeadWriter(AppConfig config) {
    URI target = config.target();
    String path = target.getRawPath() == null ? "" : target.getRawPath();
    this.basePath = path.endsWith("/") ? path.substring(0, path.length() - 1) : path;
    this.targetHost = target.getRawAuthority();
    this.hostHeader = config.hostHeader();
    this.keepsConnections = config.maxIdleConnections() > 0;
  }

  /// Writes the head; drops fields of `head` on the way.
  ByteBuf request(ByteBufAllocator allocator, HttpHead head, HttpExchange.Request asked) {
    boolean trailers = head.hasWord(KnownField.TE, "trailers");
    String host = hostFor(head);
    head.dropHopByHop();
    if (host != null) {
      head.drop(KnownField.HOST);
    }
    ByteBuf out = allocator.buffer(SPARE_BYTES + head.sizeBytes());
    head.writeMethod(out);
    out.writeByte(' ');
    if (!head.target().equals("*")) {
      ByteBufUtil.writeAscii(out, basePath);
    }
    head.writeTarget(out);
    ByteBufUtil.writeAscii(out, " HTTP/1.1\r\n");
    if (host != null) {
      HeadWriter.field(out, "Host", host);
    }
    head.writeFields(out);
    if (trailers) {
      HeadWriter.field(out, "TE", "trailers");
    }
    if (asked.upgrade() != null) {
      HeadWriter.field(out, "Connection", "Upgrade");
      HeadWriter.field(out, "Upgrade", asked.upgrade());
    } else if (!keepsConnections) {
      HeadWriter.field(out, "Connection", "close");
    }
    HeadWriter.end(out);
    return out;
  }

  /// The `Host` to write, or null when the one that came is to pass.
  private @Nullable String hostFor(HttpHead head) {
    return switch (hostHeader) {
      case HostHeader.Preserve() -> head.has(KnownField.HOST) ? null : targetHost;
      case HostHeader.Rewrite() -> targetHost;
      case HostHeader.Value(String host) -> host;
    };
  }

  /// The answer to the gateway's ping.
  static ByteBuf pong(ByteBufAllocator allocator) {
    return answer(allocator, "200 OK", "", PONG);
  }

  /// The answer that says that the app is down, which our own gateway replaces by its page.
  static ByteBuf appDown(ByteBufAllocator allocator, boolean headOnly) {
    String mark = KnownField.APP_DOWN.text() + ": 1\r\n";
    return headOnly
        ? answerHead(allocator, "502 Bad Gateway", mark, DOWN.length())
        : answer(allocator, "502 Bad Gateway", mark, DOWN);
  }

  /// Any other answer of our own, without a body worth reading.
  static ByteBuf plain(ByteBufAllocator allocator, String status) {
    return answer(allocator, status, "", "");
  }

  private static ByteBuf answer(
      ByteBufAllocator allocator, String status, String fields, String body) {
    ByteBuf out = answerHead(allocator, status, fields, body.length());
    ByteBufUtil.writeAscii(out, body);
    return out;
  }

  private static ByteBuf answerHead(
      ByteBufAllocator allocator, String status, String fields, int length) {
    ByteBuf out = allocator.buffer(SPARE_BYTES);
    ByteBufUtil.writeAscii(out, "HTTP/1.1 " + status + "\r\n" + fields);
    HeadWriter.field(out, "Content-Type", "text/plain; charset=utf-8");
    HeadWriter.contentLength(out, length);
    HeadWriter.end(out);
    return out;
  }
}
