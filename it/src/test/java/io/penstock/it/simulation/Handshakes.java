package io.penstock.it.simulation;

import io.netty.buffer.ByteBuf;
import io.penstock.protocol.netstack.PacketTap;
import io.penstock.protocol.netstack.wire.IpPacket;
import io.penstock.protocol.netstack.wire.IpProtocol;
import io.penstock.protocol.netstack.wire.PacketFault;
import io.penstock.protocol.netstack.wire.TcpHeader;
import java.util.HashMap;
import java.util.Map;

/// How the connections of a node began, by the port of the side that was dialled: what the node has
/// sent.
final class Handshakes implements PacketTap {

  private final IpPacket view = new IpPacket();
  private final Map<Integer, Integer> syns = new HashMap<>();
  private final Map<Integer, Integer> synAcks = new HashMap<>();
  private final Map<Integer, Integer> resets = new HashMap<>();

  @Override
  public void packet(Direction direction, ByteBuf packet, long nowNanos) {
    if (direction == Direction.IN
        || view.parse(packet) != PacketFault.NONE
        || view.protocol() != IpProtocol.TCP) {
      return;
    }
    int flags = TcpHeader.flags(packet, view.transportAt());
    if ((flags & TcpHeader.RST) != 0) {
      resets.merge(view.sourcePort(), 1, Integer::sum);
    } else if ((flags & TcpHeader.SYN) != 0) {
      if ((flags & TcpHeader.ACK) == 0) {
        syns.merge(view.destinationPort(), 1, Integer::sum);
      } else {
        synAcks.merge(view.sourcePort(), 1, Integer::sum);
      }
    }
  }

  /// How often the node sent a SYN to a port.
  int syns(int port) {
    return syns.getOrDefault(port, 0);
  }

  /// How often it answered a SYN at a port of its own by another.
  int synAcks(int port) {
    return synAcks.getOrDefault(port, 0);
  }

  /// How often it sent a reset from a port of its own.
  int resets(int port) {
    return resets.getOrDefault(port, 0);
  }
}
