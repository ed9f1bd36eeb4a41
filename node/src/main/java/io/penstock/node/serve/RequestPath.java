package io.penstock.node.serve;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The path of a request, by segments: what mounts are compared with, and what is left of it below
/// one.
///
/// Segments are decoded one by one, so an encoded slash is part of its segment and never ends it.
/// Dot segments, encoded or not, are resolved before anything is compared; empty segments count for
/// nothing, and stay in what is passed on.
final class RequestPath {

  /// One segment.
  ///
  /// @param raw as it was sent
  /// @param text decoded from UTF-8
  private record Segment(String raw, String text) {}

  private final List<Segment> segments;
  private final boolean resolved;
  private final String sent;

  private RequestPath(String sent, List<Segment> segments, boolean resolved) {
    this.sent = sent;
    this.segments = segments;
    this.resolved = resolved;
  }

  /// Reads a path without its query.
  ///
  /// @return null when it does not begin with a slash or holds a malformed escape
  static @Nullable RequestPath parse(String sent) {
    if (!sent.startsWith("/")) {
      return null;
    }
    List<Segment> segments = new ArrayList<>();
    boolean resolved = false;
    String[] raws = sent.substring(1).split("/", -1);
    for (int i = 0; i < raws.length; i++) {
      String text = decode(raws[i]);
      if (text == null) {
        return null;
      }
      boolean last = i == raws.length - 1;
      if (text.equals(".") || text.equals("..")) {
        resolved = true;
        if (text.equals("..")) {
          removeLast(segments);
        }
        if (last) {
          segments.add(new Segment("", ""));
        }
      } else {
        segments.add(new Segment(raws[i], text));
      }
    }
    return new RequestPath(sent, segments, resolved);
  }

  /// Takes the last segment that is not empty, and what is behind it.
  private static void removeLast(List<Segment> segments) {
    while (!segments.isEmpty() && segments.getLast().text().isEmpty()) {
      segments.removeLast();
    }
    if (!segments.isEmpty()) {
      segments.removeLast();
    }
  }

  /// The path, with dot segments resolved, as it is to be passed on.
  String raw() {
    return resolved ? rest(0) : sent;
  }

  /// The path as the original compares it: decoded, with its slash at the end if it has one.
  String exact() {
    StringBuilder text = new StringBuilder();
    segments.forEach(segment -> text.append('/').append(plain(segment)));
    return text.isEmpty() ? "/" : text.toString();
  }

  /// Paths at which a mount may be, from the whole down to the root: without empty segments, and
  /// without a slash at the end but the root's.
  List<String> ancestors() {
    List<String> paths = new ArrayList<>();
    StringBuilder text = new StringBuilder();
    paths.add("/");
    for (Segment segment : segments) {
      if (!segment.text().isEmpty()) {
        text.append('/').append(plain(segment));
        paths.add(text.toString());
      }
    }
    return paths.reversed();
  }

  /// What is left behind a mount that is an ancestor: empty, or with a slash in front.
  String below(String mount) {
    int depth = (int) List.of(mount.split("/")).stream().filter(s -> !s.isEmpty()).count();
    int from = 0;
    while (depth > 0 && from < segments.size()) {
      if (!segments.get(from).text().isEmpty()) {
        depth--;
      }
      from++;
    }
    return from == 0 ? raw() : rest(from);
  }

  /// The decoded segments of [#below], of which the last is empty when that ends with a slash.
  List<String> segmentsBelow(String mount) {
    RequestPath rest = parse(below(mount));
    return rest == null ? List.of() : rest.segments.stream().map(Segment::text).toList();
  }

  private String rest(int from) {
    StringBuilder text = new StringBuilder();
    for (Segment segment : segments.subList(from, segments.size())) {
      text.append('/').append(segment.raw());
    }
    return from == 0 && text.isEmpty() ? "/" : text.toString();
  }

  /// A slash inside of a segment is no slash between two.
  private static String plain(Segment segment) {
    return segment.text().replace("/", "%2F");
  }

  private static @Nullable String decode(String raw) {
    if (raw.indexOf('%') < 0) {
      return raw;
    }
    byte[] bytes = new byte[raw.length()];
    int length = 0;
    for (int i = 0; i < raw.length(); i++) {
      char c = raw.charAt(i);
      if (c != '%') {
        bytes[length++] = (byte) c;
        continue;
      }
      boolean whole = i + 2 < raw.length();
      int high = whole ? Character.digit(raw.charAt(i + 1), 16) : -1;
      int low = whole ? Character.digit(raw.charAt(i + 2), 16) : -1;
      if (high < 0 || low < 0) {
        return null;
      }
      bytes[length++] = (byte) (high << 4 | low);
      i += 2;
    }
    return new String(bytes, 0, length, StandardCharsets.UTF_8);
  }
}
