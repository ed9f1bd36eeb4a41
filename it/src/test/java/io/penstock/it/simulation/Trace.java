package io.penstock.it.simulation;

import io.netty.buffer.ByteBuf;
import io.penstock.protocol.netstack.PacketTap;
import io.penstock.testkit.SimulatedNetwork;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

/// What happened in a run and when: every packet of every stack, to the last bit, and what became
/// of tunnels, flows and connections.
final class Trace {

  private final SimulatedNetwork network;
  private final MessageDigest digest;
  private final List<String> notes = new ArrayList<>();
  private long packets;

  Trace(SimulatedNetwork network) {
    this.network = network;
    try {
      digest = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  void note(String what) {
    String line = network.elapsedNanos() + " " + what;
    digest.update(line.getBytes(StandardCharsets.UTF_8));
    notes.add(line);
  }

  void packet(String node, PacketTap.Direction direction, ByteBuf packet) {
    packets++;
    String head = network.elapsedNanos() + node + direction;
    digest.update(head.getBytes(StandardCharsets.UTF_8));
    digest.update(packet.nioBuffer());
  }

  long packets() {
    return packets;
  }

  /// All that is no packet, in its order.
  String notes() {
    return String.join("\n", notes);
  }

  /// One text for the whole of it; the trace ends with this.
  String digest() {
    return packets + " packets, " + HexFormat.of().formatHex(digest.digest());
  }
}
