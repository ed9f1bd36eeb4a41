package io.penstock.transport.netstack.socket;

import io.netty.buffer.ByteBuf;
import java.net.DatagramPacket;
import java.util.Map;
import java.util.WeakHashMap;

/// Fills the packets that applications receive into, and remembers how much room each has.
///
/// The JDK sets the length of a packet to that of its datagram and remembers in a field of its own
/// how long the next one may be, so that programs may receive into the same packet again and again.
/// That field cannot be reached from outside. Here a packet that comes back as it was given out has
/// the room that it had before; one whose length was meanwhile set to the very same is not told
/// apart. Callers take turns.
final class PacketRooms {

  /// How a packet was given out, and the room that it had.
  @SuppressWarnings("ArrayRecordComponent") // Nobody compares rooms.
  private record Room(byte[] data, int offset, int length, int roomBytes) {

    /// By the very array that it was given out with.
    @SuppressWarnings("ReferenceEquality")
    boolean isOf(DatagramPacket packet) {
      return packet.getData() == data
          && packet.getOffset() == offset
          && packet.getLength() == length;
    }
  }

  private final Map<DatagramPacket, Room> rooms = new WeakHashMap<>();

  /// Copies a datagram, or as much of it as there is room for.
  void fill(DatagramPacket packet, ByteBuf datagram) {
    Room known = rooms.get(packet);
    int room = known != null && known.isOf(packet) ? known.roomBytes : packet.getLength();
    int length = Math.min(room, datagram.readableBytes());
    datagram.readBytes(packet.getData(), packet.getOffset(), length);
    packet.setLength(length);
    if (length < room) {
      rooms.put(packet, new Room(packet.getData(), packet.getOffset(), length, room));
    } else {
      rooms.remove(packet);
    }
  }
}
