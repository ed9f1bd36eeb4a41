package io.penstock.protocol.netstack.wire;

import io.netty.buffer.ByteBuf;

/// The walk over the extension headers of an IPv6 packet to the header of the transport.
///
/// The walk ends at the first header that is none of hop-by-hop options, routing, fragment,
/// authentication, destination options, mobility, HIP or shim6, at the payload of a fragment that
/// is not the first, and at most after [#MAX_HEADERS] headers. Hop-by-hop options stand first or
/// nowhere (RFC 8200 section 4.1). A packet that names more than one fragment header, or a routing
/// header of type 0 (RFC 5095), is refused.
///
/// An object is made once and used again by one thread.
final class Ipv6Extensions {

  /// Each of the known ones once and destination options twice would be nine; nobody sends half.
  static final int MAX_HEADERS = 8;

  private static final int MIN_HEADER_BYTES = 8;

  private int protocol;
  private int transportAt;
  private int fragmentAt;
  private int fragmentLinkAt;
  private int linkAt;

  /// Walks from the fixed header at `at`; the packet ends at `end`.
  PacketFault walk(ByteBuf buf, int at, int end) {
    protocol = Ipv6Header.nextHeader(buf, at);
    transportAt = at + Ipv6Header.BYTES;
    fragmentAt = -1;
    fragmentLinkAt = -1;
    linkAt = at + Ipv6Header.NEXT_HEADER_AT;
    int first = transportAt;
    for (int count = 0; isExtension(protocol); count++) {
      if (count == MAX_HEADERS || end - transportAt < MIN_HEADER_BYTES) {
        return PacketFault.BAD_EXTENSION_HEADERS;
      }
      PacketFault fault = step(buf, first, end);
      if (fault != PacketFault.NONE || isLaterFragment(buf)) {
        return fault;
      }
    }
    return PacketFault.NONE;
  }

  private PacketFault step(ByteBuf buf, int first, int end) {
    int header = transportAt;
    int length = (buf.getUnsignedByte(header + 1) + 1) << 3;
    switch (protocol) {
      case IpProtocol.HOP_BY_HOP -> {
        if (header != first) {
          return PacketFault.BAD_EXTENSION_HEADERS;
        }
      }
      case IpProtocol.ROUTING -> {
        if (buf.getUnsignedByte(header + 2) == 0) {
          return PacketFault.SOURCE_ROUTED;
        }
      }
      case IpProtocol.FRAGMENT -> {
        if (fragmentAt >= 0) {
          return PacketFault.BAD_EXTENSION_HEADERS;
        }
        fragmentAt = header;
        fragmentLinkAt = linkAt;
        length = MIN_HEADER_BYTES;
      }
      case IpProtocol.AUTHENTICATION -> length = (buf.getUnsignedByte(header + 1) + 2) << 2;
      default -> {
        // Its length is where it always is.
      }
    }
    if (length > end - header) {
      return PacketFault.BAD_EXTENSION_HEADERS;
    }
    protocol = buf.getUnsignedByte(header);
    linkAt = header;
    transportAt = header + length;
    return PacketFault.NONE;
  }

  private boolean isLaterFragment(ByteBuf buf) {
    return fragmentAt >= 0 && (buf.getUnsignedShort(fragmentAt + 2) & ~7) != 0;
  }

  private static boolean isExtension(int header) {
    return switch (header) {
      case IpProtocol.HOP_BY_HOP,
          IpProtocol.ROUTING,
          IpProtocol.FRAGMENT,
          IpProtocol.AUTHENTICATION,
          IpProtocol.DESTINATION_OPTIONS,
          IpProtocol.MOBILITY,
          IpProtocol.HIP,
          IpProtocol.SHIM6 ->
          true;
      default -> false;
    };
  }

  /// The first header that is no extension, or what a later fragment says would follow.
  int protocol() {
    return protocol;
  }

  /// Where that header begins; for a later fragment, where its payload does.
  int transportAt() {
    return transportAt;
  }

  /// Where the fragment header is, -1 without one.
  int fragmentAt() {
    return fragmentAt;
  }

  /// Where the byte is that announces the fragment header, -1 without one.
  int fragmentLinkAt() {
    return fragmentLinkAt;
  }
}
