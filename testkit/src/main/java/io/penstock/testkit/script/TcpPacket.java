package io.penstock.testkit.script;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;

/// An IP packet with a TCP segment, read on its own terms: nothing here is shared with the stacks
/// that scripts are played against.
///
/// @param options each with its words, without padding
@SuppressWarnings("ArrayRecordComponent") // never compared
record TcpPacket(
    byte[] bytes,
    int trafficClass,
    int sourcePort,
    int destinationPort,
    int seq,
    int ack,
    int flags,
    int window,
    List<List<String>> options,
    byte[] payload) {

  static final int FIN = 1;
  static final int SYN = 2;
  static final int ACK = 16;
  private static final String LETTERS = "FSRP.UEW";
  private static final int TCP = 6;
  private static final int TCP_BYTES = 20;
  private static final int CHECKSUM_AT = 16;

  static int flagOf(char letter) {
    int bit = LETTERS.indexOf(letter);
    if (bit < 0) {
      throw new IllegalArgumentException("no flag " + letter);
    }
    return 1 << bit;
  }

  static String flagText(int flags) {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < LETTERS.length(); i++) {
      text.append((flags & (1 << i)) != 0 ? LETTERS.substring(i, i + 1) : "");
    }
    return text.toString();
  }

  boolean has(int flag) {
    return (flags & flag) != 0;
  }

  // ---- reading ----

  /// Reads what a host has sent, and checks all that can be checked of one packet.
  ///
  /// @throws AssertionError when it breaks a rule of IP or TCP
  static TcpPacket read(byte[] bytes) {
    ByteBuffer in = ByteBuffer.wrap(bytes);
    boolean ipv4 = bytes[0] >> 4 == 4;
    int header = ipv4 ? (bytes[0] & 15) * 4 : IpHeader.IPV6_BYTES;
    int length = ipv4 ? in.getShort(2) & 0xffff : header + (in.getShort(4) & 0xffff);
    require(length == bytes.length, "the IP length is not that of the packet");
    require(bytes[ipv4 ? 9 : 6] == TCP, "it is not TCP");
    require(!ipv4 || IpHeader.sum(bytes, 0, header, 0) == 0xffff, "the IP checksum is wrong");
    long pseudo = IpHeader.pseudoHeader(bytes, ipv4, length - header);
    require(
        IpHeader.sum(bytes, header, length - header, pseudo) == 0xffff, "the checksum is wrong");
    int trafficClass = ipv4 ? bytes[1] & 0xff : (in.getShort(0) >> 4) & 0xff;
    int dataAt = header + ((bytes[header + 12] >> 4) & 15) * 4;
    require((bytes[header + 12] & 15) == 0, "a reserved bit is set");
    return new TcpPacket(
        bytes,
        trafficClass,
        in.getShort(header) & 0xffff,
        in.getShort(header + 2) & 0xffff,
        in.getInt(header + 4),
        in.getInt(header + 8),
        in.get(header + 13) & 0xff,
        in.getShort(header + 14) & 0xffff,
        readOptions(in, header + TCP_BYTES, dataAt),
        Arrays.copyOfRange(bytes, dataAt, length));
  }

  private static void require(boolean condition, String otherwise) {
    if (!condition) {
      throw new AssertionError(otherwise);
    }
  }

  private static List<List<String>> readOptions(ByteBuffer in, int from, int end) {
    List<List<String>> options = new ArrayList<>();
    int at = from;
    while (at < end) {
      int kind = in.get(at) & 0xff;
      if (kind == 0) {
        for (; at < end; at++) {
          require(in.get(at) == 0, "padding is not zero");
        }
      } else if (kind == 1) {
        at++;
      } else {
        int length = in.get(at + 1) & 0xff;
        require(length >= 2 && at + length <= end, "an option is longer than the header");
        options.add(readOption(in, at, kind, length));
        at += length;
      }
    }
    return options;
  }

  private static List<String> readOption(ByteBuffer in, int at, int kind, int length) {
    List<String> words = new ArrayList<>();
    switch (kind) {
      case 2 -> words.addAll(List.of("mss", "" + (in.getShort(at + 2) & 0xffff)));
      case 3 -> words.addAll(List.of("ws", "" + in.get(at + 2)));
      case 4 -> words.add("sackok");
      case 5 -> {
        words.add("sack");
        for (int i = at + 2; i < at + length; i += 8) {
          words.add(Integer.toUnsignedString(in.getInt(i)));
          words.add(Integer.toUnsignedString(in.getInt(i + 4)));
        }
      }
      case 8 -> {
        words.add("ts");
        words.add(Integer.toUnsignedString(in.getInt(at + 2)));
        words.add(Integer.toUnsignedString(in.getInt(at + 6)));
      }
      default -> words.add("option " + kind);
    }
    return words;
  }

  // ---- writing ----

  /// The bytes of options, whose words are all plain numbers, padded with zeros.
  static byte[] writeOptions(List<List<String>> options) {
    ByteBuffer out = ByteBuffer.allocate(60);
    for (List<String> words : options) {
      switch (words.getFirst()) {
        case "mss" -> out.putShort((short) 0x0204).putShort((short) number(words, 1));
        case "ws" -> out.putShort((short) 0x0303).put((byte) number(words, 1));
        case "sackok" -> out.putShort((short) 0x0402);
        case "ts" -> out.putShort((short) 0x080a).putInt(number(words, 1)).putInt(number(words, 2));
        case "sack" -> {
          out.put((byte) 5).put((byte) (2 + 4 * (words.size() - 1)));
          for (int i = 1; i < words.size(); i++) {
            out.putInt(number(words, i));
          }
        }
        case "nop" -> out.put((byte) 1);
        case "eol" -> out.put((byte) 0);
        case "raw" -> out.put(HexFormat.of().parseHex(words.get(1)));
        default -> throw new IllegalArgumentException("no option " + words);
      }
    }
    return Arrays.copyOf(out.array(), (out.position() + 3) & ~3);
  }

  private static int number(List<String> words, int index) {
    return (int) Long.parseLong(words.get(index));
  }

  /// A packet that a host may be sent.
  ///
  /// @param spec what is not a number of this packet: window, flags, modifiers
  static byte[] write(
      IpHeader ip,
      int from,
      int to,
      int seq,
      int ack,
      SegmentSpec spec,
      byte[] options,
      byte[] data) {
    int segment = TCP_BYTES + options.length + data.length;
    ByteBuffer out = ip.write(TCP, segment, spec);
    int at = out.position();
    out.putShort((short) from).putShort((short) to).putInt(seq).putInt(ack);
    out.put((byte) ((TCP_BYTES + options.length) << 2)).put((byte) spec.flagBits());
    out.putShort((short) (spec.window() == SegmentSpec.ANY ? 65_535 : spec.window()));
    out.putShort((short) 0).putShort((short) spec.value("urg", 0)).put(options).put(data);
    byte[] bytes = new byte[out.capacity()];
    out.rewind().get(bytes);
    long pseudo = IpHeader.pseudoHeader(bytes, ip.ipv4(), segment);
    int checksum = ~IpHeader.sum(bytes, at, segment, pseudo);
    int written = spec.has("badsum") ? checksum ^ 0x101 : checksum;
    return ByteBuffer.wrap(bytes).putShort(at + CHECKSUM_AT, (short) written).array();
  }
}
