package io.penstock.testkit.script;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.util.HexFormat;

/// The addresses between which the packets of a script go, and headers with them.
@SuppressWarnings("ArrayRecordComponent") // never compared
record IpHeader(boolean ipv4, byte[] source, byte[] destination) {

  static final int IPV6_BYTES = 40;
  private static final int IPV4_BYTES = 20;
  private static final int DEFAULT_TTL = 64;
  private static final int CONGESTION_EXPERIENCED = 3;

  /// From the script's side to the host.
  static IpHeader toHost(boolean ipv4) {
    return ipv4
        ? new IpHeader(true, address(ScriptRunner.PEER_4), address(ScriptRunner.HOST_4))
        : new IpHeader(false, address(ScriptRunner.PEER_6), address(ScriptRunner.HOST_6));
  }

  private static byte[] address(String text) {
    try {
      return InetAddress.getByName(text).getAddress();
    } catch (UnknownHostException e) {
      throw new IllegalArgumentException(e);
    }
  }

  IpHeader reversed() {
    return new IpHeader(ipv4, destination, source);
  }

  /// A header in a buffer with room for the payload behind.
  ByteBuffer write(int protocol, int payloadBytes, SegmentSpec spec) {
    int trafficClass = spec.has("ce") ? CONGESTION_EXPERIENCED : 0;
    int ttl = spec.value("ttl", DEFAULT_TTL);
    if (!ipv4) {
      ByteBuffer out = ByteBuffer.allocate(IPV6_BYTES + payloadBytes);
      out.putInt((6 << 28) | (trafficClass << 20)).putShort((short) payloadBytes);
      out.put((byte) protocol).put((byte) ttl).put(source).put(destination);
      return out;
    }
    String text = spec.modifiers().get("ipopt");
    byte[] options = text == null ? new byte[0] : HexFormat.of().parseHex(text);
    int header = IPV4_BYTES + options.length;
    ByteBuffer out = ByteBuffer.allocate(header + payloadBytes);
    out.put((byte) (0x40 | (header >> 2))).put((byte) trafficClass);
    out.putShort((short) (header + payloadBytes)).putInt(0x4000);
    out.put((byte) ttl).put((byte) protocol).putShort((short) 0);
    out.put(spec.has("fromall") ? address("255.255.255.255") : source);
    out.put(destination(spec)).put(options);
    int checksum = ~sum(out.array(), 0, header, 0);
    out.putShort(10, (short) (spec.has("badipsum") ? checksum ^ 0x101 : checksum));
    return out;
  }

  private byte[] destination(SegmentSpec spec) {
    if (spec.has("toall")) {
      return address("255.255.255.255");
    }
    return spec.has("tomany") ? address("224.0.0.1") : destination;
  }

  /// The sum of the pseudo header of a packet.
  static long pseudoHeader(byte[] packet, boolean ipv4, int transportBytes) {
    int from = ipv4 ? 12 : 8;
    int bytes = ipv4 ? 8 : 32;
    int protocol = packet[ipv4 ? 9 : 6];
    return sum(packet, from, bytes, (long) protocol + transportBytes);
  }

  /// The ones' complement sum of 16-bit words.
  static int sum(byte[] bytes, int from, int count, long start) {
    long sum = start;
    for (int i = 0; i < count; i++) {
      int value = bytes[from + i] & 0xff;
      sum += (i & 1) == 0 ? value << 8 : value;
    }
    while (sum >>> 16 != 0) {
      sum = (sum & 0xffff) + (sum >>> 16);
    }
    return (int) sum;
  }
}
