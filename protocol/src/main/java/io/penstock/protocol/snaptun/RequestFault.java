package io.penstock.protocol.snaptun;

import io.penstock.protocol.CloseReason;
import java.util.Locale;

/// What is wrong with a control request; each closes the connection, with the code and reason bytes
/// of the original.
public enum RequestFault implements CloseReason {
  /// Anything but POST.
  INVALID_METHOD(CloseCode.INVALID_REQUEST, "invalid method"),
  /// A path that is not of this protocol.
  INVALID_PATH(CloseCode.INVALID_REQUEST, "invalid path"),
  /// More than [SnapTun#MAX_CONTROL_BYTES].
  TOO_BIG(CloseCode.INVALID_REQUEST, "request too big"),
  /// A body that is no protobuf message.
  MALFORMED_BODY(CloseCode.INVALID_REQUEST, "error when parsing address assignment request"),
  /// The first request must renew the session.
  RENEWAL_EXPECTED(CloseCode.INVALID_REQUEST, "expected session renewal request"),
  /// The second request must ask for an address.
  ASSIGNMENT_EXPECTED(CloseCode.INVALID_REQUEST, "expected address assignment request"),
  /// No header `Authorization`, spelt so.
  NO_AUTHORIZATION(CloseCode.UNAUTHENTICATED, "no auth header"),
  /// A header `Authorization` that does not begin with `Bearer `.
  NO_BEARER(CloseCode.UNAUTHENTICATED, "bearer not found in authorization header"),
  /// The stream ended before the head did, or the head is no HTTP/1.
  CLOSED_PREMATURELY(CloseCode.INTERNAL_ERROR, "closed prematurely"),
  /// The peer reset the stream.
  READ_ERROR(CloseCode.INTERNAL_ERROR, "read error");

  private final CloseCode closeCode;
  private final String reason;

  RequestFault(CloseCode closeCode, String reason) {
    this.closeCode = closeCode;
    this.reason = reason;
  }

  /// The code to close the connection with.
  public CloseCode closeCode() {
    return closeCode;
  }

  @Override
  public String code() {
    return "request_" + name().toLowerCase(Locale.ROOT);
  }

  @Override
  public String logText() {
    return "faulty control request: " + reason;
  }

  @Override
  public String peerText() {
    return reason;
  }
}
