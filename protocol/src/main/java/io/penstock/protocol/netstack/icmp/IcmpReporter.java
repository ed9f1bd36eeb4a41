package io.penstock.protocol.netstack.icmp;

import io.netty.buffer.ByteBuf;
import io.penstock.protocol.netstack.ip.Counters;
import io.penstock.protocol.netstack.ip.LocalAddresses;
import io.penstock.protocol.netstack.ip.PacketSender;
import io.penstock.protocol.netstack.wire.IpPacket;

/// Tells the sender of a packet by ICMP why it was not taken, as often as the limit allows, from
/// the address to which the packet went.
public final class IcmpReporter {

  private final LocalAddresses addresses;
  private final PacketSender sender;
  private final IcmpLimit limit;
  private final Counters<IcmpError> sent = new Counters<>(IcmpError.class);
  private long suppressed;

  public IcmpReporter(LocalAddresses addresses, PacketSender sender, IcmpLimit limit) {
    this.addresses = addresses;
    this.sender = sender;
    this.limit = limit;
  }

  /// Queues an error about a packet that lies in `packet` as it came and stays the caller's; false
  /// when none may be sent about it, the limit is reached or the queue full.
  ///
  /// @param mtuBytes the longest packet that would have fitted; 0 unless the error is about that
  public boolean report(
      IcmpError error, int mtuBytes, IpPacket view, ByteBuf packet, long nowNanos) {
    long high = view.destinationHigh();
    long low = view.destinationLow();
    if (!IcmpErrors.mayReportAbout(view, packet)
        || addresses.isMultiDestination(view.isIpv4(), high, low)) {
      return false;
    }
    if (!limit.take(nowNanos)) {
      suppressed++;
      return false;
    }
    int length = IcmpErrors.lengthAbout(view);
    ByteBuf out = sender.allocate(length);
    IcmpErrors.write(error, mtuBytes, view, packet, high, low, out);
    // Never longer than what every path carries, and so never cut.
    boolean queued = sender.send(out, length);
    if (queued) {
      sent.add(error);
    }
    return queued;
  }

  /// How many of this kind have been sent.
  public long count(IcmpError error) {
    return sent.value(error);
  }

  /// How many were not sent because of the limit.
  public long suppressed() {
    return suppressed;
  }
}
