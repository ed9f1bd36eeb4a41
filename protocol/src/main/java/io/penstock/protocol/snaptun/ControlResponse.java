package io.penstock.protocol.snaptun;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.nio.charset.StandardCharsets;
import java.util.List;

/// What a server answers on the stream of a request.
public sealed interface ControlResponse {

  /// The statuses that a server answers.
  enum Status {
    OK(200, "OK"),
    BAD_REQUEST(400, "Bad Request"),
    UNAUTHORIZED(401, "Unauthorized"),
    INTERNAL_SERVER_ERROR(500, "Internal Server Error"),
    NOT_IMPLEMENTED(501, "Not Implemented");

    private final int code;
    private final String text;

    Status(int code, String text) {
      this.code = code;
      this.text = text;
    }

    /// The number on the wire.
    public int code() {
      return code;
    }
  }

  /// The status on the wire.
  Status status();

  /// The session lasts until `validUntilSeconds` of Unix time.
  record Renewed(long validUntilSeconds) implements ControlResponse {
    @Override
    public Status status() {
      return Status.OK;
    }
  }

  /// Addresses were assigned.
  ///
  /// @param addresses those given, in the order in which they were asked for
  /// @param refused beyond the original, and told only to a peer that asks for several or says that
  ///   it understands
  record Assigned(List<AddressRange> addresses, List<Refusal> refused) implements ControlResponse {
    public Assigned {
      addresses = List.copyOf(addresses);
      refused = List.copyOf(refused);
    }

    @Override
    public Status status() {
      return Status.OK;
    }
  }

  /// The request failed; the original sends no body then, and a client of its kind would read one.
  ///
  /// @param refused beyond the original: what was wanted and why it was not given, in headers; told
  ///   as in [Assigned]
  record Failed(Status status, List<Refusal> refused) implements ControlResponse {
    public Failed {
      refused = List.copyOf(refused);
    }

    Failed(Status status) {
      this(status, List.of());
    }
  }

  /// Writes the response as the original's server does; the stream's FIN ends it.
  default ByteBuf encode(ByteBufAllocator allocator) {
    return switch (this) {
      case Renewed(long seconds) -> encode(allocator, List.of(), Messages.renewalResponse(seconds));
      case Assigned(var addresses, var refused) ->
          encode(allocator, refused, Messages.assignResponse(addresses));
      case Failed(_, var refused) -> encode(allocator, refused, new byte[0]);
    };
  }

  private ByteBuf encode(ByteBufAllocator allocator, List<Refusal> refused, byte[] body) {
    StringBuilder head = new StringBuilder(64);
    head.append("HTTP/1.1 ").append(status().code).append(' ').append(status().text);
    head.append("\r\nContent-Length: ").append(body.length).append("\r\n");
    for (Refusal refusal : refused) {
      head.append(SnapTun.HEADER_REFUSED).append(": ");
      head.append(refusal.index()).append(' ').append(refusal.why()).append("\r\n");
    }
    head.append("\r\n");
    ByteBuf out = allocator.buffer(head.length() + body.length);
    out.writeCharSequence(head, StandardCharsets.US_ASCII);
    return out.writeBytes(body);
  }
}
