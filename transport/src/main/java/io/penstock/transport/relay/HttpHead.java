package io.penstock.transport.relay;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Locale;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/// The head of a request or response: the start line, and fields that can be dropped and the rest
/// written on.
///
/// A view of the bytes that its [HeadReader] holds: valid until that reader is given more. What is
/// kept is copied line by line as it came, so a field that nobody understands passes unchanged.
public final class HttpHead {

  /// The content length of a message that names none.
  public static final long NO_LENGTH = -1;

  private static final String[] COMMON_METHODS = {"GET", "POST", "HEAD", "PUT"};

  private static final int INTS_PER_FIELD = 5;
  private static final int NAME_START = 0;
  private static final int NAME_END = 1;
  private static final int VALUE_START = 2;
  private static final int VALUE_END = 3;
  private static final int LINE_END = 4;

  private byte[] bytes = {};
  private int[] at = new int[16 * INTS_PER_FIELD];
  private KnownField[] known = new KnownField[16];
  private boolean[] dropped = new boolean[16];
  private int count;

  int methodEnd;
  int targetStart;
  int targetEnd;
  int reasonEnd;
  int statusStart;
  int status;
  int minorVersion;
  long contentLength = NO_LENGTH;
  boolean chunked;

  HttpHead() {}

  // ---- filled by the parser ----

  void reset(byte[] source) {
    bytes = source;
    count = 0;
    methodEnd = 0;
    targetStart = 0;
    targetEnd = 0;
    reasonEnd = 0;
    statusStart = 0;
    status = 0;
    minorVersion = 0;
    contentLength = NO_LENGTH;
    chunked = false;
  }

  void add(
      KnownField field, int nameStart, int nameEnd, int valueStart, int valueEnd, int lineEnd) {
    if (count == known.length) {
      known = Arrays.copyOf(known, count * 2);
      dropped = Arrays.copyOf(dropped, count * 2);
      at = Arrays.copyOf(at, count * 2 * INTS_PER_FIELD);
    }
    int base = count * INTS_PER_FIELD;
    at[base + NAME_START] = nameStart;
    at[base + NAME_END] = nameEnd;
    at[base + VALUE_START] = valueStart;
    at[base + VALUE_END] = valueEnd;
    at[base + LINE_END] = lineEnd;
    known[count] = field;
    dropped[count] = false;
    count++;
  }

  int fields() {
    return count;
  }

  // ---- start line ----

  /// The request method, in the case in which it was sent.
  public String method() {
    for (String common : COMMON_METHODS) {
      if (isMethod(common)) {
        return common;
      }
    }
    return text(0, methodEnd);
  }

  /// Says whether the request method is `method`, case included.
  public boolean isMethod(String method) {
    if (method.length() != methodEnd) {
      return false;
    }
    for (int i = 0; i < methodEnd; i++) {
      if (bytes[i] != method.charAt(i)) {
        return false;
      }
    }
    return true;
  }

  /// The request target as it was sent.
  public String target() {
    return text(targetStart, targetEnd);
  }

  /// The status of a response.
  public int status() {
    return status;
  }

  /// 0 for HTTP/1.0 and 1 for HTTP/1.1.
  public int minorVersion() {
    return minorVersion;
  }

  /// Appends the method of a request, as it was sent.
  public void writeMethod(ByteBuf out) {
    out.writeBytes(bytes, 0, methodEnd);
  }

  /// Appends the target of a request, as it was sent.
  public void writeTarget(ByteBuf out) {
    out.writeBytes(bytes, targetStart, targetEnd - targetStart);
  }

  /// Appends the status line of a response, in our own version.
  public void writeStatusLine(ByteBuf out) {
    ByteBufUtil.writeAscii(out, "HTTP/1.1 ");
    out.writeBytes(bytes, statusStart, reasonEnd - statusStart);
    if (reasonEnd - statusStart == 3) {
      out.writeByte(' ');
    }
    out.writeShort(HeadWriter.CRLF);
  }

  // ---- framing ----

  /// What `Content-Length` says, or [#NO_LENGTH].
  public long contentLength() {
    return contentLength;
  }

  /// Says whether the message is framed in chunks.
  public boolean isChunked() {
    return chunked;
  }

  // ---- fields ----

  /// Says whether the field is there.
  public boolean has(KnownField field) {
    return find(field) >= 0;
  }

  /// How many fields have this name.
  int count(KnownField field) {
    int found = 0;
    for (int i = 0; i < count; i++) {
      if (known[i] == field && !dropped[i]) {
        found++;
      }
    }
    return found;
  }

  /// The value of the first field of this name, decoded as Latin-1.
  public @Nullable String value(KnownField field) {
    int i = find(field);
    return i < 0
        ? null
        : text(at[i * INTS_PER_FIELD + VALUE_START], at[i * INTS_PER_FIELD + VALUE_END]);
  }

  /// The values of all fields of this name, joined by commas, or null when there is none.
  public @Nullable String joined(KnownField field) {
    String all = null;
    for (int i = 0; i < count; i++) {
      if (known[i] == field && !dropped[i]) {
        int base = i * INTS_PER_FIELD;
        String one = text(at[base + VALUE_START], at[base + VALUE_END]);
        all = all == null ? one : all + ", " + one;
      }
    }
    return all;
  }

  /// Shows every field that was not dropped, in its order, decoded as Latin-1.
  public void forEach(BiConsumer<String, String> field) {
    for (int i = 0; i < count; i++) {
      if (!dropped[i]) {
        int base = i * INTS_PER_FIELD;
        field.accept(
            text(at[base + NAME_START], at[base + NAME_END]),
            text(at[base + VALUE_START], at[base + VALUE_END]));
      }
    }
  }

  /// Says whether one of the comma-separated words of the field is `word`, in any case.
  public boolean hasWord(KnownField field, String word) {
    String all = joined(field);
    if (all == null) {
      return false;
    }
    int from = 0;
    while (from <= all.length()) {
      int comma = all.indexOf(',', from);
      int to = comma < 0 ? all.length() : comma;
      if (all.substring(from, to).strip().equalsIgnoreCase(word)) {
        return true;
      }
      from = to + 1;
    }
    return false;
  }

  /// Takes the field away.
  public void drop(KnownField field) {
    for (int i = 0; i < count; i++) {
      if (known[i] == field) {
        dropped[i] = true;
      }
    }
  }

  /// Takes away what belongs to one connection: the fixed fields, and those that `Connection`
  /// names.
  ///
  /// > Intermediaries MUST parse a received Connection header field before a message is forwarded
  /// > and, for each connection-option in this field, remove any header or trailer field(s) from
  /// > the message with the same name as the connection-option (RFC 9110 section 7.6.1)
  public void dropHopByHop() {
    for (int i = 0; i < count; i++) {
      if (known[i] == KnownField.CONNECTION) {
        dropNamed(at[i * INTS_PER_FIELD + VALUE_START], at[i * INTS_PER_FIELD + VALUE_END]);
      }
    }
    for (int i = 0; i < count; i++) {
      if (known[i].isHopByHop()) {
        dropped[i] = true;
      }
    }
  }

  /// Takes away everything that may not stand in a trailer section.
  void dropForbiddenInTrailer() {
    for (int i = 0; i < count; i++) {
      if (!known[i].isAllowedInTrailer()) {
        dropped[i] = true;
      }
    }
  }

  /// How many bytes the head had as it came: enough room for what is kept of it.
  public int sizeBytes() {
    return count == 0 ? reasonEnd + targetEnd : at[(count - 1) * INTS_PER_FIELD + LINE_END];
  }

  /// Appends every field that was not dropped, as it came.
  public void writeFields(ByteBuf out) {
    int i = 0;
    while (i < count) {
      if (dropped[i]) {
        i++;
        continue;
      }
      int from = at[i * INTS_PER_FIELD + NAME_START];
      while (i < count && !dropped[i]) {
        i++;
      }
      out.writeBytes(bytes, from, at[(i - 1) * INTS_PER_FIELD + LINE_END] - from);
    }
  }

  private void dropNamed(int start, int end) {
    int from = start;
    while (from < end) {
      int to = from;
      while (to < end && bytes[to] != ',') {
        to++;
      }
      dropNamedOne(skipSpace(from, to), to);
      from = to + 1;
    }
  }

  private void dropNamedOne(int start, int endWithSpace) {
    int end = endWithSpace;
    while (end > start && (bytes[end - 1] == ' ' || bytes[end - 1] == '\t')) {
      end--;
    }
    for (int i = 0; i < count && end > start; i++) {
      int base = i * INTS_PER_FIELD;
      if (known[i].canBeNamedByConnection()
          && equalNames(start, end, at[base + NAME_START], at[base + NAME_END])) {
        dropped[i] = true;
      }
    }
  }

  private boolean equalNames(int aStart, int aEnd, int bStart, int bEnd) {
    if (aEnd - aStart != bEnd - bStart) {
      return false;
    }
    for (int i = 0; i < aEnd - aStart; i++) {
      if ((bytes[aStart + i] | 0x20) != (bytes[bStart + i] | 0x20)) {
        return false;
      }
    }
    return true;
  }

  private int skipSpace(int from, int to) {
    int i = from;
    while (i < to && (bytes[i] == ' ' || bytes[i] == '\t')) {
      i++;
    }
    return i;
  }

  private int find(KnownField field) {
    for (int i = 0; i < count; i++) {
      if (known[i] == field && !dropped[i]) {
        return i;
      }
    }
    return -1;
  }

  private String text(int start, int end) {
    return new String(bytes, start, end - start, StandardCharsets.ISO_8859_1);
  }

  /// The start line for a log: printable, without the query.
  public String summary() {
    if (status != 0) {
      return "HTTP/1." + minorVersion + " " + status;
    }
    String target = target();
    int query = target.indexOf('?');
    return method() + " " + (query < 0 ? target : target.substring(0, query));
  }

  @Override
  public String toString() {
    return summary().toLowerCase(Locale.ROOT) + " with " + count + " fields";
  }
}
