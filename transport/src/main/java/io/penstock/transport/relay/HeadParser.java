package io.penstock.transport.relay;

import io.penstock.transport.relay.HeadResult.Fault;
import org.jspecify.annotations.Nullable;

/// Parses the bytes of one whole head by the grammar of RFC 9112, and by nothing looser.
final class HeadParser {

  private static final int MAX_LENGTH_DIGITS = 18;

  private final HeadReader.Kind kind;
  private final HeadReader.Limits limits;
  private byte[] bytes = {};
  private int end;

  HeadParser(HeadReader.Kind kind, HeadReader.Limits limits) {
    this.kind = kind;
    this.limits = limits;
  }

  /// Fills `head` from the first `length` bytes, which end with the empty line.
  @Nullable Fault parse(HttpHead head, byte[] source, int length) {
    bytes = source;
    end = length;
    head.reset(source);
    int lineEnd = lineEnd(0);
    if (lineEnd < 0) {
      return Fault.BARE_CR;
    }
    Fault fault =
        kind == HeadReader.Kind.REQUEST
            ? parseRequestLine(head, lineEnd)
            : parseStatusLine(head, lineEnd);
    if (fault == null) {
      fault = parseFields(head, lineEnd + 2);
    }
    if (fault != null) {
      return fault;
    }
    return kind == HeadReader.Kind.REQUEST ? checkRequest(head) : checkResponse(head);
  }

  /// Parses a trailer section: fields and the empty line, without a start line.
  @Nullable Fault parseTrailers(HttpHead head, byte[] source, int length) {
    bytes = source;
    end = length;
    head.reset(source);
    return parseFields(head, 0);
  }

  /// The fault of a head that reached the limit before it ended.
  Fault tooLarge(byte[] source, int length) {
    if (kind == HeadReader.Kind.REQUEST) {
      for (int i = 0; i < length; i++) {
        if (source[i] == '\n') {
          return Fault.TOO_LARGE;
        }
      }
      return Fault.TARGET_TOO_LONG;
    }
    return Fault.TOO_LARGE;
  }

  // ---- start lines ----

  /// `method SP request-target SP HTTP-version`, each space single.
  private @Nullable Fault parseRequestLine(HttpHead head, int lineEnd) {
    int i = 0;
    while (i < lineEnd && HttpChars.isToken(bytes[i])) {
      i++;
    }
    if (i == 0 || i == lineEnd || bytes[i] != ' ') {
      return Fault.BAD_START_LINE;
    }
    head.methodEnd = i;
    int start = i + 1;
    i = start;
    while (i < lineEnd && HttpChars.isVisible(bytes[i]) && bytes[i] != '#') {
      i++;
    }
    if (i == start || i == lineEnd || bytes[i] != ' ') {
      return Fault.BAD_START_LINE;
    }
    if (i - start > limits.maxTargetBytes()) {
      return Fault.TARGET_TOO_LONG;
    }
    head.targetStart = start;
    head.targetEnd = i;
    return parseVersion(head, i + 1, lineEnd);
  }

  private @Nullable Fault parseVersion(HttpHead head, int start, int lineEnd) {
    if (lineEnd - start != 8 || !startsWithHttpSlash(start) || bytes[start + 6] != '.') {
      return Fault.BAD_START_LINE;
    }
    byte minor = bytes[start + 7];
    if (bytes[start + 5] != '1' || minor < '0' || minor > '1') {
      return HttpChars.isDigit(bytes[start + 5]) && HttpChars.isDigit(minor)
          ? Fault.BAD_VERSION
          : Fault.BAD_START_LINE;
    }
    head.minorVersion = minor - '0';
    return null;
  }

  /// `HTTP-version SP 3DIGIT [ SP reason-phrase ]`; the last space may be missing, as many servers
  /// leave it out.
  private @Nullable Fault parseStatusLine(HttpHead head, int lineEnd) {
    if (lineEnd < 12 || bytes[8] != ' ') {
      return Fault.BAD_START_LINE;
    }
    Fault fault = parseVersion(head, 0, 8);
    if (fault != null) {
      return fault;
    }
    int status = 0;
    for (int i = 9; i < 12; i++) {
      if (!HttpChars.isDigit(bytes[i])) {
        return Fault.BAD_START_LINE;
      }
      status = status * 10 + bytes[i] - '0';
    }
    if (status < 100 || (lineEnd > 12 && bytes[12] != ' ')) {
      return Fault.BAD_START_LINE;
    }
    for (int i = 12; i < lineEnd; i++) {
      if (!HttpChars.isValue(bytes[i])) {
        return Fault.BAD_START_LINE;
      }
    }
    head.status = status;
    head.statusStart = 9;
    head.reasonEnd = lineEnd;
    return null;
  }

  private boolean startsWithHttpSlash(int i) {
    return bytes[i] == 'H'
        && bytes[i + 1] == 'T'
        && bytes[i + 2] == 'T'
        && bytes[i + 3] == 'P'
        && bytes[i + 4] == '/';
  }

  // ---- fields ----

  private @Nullable Fault parseFields(HttpHead head, int from) {
    int start = from;
    while (start < end - 2) {
      if (head.fields() == limits.maxFields()) {
        return Fault.TOO_MANY_FIELDS;
      }
      if (bytes[start] == ' ' || bytes[start] == '\t') {
        return Fault.FOLDED;
      }
      int colon = start;
      boolean underscore = false;
      while (HttpChars.isToken(bytes[colon])) {
        underscore |= bytes[colon] == '_';
        colon++;
      }
      if (colon == start || bytes[colon] != ':') {
        return Fault.BAD_FIELD_NAME;
      }
      int lineEnd = colon + 1;
      while (HttpChars.isValue(bytes[lineEnd])) {
        lineEnd++;
      }
      if (bytes[lineEnd] != '\r') {
        return Fault.BAD_FIELD_VALUE;
      }
      if (bytes[lineEnd + 1] != '\n') {
        return Fault.BARE_CR;
      }
      addField(head, start, colon, lineEnd, underscore);
      start = lineEnd + 2;
    }
    return null;
  }

  private void addField(HttpHead head, int start, int colon, int lineEnd, boolean underscore) {
    int valueStart = colon + 1;
    int valueEnd = lineEnd;
    while (valueStart < valueEnd && isSpace(bytes[valueStart])) {
      valueStart++;
    }
    while (valueEnd > valueStart && isSpace(bytes[valueEnd - 1])) {
      valueEnd--;
    }
    KnownField field = KnownField.of(bytes, start, colon, underscore);
    head.add(field, start, colon, valueStart, valueEnd, lineEnd + 2);
  }

  /// The end of the line that begins at `start`, or -1 when a carriage return stands inside it.
  private int lineEnd(int start) {
    int i = start;
    while (bytes[i] != '\r') {
      i++;
    }
    return bytes[i + 1] == '\n' ? i : -1;
  }

  private static boolean isSpace(byte b) {
    return b == ' ' || b == '\t';
  }

  // ---- framing ----

  private @Nullable Fault checkRequest(HttpHead head) {
    String host = head.value(KnownField.HOST);
    int hosts = head.count(KnownField.HOST);
    if (hosts > 1 || (hosts == 0 && head.minorVersion == 1)) {
      return Fault.BAD_HOST;
    }
    if (host != null && !Authority.isValid(host)) {
      return Fault.BAD_HOST;
    }
    Fault fault = readEncoding(head);
    if (fault == null) {
      fault = readLength(head);
    }
    if (fault != null) {
      return fault;
    }
    // > A server MAY reject a request that contains both Content-Length and Transfer-Encoding
    // > (RFC 9112 section 6.1)
    return head.chunked && head.contentLength != HttpHead.NO_LENGTH
        ? Fault.LENGTH_AND_ENCODING
        : null;
  }

  private @Nullable Fault checkResponse(HttpHead head) {
    Fault fault = readEncoding(head);
    if (fault == null) {
      fault = readLength(head);
    }
    if (fault == null && head.chunked && head.contentLength != HttpHead.NO_LENGTH) {
      return Fault.LENGTH_AND_ENCODING;
    }
    return fault;
  }

  /// Only `chunked` alone is understood; in HTTP/1.0 nothing is.
  private @Nullable Fault readEncoding(HttpHead head) {
    int count = head.count(KnownField.TRANSFER_ENCODING);
    if (count == 0) {
      return null;
    }
    String value = head.value(KnownField.TRANSFER_ENCODING);
    if (count > 1
        || head.minorVersion == 0
        || value == null
        || !value.equalsIgnoreCase("chunked")) {
      return Fault.BAD_TRANSFER_ENCODING;
    }
    head.chunked = true;
    return null;
  }

  /// One field of digits; several are refused even when they agree.
  private static @Nullable Fault readLength(HttpHead head) {
    int count = head.count(KnownField.CONTENT_LENGTH);
    if (count == 0) {
      return null;
    }
    String value = head.value(KnownField.CONTENT_LENGTH);
    if (count > 1 || value == null || value.isEmpty() || value.length() > MAX_LENGTH_DIGITS) {
      return Fault.BAD_LENGTH;
    }
    long length = 0;
    for (int i = 0; i < value.length(); i++) {
      int digit = value.charAt(i) - '0';
      if (digit < 0 || digit > 9) {
        return Fault.BAD_LENGTH;
      }
      length = length * 10 + digit;
    }
    head.contentLength = length;
    return null;
  }
}
