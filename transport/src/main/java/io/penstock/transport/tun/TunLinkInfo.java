package io.penstock.transport.tun;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/// What rtnetlink says about a TUN interface.
///
/// `TUNGETIFF` cannot say whether packets have packet information in front: it sets the bit of
/// `IFF_NO_PI` for `IFF_NOFILTER`, which has the same number, whenever the socket has no filter.
///
/// A request is `nlmsghdr`, `ifinfomsg` and the name; the answer the same two and attributes, each
/// a length, a type and data, padded to four bytes (rtnetlink(7), `linux/if_link.h`).
///
/// @param mtu in bytes
/// @param hasPacketInformation whether it was made without `IFF_NO_PI`
record TunLinkInfo(int mtu, boolean hasPacketInformation) {

  private static final short RTM_NEWLINK = 16;
  private static final short RTM_GETLINK = 18;
  private static final short NLMSG_ERROR = 2;
  private static final short NLM_F_REQUEST = 1;

  private static final int IFLA_IFNAME = 3;
  private static final int IFLA_MTU = 4;
  private static final int IFLA_LINKINFO = 18;
  private static final int IFLA_INFO_DATA = 2;
  private static final int IFLA_TUN_PI = 4;

  /// `struct nlmsghdr`, with the type at 4 and flags at 6.
  private static final int HEADER_BYTES = 16;

  /// That with `struct ifinfomsg` behind it.
  private static final int ATTRIBUTES_AT = HEADER_BYTES + 16;

  private static final int ATTRIBUTE_HEADER_BYTES = 4;

  /// Of the type of an attribute; the two above are flags (`NLA_TYPE_MASK`).
  private static final int TYPE_MASK = 0x3fff;

  private static final int ANSWER_BYTES = 32 * 1024;

  /// Asks for an interface of the calling thread's network namespace.
  ///
  /// @throws IOException when there is none of this name, or the kernel does not say enough
  static TunLinkInfo of(Libc libc, String name) throws IOException {
    int socket = libc.routeSocket();
    require(socket, name);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment request = request(arena, name);
      require(libc.write(socket, request.address(), (int) request.byteSize()), name);
      MemorySegment answer = arena.allocate(ANSWER_BYTES, Integer.BYTES);
      int bytes = libc.read(socket, answer.address(), ANSWER_BYTES);
      require(bytes, name);
      return read(answer.asSlice(0, bytes), name);
    } finally {
      libc.close(socket);
    }
  }

  private static MemorySegment request(Arena arena, String name) {
    MemorySegment text = arena.allocateFrom(name);
    int attributeBytes = ATTRIBUTE_HEADER_BYTES + (int) text.byteSize();
    int bytes = ATTRIBUTES_AT + padded(attributeBytes);
    MemorySegment request = arena.allocate(bytes, Integer.BYTES);
    request.set(JAVA_INT, 0, bytes);
    request.set(JAVA_SHORT, 4, RTM_GETLINK);
    request.set(JAVA_SHORT, 6, NLM_F_REQUEST);
    request.set(JAVA_SHORT, ATTRIBUTES_AT, (short) attributeBytes);
    request.set(JAVA_SHORT, ATTRIBUTES_AT + 2, (short) IFLA_IFNAME);
    MemorySegment.copy(text, 0, request, ATTRIBUTES_AT + ATTRIBUTE_HEADER_BYTES, text.byteSize());
    return request;
  }

  private static TunLinkInfo read(MemorySegment answer, String name) throws IOException {
    if (answer.byteSize() >= HEADER_BYTES + Integer.BYTES
        && answer.get(JAVA_SHORT, 4) == NLMSG_ERROR) {
      require(answer.get(JAVA_INT, HEADER_BYTES), name);
    }
    if (answer.byteSize() < ATTRIBUTES_AT || answer.get(JAVA_SHORT, 4) != RTM_NEWLINK) {
      throw unknown(name);
    }
    MemorySegment attributes = answer.asSlice(ATTRIBUTES_AT);
    Optional<MemorySegment> mtu = attribute(attributes, IFLA_MTU);
    Optional<MemorySegment> information =
        attribute(attributes, IFLA_LINKINFO)
            .flatMap(info -> attribute(info, IFLA_INFO_DATA))
            .flatMap(data -> attribute(data, IFLA_TUN_PI));
    if (mtu.isEmpty() || information.isEmpty()) {
      throw unknown(name);
    }
    return new TunLinkInfo(mtu.get().get(JAVA_INT, 0), information.get().get(JAVA_BYTE, 0) != 0);
  }

  private static Optional<MemorySegment> attribute(MemorySegment attributes, int type) {
    long at = 0;
    while (at + ATTRIBUTE_HEADER_BYTES <= attributes.byteSize()) {
      int bytes = Short.toUnsignedInt(attributes.get(JAVA_SHORT, at));
      if (bytes < ATTRIBUTE_HEADER_BYTES || at + bytes > attributes.byteSize()) {
        return Optional.empty();
      }
      if ((attributes.get(JAVA_SHORT, at + 2) & TYPE_MASK) == type) {
        return Optional.of(
            attributes.asSlice(at + ATTRIBUTE_HEADER_BYTES, bytes - ATTRIBUTE_HEADER_BYTES));
      }
      at += padded(bytes);
    }
    return Optional.empty();
  }

  private static int padded(int bytes) {
    return (bytes + 3) & ~3;
  }

  private static IOException unknown(String name) {
    return new IOException(
        "the kernel does not say whether %s was made with IFF_NO_PI, as Linux does since 4.17"
            .formatted(name));
  }

  private static void require(int result, String name) throws IOException {
    if (result < 0) {
      String where =
          result == -Libc.ENODEV ? "; it is in another network namespace than this process" : "";
      throw new IOException(
          "cannot read the settings of the interface %s: %s%s"
              .formatted(name, Libc.nameOf(result), where));
    }
  }
}
