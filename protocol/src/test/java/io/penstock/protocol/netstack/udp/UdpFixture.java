package io.penstock.protocol.netstack.udp;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.penstock.protocol.netstack.StackPackets;
import io.penstock.protocol.netstack.ip.Fragmenter;
import io.penstock.protocol.netstack.ip.LocalAddresses;
import io.penstock.protocol.netstack.ip.OutputQueue;
import io.penstock.protocol.netstack.ip.PacketSender;
import io.penstock.protocol.netstack.ip.PathMtuTable;
import io.penstock.protocol.netstack.wire.IpEndpoint;
import io.penstock.protocol.netstack.wire.IpPacket;
import io.penstock.protocol.netstack.wire.PacketFault;
import java.nio.charset.StandardCharsets;
import java.util.Random;

/// A host with one address of each version, and UDP alone.
final class UdpFixture {

  static final IpEndpoint US = StackPackets.US_4;
  static final IpEndpoint PEER = StackPackets.PEER_4;
  static final IpEndpoint US_6 = StackPackets.US_6;
  static final IpEndpoint PEER_6 = StackPackets.PEER_6;

  final UnpooledByteBufAllocator allocator = new UnpooledByteBufAllocator(true);
  final StackPackets packets = new StackPackets(allocator);
  final OutputQueue queue = new OutputQueue(allocator, 16, 300_000);
  final PathMtuTable paths = new PathMtuTable(1500, 1);
  final LocalAddresses addresses = new LocalAddresses();
  final UdpLayer layer;
  final UdpDatagram datagram = new UdpDatagram();
  final IpPacket view = new IpPacket();
  final long now = 5;

  UdpFixture(UdpConfig config) {
    addresses.add(true, 0, US.low(), 16);
    addresses.add(false, US_6.high(), US_6.low(), 64);
    Random random = new Random(7);
    PacketSender sender = new PacketSender(queue, new Fragmenter(queue, random), paths);
    layer = new UdpLayer(addresses, sender, config, random);
  }

  UdpSocket bind(IpEndpoint local) {
    return bound(layer.bind(local));
  }

  static UdpSocket bound(UdpBind bind) {
    assertThat(bind).isInstanceOf(UdpBind.Bound.class);
    return ((UdpBind.Bound) bind).socket();
  }

  static UdpBind.Reason refused(UdpBind bind) {
    assertThat(bind).isInstanceOf(UdpBind.Refused.class);
    return ((UdpBind.Refused) bind).reason();
  }

  UdpReceive receive(IpEndpoint from, IpEndpoint to, String data) {
    return receive(packets.udp(from, to, data.getBytes(StandardCharsets.UTF_8)));
  }

  UdpReceive receive(ByteBuf packet) {
    assertThat(view.parse(packet)).isEqualTo(PacketFault.NONE);
    UdpReceive result = layer.receive(view, packet);
    if (result == UdpReceive.NO_OWNER) {
      packet.release();
    }
    return result;
  }

  /// What waits in a socket, `-` when nothing does.
  String read(UdpSocket socket) {
    if (!socket.receive(datagram)) {
      return "-";
    }
    String text = datagram.payload().toString(StandardCharsets.UTF_8);
    datagram.payload().release();
    return text;
  }

  ByteBuf payload(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    return allocator.directBuffer(bytes.length).writeBytes(bytes);
  }

  long memoryBytes() {
    return allocator.metric().usedDirectMemory();
  }

  void end() {
    layer.close();
    queue.close();
    assertThat(layer.sockets()).isZero();
    assertThat(layer.heldBytes()).isZero();
    assertThat(memoryBytes()).isZero();
  }
}
