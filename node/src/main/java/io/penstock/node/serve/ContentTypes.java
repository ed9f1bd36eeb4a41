package io.penstock.node.serve;

import java.net.URLConnection;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CoderResult;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/// What kind of content a file holds: by its name, else by its first bytes.
final class ContentTypes {

  private static final String BINARY = "application/octet-stream";

  /// What the JDK's table lacks or says without a character set.
  private static final Map<String, String> BY_SUFFIX =
      Map.ofEntries(
          Map.entry("avif", "image/avif"),
          Map.entry("css", "text/css; charset=utf-8"),
          Map.entry("htm", "text/html; charset=utf-8"),
          Map.entry("html", "text/html; charset=utf-8"),
          Map.entry("js", "text/javascript; charset=utf-8"),
          Map.entry("json", "application/json"),
          Map.entry("mjs", "text/javascript; charset=utf-8"),
          Map.entry("pdf", "application/pdf"),
          Map.entry("svg", "image/svg+xml"),
          Map.entry("txt", "text/plain; charset=utf-8"),
          Map.entry("wasm", "application/wasm"),
          Map.entry("webp", "image/webp"),
          Map.entry("xml", "text/xml; charset=utf-8"));

  private ContentTypes() {}

  static Optional<String> of(String fileName) {
    int dot = fileName.lastIndexOf('.');
    if (dot < 0) {
      return Optional.empty();
    }
    String known = BY_SUFFIX.get(fileName.substring(dot + 1).toLowerCase(Locale.ROOT));
    return Optional.ofNullable(
        known != null ? known : URLConnection.getFileNameMap().getContentTypeFor(fileName));
  }

  /// Text when it looks like text.
  ///
  /// @param start the first bytes, perhaps cut inside of a character
  static String sniff(ByteBuffer start) {
    CharBuffer text = CharBuffer.allocate(start.remaining() + 1);
    CoderResult result = StandardCharsets.UTF_8.newDecoder().decode(start, text, false);
    boolean printable =
        text.flip().chars().allMatch(c -> c >= ' ' || c == '\n' || c == '\r' || c == '\t');
    return result.isError() || !printable ? BINARY : Answer.PLAIN;
  }
}
