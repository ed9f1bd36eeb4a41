package io.penstock.protocol.snaptun;

import io.penstock.protocol.CloseReason;
import java.util.List;

/// Why a client's request did not bring what it asked for.
public sealed interface ResponseFault extends CloseReason {

  @Override
  default String peerText() {
    return "";
  }

  /// The server answered with a status other than 200.
  ///
  /// Deviates from the original, whose client reads the empty body of a 401 as a session that is
  /// valid until 1970.
  ///
  /// @param status as it came
  /// @param refused beyond the original: which addresses were refused, and why
  record Status(int status, List<Refusal> refused) implements ResponseFault {
    public Status {
      refused = List.copyOf(refused);
    }

    @Override
    public String code() {
      return "response_status";
    }

    @Override
    public String logText() {
      StringBuilder text = new StringBuilder("the server answered with status " + status);
      refused.forEach(refusal -> text.append("; ").append(refusal.why()));
      return text.toString();
    }
  }

  /// Faults of the bytes that came.
  enum Malformed implements ResponseFault {
    /// No HTTP/1 head.
    HEAD("response_head", "the response is no HTTP/1"),
    /// The stream ended within the head.
    UNFINISHED("response_unfinished", "the response ended before its head did"),
    /// More than [SnapTun#MAX_CONTROL_BYTES].
    TOO_BIG("response_too_big", "the response is too big"),
    /// A body that is no protobuf message.
    BODY("response_body", "the body of the response is no message of the protocol");

    private final String code;
    private final String text;

    Malformed(String code, String text) {
      this.code = code;
      this.text = text;
    }

    @Override
    public String code() {
      return code;
    }

    @Override
    public String logText() {
      return text;
    }
  }

  /// An assignment without an address.
  enum NoAddressAssigned implements ResponseFault {
    NO_ADDRESS_ASSIGNED;

    @Override
    public String code() {
      return "no_address_assigned";
    }

    @Override
    public String logText() {
      return "the server assigned no address";
    }
  }

  /// An assigned address that is none.
  record InvalidAddress(AddressFault fault) implements ResponseFault {
    @Override
    public String code() {
      return "invalid_address";
    }

    @Override
    public String logText() {
      return "the server assigned " + fault.logText();
    }
  }

  /// The stream of the request broke, or could not be opened.
  ///
  /// @param detail what QUIC said about it
  record StreamFailed(String detail) implements ResponseFault {
    @Override
    public String code() {
      return "request_stream_failed";
    }

    @Override
    public String logText() {
      return "the stream of the request failed: " + detail;
    }
  }

  /// Nothing whole came in time.
  enum NoResponse implements ResponseFault {
    NO_RESPONSE;

    @Override
    public String code() {
      return "response_timeout";
    }

    @Override
    public String logText() {
      return "the server did not answer in time";
    }
  }
}
