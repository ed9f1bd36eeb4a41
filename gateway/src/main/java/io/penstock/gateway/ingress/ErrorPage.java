package io.penstock.gateway.ingress;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufUtil;
import io.penstock.transport.relay.HeadWriter;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// The answers that the gateway gives itself, each with a code that never changes.
///
/// A page holds nothing of the request but the request id, which is checked or our own.
enum ErrorPage {
  BAD_REQUEST(400, "Bad Request", "The request is malformed."),
  REQUEST_TIMEOUT(408, "Request Timeout", "The request did not arrive in time."),
  BODY_TOO_LARGE(413, "Content Too Large", "The request body is larger than allowed here."),
  TARGET_TOO_LONG(414, "URI Too Long", "The address is longer than allowed here."),
  HEAD_TOO_LARGE(
      431, "Request Header Fields Too Large", "The request headers are larger than allowed here."),
  VERSION(505, "HTTP Version Not Supported", "Only HTTP/1.0 and HTTP/1.1 are spoken here."),
  NO_ROUTE(404, "Not Found", "No route leads from this address to an app."),
  NO_AGENT(503, "Service Unavailable", "No agent is connected for this address."),
  APP_DOWN(502, "Bad Gateway", "The agent is connected, but its app cannot be reached."),
  AGENT_LOST(502, "Bad Gateway", "The agent's connection ended before it answered."),
  BAD_RESPONSE(502, "Bad Gateway", "The app's answer is malformed."),
  TIMEOUT(504, "Gateway Timeout", "The app did not answer in time.");

  private final int status;
  private final String reason;
  private final String text;
  private final String code;

  ErrorPage(int status, String reason, String text) {
    this.status = status;
    this.reason = reason;
    this.text = text;
    this.code = name().toLowerCase(Locale.ROOT);
  }

  int status() {
    return status;
  }

  /// The stable word for it, such as `no_route`.
  String code() {
    return code;
  }

  /// How the page is to be written.
  ///
  /// @param accept the visitor's `Accept`, or null
  /// @param requestId shown on the page; null before there is one
  /// @param head whether only the head is wanted
  /// @param close whether the connection ends after it
  record Manner(@Nullable String accept, @Nullable String requestId, boolean head, boolean close) {}

  /// Writes the whole response.
  ByteBuf render(ByteBufAllocator allocator, Manner manner) {
    boolean json = wantsJson(manner.accept());
    String id = manner.requestId() == null ? "" : manner.requestId();
    byte[] body = (json ? json(id) : html(id)).getBytes(StandardCharsets.UTF_8);
    ByteBuf out = allocator.buffer(512 + body.length);
    ByteBufUtil.writeAscii(out, "HTTP/1.1 " + status + " " + reason + "\r\n");
    HeadWriter.field(out, "Content-Type", json ? "application/json" : "text/html; charset=utf-8");
    HeadWriter.contentLength(out, body.length);
    HeadWriter.field(out, "Cache-Control", "no-store");
    HeadWriter.field(out, "X-Content-Type-Options", "nosniff");
    HeadWriter.field(out, "Penstock-Error", code);
    if (!id.isEmpty()) {
      HeadWriter.field(out, "X-Request-Id", id);
    }
    if (this == NO_AGENT) {
      HeadWriter.field(out, "Retry-After", "5");
    }
    if (manner.close()) {
      HeadWriter.field(out, "Connection", "close");
    }
    HeadWriter.end(out);
    if (!manner.head()) {
      out.writeBytes(body);
    }
    return out;
  }

  /// JSON for whoever asks for it and not for HTML.
  static boolean wantsJson(@Nullable String accept) {
    if (accept == null) {
      return false;
    }
    String lower = accept.toLowerCase(Locale.ROOT);
    return (lower.contains("application/json") || lower.contains("+json"))
        && !lower.contains("text/html");
  }

  private String json(String id) {
    return """
    {"code":"%s","status":%d,"message":"%s","requestId":"%s"}
    """
        .formatted(code, status, text, escape(id));
  }

  private String html(String id) {
    return """
    <!doctype html>
    <html lang="en">
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width">
    <title>%d %s</title>
    <style>body{font:16px/1.5 system-ui,sans-serif;margin:15vh auto;max-width:34rem;padding:0 1rem}\
    code{background:#8882;padding:.1em .3em;border-radius:3px}small{opacity:.7}</style>
    <h1>%s</h1>
    <p>%s</p>
    <p><code>%s</code></p>
    <p><small>Penstock%s</small></p>
    </html>
    """
        .formatted(
            status, reason, reason, text, code, id.isEmpty() ? "" : " · request " + escape(id));
  }

  private static String escape(String text) {
    StringBuilder out = new StringBuilder(text.length());
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      switch (c) {
        case '<' -> out.append("&lt;");
        case '>' -> out.append("&gt;");
        case '&' -> out.append("&amp;");
        case '"' -> out.append("&quot;");
        case '\'' -> out.append("&#39;");
        case '\\' -> out.append("&#92;");
        default -> out.append(c);
      }
    }
    return out.toString();
  }
}
