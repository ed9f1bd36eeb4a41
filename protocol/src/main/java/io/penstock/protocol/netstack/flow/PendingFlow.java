package io.penstock.protocol.netstack.flow;

import io.netty.buffer.ByteBuf;
import io.penstock.protocol.netstack.wire.IpEndpoint;
import io.penstock.protocol.netstack.wire.IpPacket;
import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// One flow without an owner and the packets that it has sent so far. An object serves one flow
/// after the other.
final class PendingFlow {

  private int protocol;
  private boolean ipv4;
  private long sourceHigh;
  private long sourceLow;
  private long destinationHigh;
  private long destinationLow;
  private int sourcePort;
  private int destinationPort;

  private @Nullable ByteBuf[] packets = new ByteBuf[1];
  private int count;
  private int heldBytes;
  private long id;
  private int sourceEntry;
  private int sequenceNumber;
  private long deadlineNanos;

  void begin(IpPacket view, long newId, int source, long deadline) {
    protocol = view.protocol();
    ipv4 = view.isIpv4();
    sourceHigh = view.sourceHigh();
    sourceLow = view.sourceLow();
    destinationHigh = view.destinationHigh();
    destinationLow = view.destinationLow();
    sourcePort = view.sourcePort();
    destinationPort = view.destinationPort();
    id = newId;
    sourceEntry = source;
    deadlineNanos = deadline;
  }

  boolean isOf(IpPacket view) {
    return sourcePort == view.sourcePort()
        && destinationPort == view.destinationPort()
        && sourceLow == view.sourceLow()
        && destinationLow == view.destinationLow()
        && sourceHigh == view.sourceHigh()
        && destinationHigh == view.destinationHigh()
        && protocol == view.protocol()
        && ipv4 == view.isIpv4();
  }

  void add(ByteBuf packet, int charge) {
    if (count == packets.length) {
      packets = Arrays.copyOf(packets, 2 * count);
    }
    packets[count++] = packet;
    heldBytes += charge;
  }

  /// Hands out the packet at `index`, which the caller owns from now on.
  ByteBuf take(int index) {
    ByteBuf packet = Objects.requireNonNull(packets[index]);
    packets[index] = null;
    return packet;
  }

  /// Ends the flow, and releases what has not been handed out.
  void end() {
    releasePackets();
    id = 0;
  }

  void releasePackets() {
    for (int i = 0; i < count; i++) {
      ByteBuf packet = packets[i];
      if (packet != null) {
        packet.release();
        packets[i] = null;
      }
    }
    count = 0;
    heldBytes = 0;
  }

  FlowArrived arrived() {
    return new FlowArrived(
        id,
        protocol,
        new IpEndpoint(ipv4, sourceHigh, sourceLow, sourcePort),
        new IpEndpoint(ipv4, destinationHigh, destinationLow, destinationPort));
  }

  int protocol() {
    return protocol;
  }

  int count() {
    return count;
  }

  int heldBytes() {
    return heldBytes;
  }

  long id() {
    return id;
  }

  int sourceEntry() {
    return sourceEntry;
  }

  long deadlineNanos() {
    return deadlineNanos;
  }

  /// The sequence number of the SYN that is held.
  int sequenceNumber() {
    return sequenceNumber;
  }

  void sequenceNumber(int number) {
    sequenceNumber = number;
  }
}
