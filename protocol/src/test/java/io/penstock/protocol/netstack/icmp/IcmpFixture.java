package io.penstock.protocol.netstack.icmp;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.penstock.protocol.netstack.ip.Fragmenter;
import io.penstock.protocol.netstack.ip.LocalAddresses;
import io.penstock.protocol.netstack.ip.OutputQueue;
import io.penstock.protocol.netstack.ip.PacketSender;
import io.penstock.protocol.netstack.ip.PathMtuTable;
import io.penstock.protocol.netstack.wire.IpPacket;
import io.penstock.protocol.netstack.wire.PacketFault;
import java.util.Random;

/// A host that speaks ICMP alone.
final class IcmpFixture {

  final UnpooledByteBufAllocator allocator = new UnpooledByteBufAllocator(true, true);
  final OutputQueue queue = new OutputQueue(allocator, 16, 200_000);
  final PathMtuTable paths = new PathMtuTable(1500, 1);
  final LocalAddresses addresses = new LocalAddresses();
  final PacketSender sender = new PacketSender(queue, new Fragmenter(queue, new Random(1)), paths);
  final IcmpInput input = new IcmpInput(addresses, sender);
  final IpPacket view = new IpPacket();
  long now = 5;

  /// A host at the address to which this packet goes.
  IcmpFixture at(ByteBuf packet) {
    assertThat(view.parse(packet)).isEqualTo(PacketFault.NONE);
    addresses.add(view.isIpv4(), view.destinationHigh(), view.destinationLow(), 24);
    return this;
  }

  IcmpReceive receive(ByteBuf packet) {
    assertThat(view.parse(packet)).isEqualTo(PacketFault.NONE);
    return input.receive(view, packet, now);
  }

  void end() {
    queue.close();
    assertThat(allocator.metric().usedDirectMemory()).isZero();
  }
}
