package io.penstock.testkit.script;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/// Plays a script against a host.
public final class ScriptRunner {

  public static final String HOST_4 = "10.64.0.1";
  public static final String PEER_4 = "10.64.0.2";
  public static final String HOST_6 = "fd00:64::1";
  public static final String PEER_6 = "fd00:64::2";

  private static final int ICMP = 1;
  private static final int ICMP_6 = 58;
  private static final int ICMP_BYTES = 8;
  private static final int MAX_QUOTED_BYTES = 548;

  private static final SegmentSpec PLAIN =
      new SegmentSpec(
          "", 0, 0, SegmentSpec.ANY, SegmentSpec.ANY, List.of(), false, false, Map.of());

  private final Script script;
  private final ScriptedHost host;
  private final IpHeader toHost;
  private final Map<Character, ScriptFlow> flows = new TreeMap<>();
  private final List<String> trace = new ArrayList<>();

  private ScriptRunner(Script script, ScriptedHost host) {
    this.script = script;
    this.host = host;
    toHost = IpHeader.toHost(script.ipv4());
  }

  /// Plays all steps; the host stays open.
  ///
  /// @throws AssertionError when the host does anything else, with all that went before
  public static void run(Script script, ScriptedHost host) {
    new ScriptRunner(script, host).run();
  }

  private void run() {
    for (Step step : script.steps()) {
      try {
        take(step);
      } catch (AssertionError | RuntimeException e) {
        String before = String.join("\n", trace);
        throw new AssertionError(
            "%s.pkt, line %d: %s%n%s".formatted(script.name(), step.line(), e.getMessage(), before),
            e);
      }
    }
    silence(host.nowNanos());
  }

  private void take(Step step) {
    ScriptFlow flow = flows.computeIfAbsent(step.flow(), ScriptFlow::new);
    if (step.action() instanceof Step.Expect(SegmentSpec spec)) {
      expect(step, flow, spec);
      return;
    }
    boolean together = step.action() instanceof Step.Call && step.atNanos() == host.nowNanos();
    if (!together) {
      silence(step.atNanos());
    }
    switch (step.action()) {
      case Step.Inject(SegmentSpec spec) -> {
        note("<", flow, spec.flags() + " " + spec.seq() + "+" + spec.payloadBytes());
        host.inject(flow.packet(toHost, spec));
      }
      case Step.InjectError error -> injectError(flow, error);
      case Step.Call(String verb, List<String> arguments) -> call(flow, verb, arguments);
      case Step.Expect _ -> throw new IllegalStateException();
    }
  }

  /// Lets time pass, in which the host must send nothing.
  private void silence(long untilNanos) {
    byte[] packet = host.nextPacket(untilNanos);
    if (packet != null) {
      throw new AssertionError("sent although nothing was expected: " + take(packet));
    }
  }

  private String take(byte[] packet) {
    TcpPacket read = TcpPacket.read(packet);
    ScriptFlow flow = flowOf(read);
    flow.onSent(read);
    String text = describe(flow, read);
    note(">", flow, text);
    return text;
  }

  private ScriptFlow flowOf(TcpPacket packet) {
    for (ScriptFlow flow : flows.values()) {
      boolean begins = flow.hostPort() == 0;
      if (packet.destinationPort() == flow.peerPort()
          && (begins || packet.sourcePort() == flow.hostPort())) {
        return flow;
      }
    }
    throw new AssertionError("a packet of no flow to port " + packet.destinationPort());
  }

  private void note(String direction, ScriptFlow flow, String text) {
    double seconds = host.nowNanos() / 1e9;
    trace.add("%.6f @%c %s %s".formatted(seconds, flow.letter(), direction, text));
  }

  private String describe(ScriptFlow flow, TcpPacket packet) {
    StringBuilder text = new StringBuilder(TcpPacket.flagText(packet.flags()));
    long seq = flow.relativeSeq(packet);
    text.append(' ').append(seq);
    if (packet.payload().length > 0) {
      text.append(':').append(seq + packet.payload().length);
    }
    if (packet.has(TcpPacket.ACK)) {
      text.append(" ack ").append(flow.relativeAck(packet));
    }
    return text.append(" win ")
        .append(packet.window())
        .append(' ')
        .append(flow.relativeOptions(packet))
        .toString();
  }

  // ---- expectations ----

  private void expect(Step step, ScriptFlow flow, SegmentSpec spec) {
    byte[] bytes = host.packetAt(step.atNanos());
    if (bytes == null) {
      throw new AssertionError("nothing was sent");
    }
    if (host.nowNanos() != step.atNanos()) {
      throw new AssertionError("sent too early, " + take(bytes));
    }
    TcpPacket packet = TcpPacket.read(bytes);
    if (flowOf(packet) != flow) {
      throw new AssertionError("sent to another flow, " + take(bytes));
    }
    String text = take(bytes);
    List<String> wrong = new ArrayList<>();
    compare(wrong, "flags", comparedFlags(spec), comparedFlags(spec, packet));
    compareNumber(wrong, "seq", spec.seq(), flow.relativeSeq(packet));
    compare(wrong, "payload", spec.payloadBytes(), packet.payload().length);
    compareNumber(wrong, "ack", spec.ack(), flow.relativeAck(packet));
    compareNumber(wrong, "win", spec.window(), packet.window());
    checkPayload(wrong, flow, packet);
    if (spec.hasOptions()) {
      checkOptions(wrong, spec, flow.relativeOptions(packet));
    }
    checkMark(wrong, spec, packet);
    if (!wrong.isEmpty()) {
      throw new AssertionError("sent " + text + " but " + String.join(", ", wrong));
    }
  }

  private static String comparedFlags(SegmentSpec spec) {
    return TcpPacket.flagText(spec.flagBits());
  }

  private static String comparedFlags(SegmentSpec spec, TcpPacket packet) {
    boolean push = spec.flags().indexOf('P') >= 0;
    return TcpPacket.flagText(push ? packet.flags() : (packet.flags() & ~TcpPacket.flagOf('P')));
  }

  private static void compareNumber(List<String> wrong, String what, long expected, long actual) {
    if (expected != SegmentSpec.ANY) {
      compare(wrong, what, expected, actual);
    }
  }

  private static void compare(List<String> wrong, String what, Object expected, Object actual) {
    if (!expected.equals(actual)) {
      wrong.add(what + " should be " + expected);
    }
  }

  private static void checkPayload(List<String> wrong, ScriptFlow flow, TcpPacket packet) {
    byte[] expected = ScriptBytes.of(flow.relativeSeq(packet) - 1, packet.payload().length);
    if (!Arrays.equals(expected, packet.payload())) {
      wrong.add("the bytes are not those of the stream");
    }
  }

  private void checkOptions(List<String> wrong, SegmentSpec spec, List<String> actual) {
    List<String> left = new ArrayList<>(actual);
    for (List<String> words : spec.options()) {
      String expected = String.join(" ", words);
      String prefix = expected.replace(" *", "");
      boolean found;
      if (words.getFirst().equals("ts")) {
        found = left.removeIf(option -> isStamp(words, option));
      } else if (expected.endsWith("*") || words.size() == 1) {
        found = left.removeIf(option -> option.equals(prefix) || option.startsWith(prefix + " "));
      } else {
        found = left.remove(expected);
      }
      if (!found) {
        wrong.add("there should be " + expected);
      }
    }
    if (!spec.more() && !left.isEmpty()) {
      wrong.add("there should not be " + left);
    }
  }

  /// Says whether an option is the timestamp that is expected, and echoes exactly what it should.
  private boolean isStamp(List<String> expected, String option) {
    String[] words = option.split(" ", -1);
    if (!words[0].equals("ts")) {
      return false;
    }
    long away = Math.abs(Long.parseLong(words[1]) - Long.parseLong(expected.get(1)));
    return away <= host.stampTolerance() && words[2].equals(expected.get(2));
  }

  private void checkMark(List<String> wrong, SegmentSpec spec, TcpPacket packet) {
    int mark = packet.trafficClass() & 3;
    if ((spec.has("ect0") && mark != 2) || (spec.has("notect") && mark != 0)) {
      wrong.add("the ECN field should not be " + mark);
    }
    int ttl = spec.value("ttl", -1);
    int actual = packet.bytes()[script.ipv4() ? 8 : 7] & 0xff;
    if (ttl >= 0 && ttl != actual) {
      wrong.add("the TTL should not be " + actual);
    }
  }

  // ---- ICMP ----

  private void injectError(ScriptFlow flow, Step.InjectError error) {
    List<TcpPacket> sent = flow.sentAt(error.quotedSeq());
    byte[] quoted =
        sent.isEmpty()
            ? flow.inventedPacket(toHost.reversed(), error.quotedSeq())
            : sent.getLast().bytes();
    byte[] quote = Arrays.copyOf(quoted, Math.min(quoted.length, MAX_QUOTED_BYTES));
    int bytes = ICMP_BYTES + quote.length;
    ByteBuffer out = toHost.write(script.ipv4() ? ICMP : ICMP_6, bytes, PLAIN);
    int at = out.position();
    int typeAndCode = script.ipv4() ? typeAndCode4(error.kind()) : typeAndCode6(error.kind());
    out.putShort((short) typeAndCode).putShort((short) 0).putInt(error.mtuBytes()).put(quote);
    byte[] packet = new byte[out.capacity()];
    out.rewind().get(packet);
    long pseudo = script.ipv4() ? 0 : IpHeader.pseudoHeader(packet, false, bytes);
    short checksum = (short) ~IpHeader.sum(packet, at, bytes, pseudo);
    ByteBuffer.wrap(packet).putShort(at + 2, checksum);
    note("<", flow, "icmp " + error.kind() + " " + error.quotedSeq());
    host.inject(packet);
  }

  private static int typeAndCode4(String kind) {
    return switch (kind) {
      case "net" -> 0x0300;
      case "host" -> 0x0301;
      case "proto" -> 0x0302;
      case "port" -> 0x0303;
      case "toobig" -> 0x0304;
      case "prohibited" -> 0x030d;
      case "quench" -> 0x0400;
      case "ttl" -> 0x0b00;
      case "param" -> 0x0c00;
      default -> throw new IllegalArgumentException("no ICMP error " + kind);
    };
  }

  private static int typeAndCode6(String kind) {
    return switch (kind) {
      case "net" -> 0x0100;
      case "host" -> 0x0103;
      case "port" -> 0x0104;
      case "prohibited" -> 0x0101;
      case "toobig" -> 0x0200;
      case "ttl" -> 0x0300;
      case "param" -> 0x0400;
      default -> throw new IllegalArgumentException("no ICMPv6 error " + kind);
    };
  }

  // ---- calls ----

  private void call(ScriptFlow flow, String verb, List<String> arguments) {
    note("=", flow, verb + " " + String.join(" ", arguments).toLowerCase(Locale.ROOT));
    switch (verb) {
      case "port" -> flow.setHostPort(Integer.parseInt(arguments.getFirst()));
      case "isn" -> flow.setPeerIsn((int) Long.parseLong(arguments.getFirst()));
      case "reborn" -> flow.forgetHost();
      case "connect" -> {
        flow.toServer();
        host.call(flow.letter(), verb, List.of("" + flow.peerPort()));
      }
      default -> host.call(flow.letter(), verb, arguments);
    }
  }
}
