package io.penstock.protocol.netstack.udp;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.penstock.protocol.netstack.wire.IpEndpoint;

/// A view of one datagram that was received: its payload, where it came from, and to which of our
/// addresses.
///
/// An object is made once and filled again and again by [UdpSocket#receive]. The payload of each
/// datagram belongs to the reader, who releases it; the rest is valid until the next one.
public final class UdpDatagram {

  private ByteBuf payload = Unpooled.EMPTY_BUFFER;
  private boolean ipv4;
  private long sourceHigh;
  private long sourceLow;
  private int sourcePort;
  private long localHigh;
  private long localLow;
  private int localPort;

  /// A view of nothing yet.
  public UdpDatagram() {}

  /// The payload, as its readable bytes.
  public ByteBuf payload() {
    return payload;
  }

  public boolean ipv4() {
    return ipv4;
  }

  public long sourceHigh() {
    return sourceHigh;
  }

  public long sourceLow() {
    return sourceLow;
  }

  public int sourcePort() {
    return sourcePort;
  }

  public long localHigh() {
    return localHigh;
  }

  public long localLow() {
    return localLow;
  }

  public int localPort() {
    return localPort;
  }

  /// Where it came from, as an object of its own.
  public IpEndpoint source() {
    return new IpEndpoint(ipv4, sourceHigh, sourceLow, sourcePort);
  }

  /// Where it was sent to, as an object of its own.
  public IpEndpoint local() {
    return new IpEndpoint(ipv4, localHigh, localLow, localPort);
  }

  void payload(ByteBuf buffer) {
    payload = buffer;
  }

  void source(boolean isIpv4, long high, long low, int port) {
    ipv4 = isIpv4;
    sourceHigh = high;
    sourceLow = low;
    sourcePort = port;
  }

  void local(long high, long low, int port) {
    localHigh = high;
    localLow = low;
    localPort = port;
  }
}
