package io.penstock.transport.relay;

/// What a [HeadReader] says to the bytes that it was given.
public sealed interface HeadResult {

  /// The head has not ended yet.
  enum Incomplete implements HeadResult {
    INCOMPLETE
  }

  /// The head is whole; the view is valid until the reader is given more.
  record Complete(HttpHead head) implements HeadResult {}

  /// The head is refused, and with it everything that follows on the connection.
  enum Fault implements HeadResult {
    TOO_LARGE("the head is longer than the limit"),
    TOO_MANY_FIELDS("the head has more fields than the limit"),
    TARGET_TOO_LONG("the request target is longer than the limit"),
    BARE_LF("a line feed without carriage return"),
    BARE_CR("a carriage return without line feed"),
    BAD_START_LINE("the start line is malformed"),
    BAD_VERSION("the version is not HTTP/1.0 or HTTP/1.1"),
    FOLDED("a folded header line"),
    BAD_FIELD_NAME("a header name is malformed"),
    BAD_FIELD_VALUE("a header value has a control character"),
    BAD_HOST("Host is missing, doubled or malformed"),
    BAD_LENGTH("Content-Length is malformed or doubled"),
    BAD_TRANSFER_ENCODING("Transfer-Encoding is not chunked alone"),
    LENGTH_AND_ENCODING("both Content-Length and Transfer-Encoding");

    private final String text;

    Fault(String text) {
      this.text = text;
    }

    /// What an operator reads in the log; it holds nothing of the head itself.
    public String text() {
      return text;
    }
  }
}
