package io.penstock.protocol.snaptun;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.nio.charset.StandardCharsets;
import java.util.List;

/// What a client asks for on one stream of its own.
public sealed interface ControlRequest {

  /// The token, as it came behind `Bearer `.
  String token();

  /// Asks to extend the session to the token's expiry.
  record SessionRenewal(String token) implements ControlRequest {
    @Override
    public String toString() {
      return "SessionRenewal";
    }
  }

  /// Asks for addresses.
  ///
  /// @param wanted none for any
  /// @param tellRefusals beyond the original: whether the client wants to be told in a header what
  ///   it is not given, and why
  record AddressAssignment(String token, List<AddressRange> wanted, boolean tellRefusals)
      implements ControlRequest {
    public AddressAssignment {
      wanted = List.copyOf(wanted);
    }

    @Override
    public String toString() {
      return "AddressAssignment" + wanted;
    }
  }

  /// Asks for addresses of which at least one is none; the answer depends on the token first.
  ///
  /// @param count how many addresses it names, good and bad
  /// @param fault what is wrong with the first bad one
  record InvalidAssignment(String token, int count, AddressFault fault) implements ControlRequest {
    @Override
    public String toString() {
      return "InvalidAssignment[" + count + ", " + fault + "]";
    }
  }

  /// Whether a token can stand in a request, by its characters and its length.
  static boolean isSendable(String token) {
    return !token.isEmpty()
        && token.length() <= SnapTun.MAX_CONTROL_BYTES / 2
        && token.chars().allMatch(c -> c > ' ' && c < 0x7f);
  }

  /// Writes the request as the original's client does, and as its last header that refusals are to
  /// be told; the stream's FIN ends it.
  ///
  /// @throws IllegalStateException for a token that is not [sendable][#isSendable], for more than
  ///   [SnapTun#MAX_ADDRESSES] addresses, and for an invalid request
  default ByteBuf encode(ByteBufAllocator allocator) {
    if (!isSendable(token())) {
      throw new IllegalStateException("a token that cannot be sent");
    }
    return switch (this) {
      case SessionRenewal _ -> encode(allocator, SnapTun.PATH_SESSION_RENEWAL, "", new byte[0]);
      case AddressAssignment(_, var wanted, boolean tellRefusals) -> {
        if (wanted.size() > SnapTun.MAX_ADDRESSES) {
          throw new IllegalStateException(wanted.size() + " addresses in one request");
        }
        String tell =
            tellRefusals ? SnapTun.HEADER_TELL + ": " + SnapTun.TELL_REFUSED + "\r\n" : "";
        byte[] body = Messages.assignRequest(wanted);
        yield encode(allocator, SnapTun.PATH_ADDRESS_ASSIGNMENT, tell, body);
      }
      case InvalidAssignment _ -> throw new IllegalStateException("an invalid request");
    };
  }

  private ByteBuf encode(ByteBufAllocator allocator, String path, String last, byte[] body) {
    String head =
        "POST "
            + path
            + " HTTP/1.1\r\n"
            + "content-type: application/proto\r\n"
            + "connect-protocol-version: 1\r\n"
            + "content-encoding: identity\r\n"
            + "accept-encoding: identity\r\n"
            + "content-length: "
            + body.length
            + "\r\n"
            + "Authorization: Bearer "
            + token()
            + "\r\n"
            + last
            + "\r\n";
    ByteBuf out = allocator.buffer(head.length() + body.length);
    out.writeCharSequence(head, StandardCharsets.US_ASCII);
    return out.writeBytes(body);
  }
}
