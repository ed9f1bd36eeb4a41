package io.penstock.transport.quic;

import io.netty.handler.codec.quic.QuicConnectionAddress;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// What the ids of a connection tell: their length.
final class ConnectionIds {

  /// The longest that QUIC version 1 knows (RFC 9000, section 17.2), and ours.
  static final int LENGTH_BYTES = 20;

  private static final Pattern HEX = Pattern.compile("connId=([0-9a-fA-F]*)");

  private ConnectionIds() {}

  /// The length of an id in bytes; Netty shows the id itself only as text.
  static int lengthOf(@Nullable QuicConnectionAddress address) {
    if (address == null) {
      return LENGTH_BYTES;
    }
    Matcher matcher = HEX.matcher(address.toString());
    return matcher.find() ? matcher.group(1).length() / 2 : LENGTH_BYTES;
  }
}
