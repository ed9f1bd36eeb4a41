package io.penstock.api.tunnel;

/// Finds the end of one JSON object in a stream of bytes that has no other delimiter.
///
/// The control stream carries `{…}` with neither a length nor a line end, so the end is where the
/// braces balance outside of strings (RFC 8259, sections 2 and 7). The scanner judges nothing else;
/// what it found goes to a JSON parser. Bytes may come in any pieces. Not thread-safe.
public final class JsonObjectScanner {

  private enum State {
    BEFORE,
    IN_OBJECT,
    IN_STRING,
    AFTER_BACKSLASH,
    DONE,
    NOT_AN_OBJECT
  }

  private State state = State.BEFORE;
  private int depth;

  /// Makes a scanner that has seen nothing yet.
  public JsonObjectScanner() {}

  /// Takes the next byte and says whether the scan goes on.
  ///
  /// It ends after the closing brace, or at a first byte that can open no object; every later byte
  /// is ignored.
  public boolean accept(byte next) {
    switch (state) {
      case BEFORE -> {
        if (next == '{') {
          depth = 1;
          state = State.IN_OBJECT;
        } else if (!isSpace(next)) {
          state = State.NOT_AN_OBJECT;
        }
      }
      case IN_OBJECT -> insideObject(next);
      case IN_STRING -> {
        if (next == '"') {
          state = State.IN_OBJECT;
        } else if (next == '\\') {
          state = State.AFTER_BACKSLASH;
        }
      }
      case AFTER_BACKSLASH -> state = State.IN_STRING;
      case DONE, NOT_AN_OBJECT -> {
        return false;
      }
    }
    return state != State.DONE && state != State.NOT_AN_OBJECT;
  }

  /// Whether one whole object has been seen.
  public boolean isComplete() {
    return state == State.DONE;
  }

  private void insideObject(byte next) {
    switch (next) {
      case '"' -> state = State.IN_STRING;
      case '{', '[' -> depth++;
      case '}', ']' -> {
        depth--;
        if (depth == 0) {
          state = State.DONE;
        }
      }
      default -> {
        // Everything between the marks is the parser's business.
      }
    }
  }

  private static boolean isSpace(byte b) {
    return b == ' ' || b == '\t' || b == '\n' || b == '\r';
  }
}
