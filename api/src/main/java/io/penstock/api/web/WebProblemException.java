package io.penstock.api.web;

import io.netty.handler.codec.http.HttpResponseStatus;
import io.penstock.api.Problem;
import java.util.Map;

/// A request cannot be fulfilled; what is in here is what the caller is told.
public final class WebProblemException extends Exception {

  private static final long serialVersionUID = 1L;

  private final int status;
  private final String code;
  private final transient Map<String, String> headers;

  /// An error with a stable word for programs and a sentence for people.
  public WebProblemException(int status, String code, String detail) {
    this(status, code, detail, Map.of());
  }

  /// An error whose answer has headers of its own.
  public WebProblemException(int status, String code, String detail, Map<String, String> headers) {
    super(detail);
    this.status = status;
    this.code = code;
    this.headers = Map.copyOf(headers);
  }

  /// The HTTP status.
  public int status() {
    return status;
  }

  /// The stable word.
  public String code() {
    return code;
  }

  WebResponse response() {
    String title = HttpResponseStatus.valueOf(status).reasonPhrase();
    return WebResponse.problem(
        Problem.of(status, title, code, String.valueOf(getMessage())), headers);
  }
}
