package io.penstock.testkit.script;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// One flow of a script: where its numbers begin, and translation to and from what is on the wire.
final class ScriptFlow {

  private static final int FIRST_PORT = 40_000;
  private static final int SERVER_PORT = 7_000;
  private static final int HOST_PORT = 80;

  /// Streams wrap after 1,024 bytes.
  private static final int FIRST_NUMBER = 0xffff_fc00;

  private final char letter;
  private int peerPort;
  private int hostPort = HOST_PORT;
  private int peerIsn = FIRST_NUMBER;
  private int hostIsn;
  private boolean hasHostIsn;
  private int hostStampBase;
  private boolean hasHostStamp;
  private int lastHostStamp;
  private final List<TcpPacket> sent = new ArrayList<>();

  ScriptFlow(char letter) {
    this.letter = letter;
    peerPort = FIRST_PORT + letter - 'a';
  }

  char letter() {
    return letter;
  }

  int peerPort() {
    return peerPort;
  }

  int hostPort() {
    return hostPort;
  }

  void setHostPort(int port) {
    hostPort = port;
  }

  void setPeerIsn(int number) {
    peerIsn = number;
  }

  /// The host begins: it chooses its port.
  void toServer() {
    peerPort = SERVER_PORT + letter - 'a';
    hostPort = 0;
    forgetHost();
  }

  void forgetHost() {
    hasHostIsn = false;
    hasHostStamp = false;
  }

  // ---- what the host sends ----

  void onSent(TcpPacket packet) {
    if (packet.has(TcpPacket.SYN) && !hasHostIsn) {
      hasHostIsn = true;
      hostIsn = packet.seq();
      hostPort = packet.sourcePort();
    }
    for (List<String> option : packet.options()) {
      if (option.getFirst().equals("ts")) {
        lastHostStamp = (int) Long.parseLong(option.get(1));
        if (!hasHostStamp) {
          hasHostStamp = true;
          hostStampBase = lastHostStamp;
        }
      }
    }
    sent.add(packet);
  }

  /// The packets that the host sent with this number, the last at the end.
  List<TcpPacket> sentAt(long seq) {
    return sent.stream().filter(packet -> relativeSeq(packet) == seq).toList();
  }

  long relativeSeq(TcpPacket packet) {
    return Integer.toUnsignedLong(packet.seq() - (hasHostIsn ? hostIsn : 0));
  }

  long relativeAck(TcpPacket packet) {
    return Integer.toUnsignedLong(packet.ack() - peerIsn);
  }

  /// The options of a packet of the host, with numbers as scripts write them.
  List<String> relativeOptions(TcpPacket packet) {
    List<String> texts = new ArrayList<>();
    for (List<String> words : packet.options()) {
      switch (words.getFirst()) {
        case "sack" -> texts.add(relativeBlocks(words));
        case "ts" -> {
          int stamp = (int) Long.parseLong(words.get(1)) - hostStampBase;
          texts.add("ts " + stamp + " " + words.get(2));
        }
        default -> texts.add(String.join(" ", words));
      }
    }
    return texts;
  }

  private String relativeBlocks(List<String> words) {
    StringBuilder text = new StringBuilder("sack");
    for (int i = 1; i < words.size(); i += 2) {
      long start = relative(words.get(i));
      long end = relative(words.get(i + 1));
      text.append(' ').append(start).append(':').append(end);
    }
    return text.toString();
  }

  private long relative(String number) {
    return Integer.toUnsignedLong((int) Long.parseLong(number) - peerIsn);
  }

  // ---- what the host is sent ----

  int wireSeq(long relative) {
    return (int) relative + peerIsn;
  }

  int wireAck(long relative) {
    return (int) relative + (hasHostIsn ? hostIsn : 0);
  }

  byte[] packet(IpHeader ip, SegmentSpec spec) {
    int ack = spec.ack() == SegmentSpec.ANY ? 0 : wireAck(spec.ack());
    int offset = (spec.flagBits() & TcpPacket.SYN) != 0 ? 0 : 1;
    byte[] data = ScriptBytes.of(spec.seq() - offset, spec.payloadBytes());
    byte[] options = TcpPacket.writeOptions(wireOptions(spec.options()));
    return TcpPacket.write(ip, peerPort, hostPort, wireSeq(spec.seq()), ack, spec, options, data);
  }

  private List<List<String>> wireOptions(List<List<String>> options) {
    List<List<String>> wire = new ArrayList<>();
    for (List<String> words : options) {
      switch (words.getFirst()) {
        case "sack" -> {
          List<String> out = new ArrayList<>(List.of("sack"));
          for (String block : words.subList(1, words.size())) {
            int colon = block.indexOf(':');
            out.add("" + wireAck(Long.parseLong(block.substring(0, colon))));
            out.add("" + wireAck(Long.parseLong(block.substring(colon + 1))));
          }
          wire.add(out);
        }
        case "ts" -> {
          int echo =
              words.size() > 2
                  ? (int) Long.parseLong(words.get(2)) + hostStampBase
                  : (hasHostStamp ? lastHostStamp : 0);
          wire.add(List.of("ts", words.get(1), "" + echo));
        }
        default -> wire.add(words);
      }
    }
    return wire;
  }

  /// A segment that the host never sent, as an error may quote it.
  byte[] inventedPacket(IpHeader fromHost, long seq) {
    SegmentSpec spec =
        new SegmentSpec(".", seq, 0, 1, SegmentSpec.ANY, List.of(), false, false, Map.of());
    return TcpPacket.write(
        fromHost, hostPort, peerPort, wireAck(seq), wireSeq(1), spec, new byte[0], new byte[1460]);
  }
}
