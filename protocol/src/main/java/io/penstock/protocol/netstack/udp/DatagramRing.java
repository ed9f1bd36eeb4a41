package io.penstock.protocol.netstack.udp;

import io.netty.buffer.ByteBuf;
import io.penstock.protocol.netstack.wire.IpPacket;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// The datagrams that wait in a socket, first in, first out.
///
/// It holds nothing while it has never been used, and grows to the most that ever waited.
final class DatagramRing {

  private static final int FIRST_SLOTS = 4;
  private static final int NUMBERS = 5;
  private static final int SOURCE_HIGH = 0;
  private static final int SOURCE_LOW = 1;
  private static final int LOCAL_HIGH = 2;
  private static final int LOCAL_LOW = 3;

  /// Charge, version and both ports.
  private static final int REST = 4;

  private @Nullable ByteBuf[] payloads = new ByteBuf[0];
  private long[] numbers = new long[0];
  private int head;
  private int count;
  private int heldBytes;

  void add(ByteBuf payload, int charge, IpPacket view) {
    if (count == payloads.length) {
      grow();
    }
    int slot = (head + count) & (payloads.length - 1);
    payloads[slot] = payload;
    int at = slot * NUMBERS;
    numbers[at + SOURCE_HIGH] = view.sourceHigh();
    numbers[at + SOURCE_LOW] = view.sourceLow();
    numbers[at + LOCAL_HIGH] = view.destinationHigh();
    numbers[at + LOCAL_LOW] = view.destinationLow();
    long ports = (long) view.sourcePort() << 16 | view.destinationPort();
    numbers[at + REST] = ((long) charge << 1 | (view.isIpv4() ? 1 : 0)) << 32 | ports;
    count++;
    heldBytes += charge;
  }

  /// Takes the datagram that has waited longest; returns how much memory it was charged. There is
  /// one.
  int take(UdpDatagram into) {
    ByteBuf payload = Objects.requireNonNull(payloads[head]);
    payloads[head] = null;
    int at = head * NUMBERS;
    long rest = numbers[at + REST];
    into.payload(payload);
    into.source(
        (rest >>> 32 & 1) != 0,
        numbers[at + SOURCE_HIGH],
        numbers[at + SOURCE_LOW],
        (int) (rest >>> 16) & 0xffff);
    into.local(numbers[at + LOCAL_HIGH], numbers[at + LOCAL_LOW], (int) rest & 0xffff);
    int charge = (int) (rest >>> 33);
    head = (head + 1) & (payloads.length - 1);
    count--;
    heldBytes -= charge;
    return charge;
  }

  private void grow() {
    int slots = Math.max(FIRST_SLOTS, 2 * payloads.length);
    @Nullable ByteBuf[] wider = new ByteBuf[slots];
    long[] widerNumbers = new long[slots * NUMBERS];
    for (int i = 0; i < count; i++) {
      int slot = (head + i) & (payloads.length - 1);
      wider[i] = payloads[slot];
      System.arraycopy(numbers, slot * NUMBERS, widerNumbers, i * NUMBERS, NUMBERS);
    }
    payloads = wider;
    numbers = widerNumbers;
    head = 0;
  }

  /// Releases all of them.
  void clear() {
    for (int i = 0; i < count; i++) {
      int slot = (head + i) & (payloads.length - 1);
      Objects.requireNonNull(payloads[slot]).release();
    }
    payloads = new ByteBuf[0];
    numbers = new long[0];
    head = 0;
    count = 0;
    heldBytes = 0;
  }

  int size() {
    return count;
  }

  int heldBytes() {
    return heldBytes;
  }
}
