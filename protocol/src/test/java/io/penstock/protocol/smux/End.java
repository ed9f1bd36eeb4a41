package io.penstock.protocol.smux;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.penstock.protocol.Deadlines;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;

/// One session under virtual time with what a test says to it and hears from it.
final class End {

  static final long SECOND = 1_000_000_000L;

  /// Starts near the wrap of the clock, so that every test crosses it.
  private static final long START = Long.MAX_VALUE - 2 * SECOND;

  final UnpooledByteBufAllocator memory = new UnpooledByteBufAllocator(false, true);
  final SmuxSession session;
  final List<SmuxStream> accepted = new ArrayList<>();
  final List<SmuxEvent.StreamCut> cuts = new ArrayList<>();
  final List<SmuxCloseReason> closed = new ArrayList<>();
  long now = START;

  End(SmuxConfig config, SmuxRole role) {
    session = new SmuxSession(config, role, memory, now);
  }

  static End server(SmuxConfig config) {
    return new End(config, SmuxRole.SERVER);
  }

  static End client(SmuxConfig config) {
    return new End(config, SmuxRole.CLIENT);
  }

  void receive(ByteBuf in) {
    session.receive(in, now);
    pollEvents();
  }

  /// Receives one frame with a payload of its own length.
  void receive(int command, int streamId, byte... payload) {
    receive(frame(session.config().version(), command, streamId, payload));
  }

  static ByteBuf frame(int version, int command, int streamId, byte... payload) {
    ByteBuf frame = Unpooled.buffer(SmuxFrame.HEADER_BYTES + payload.length);
    SmuxFrame.writeHeader(frame, version, command, payload.length, streamId);
    return frame.writeBytes(payload);
  }

  /// The payload of a window update.
  static byte[] update(int consumed, int window) {
    return Unpooled.buffer(8).writeIntLE(consumed).writeIntLE(window).array();
  }

  void pollEvents() {
    for (SmuxEvent event = session.pollEvent(); event != null; event = session.pollEvent()) {
      switch (event) {
        case SmuxEvent.StreamOpened(SmuxStream stream) -> accepted.add(stream);
        case SmuxEvent.StreamCut cut -> cuts.add(cut);
        case SmuxEvent.Closed(SmuxCloseReason reason) -> closed.add(reason);
      }
    }
  }

  List<SmuxStream> pollReady() {
    List<SmuxStream> all = new ArrayList<>();
    for (SmuxStream s = session.pollReady(); s != null; s = session.pollReady()) {
      all.add(s);
    }
    return all;
  }

  /// Lets time pass, stopping at each deadline on the way.
  void advance(long nanos) {
    long end = now + nanos;
    for (long next = session.nextDeadlineNanos();
        Deadlines.isDue(next, end);
        next = session.nextDeadlineNanos()) {
      now = next;
      session.onDeadline(now);
      pollEvents();
    }
    now = end;
  }

  /// All that is to be sent.
  ByteBuf output() {
    ByteBuf all = Unpooled.buffer();
    for (ByteBuf next = session.transmit(); next != null; next = session.transmit()) {
      all.writeBytes(next);
      next.release();
    }
    pollEvents();
    return all;
  }

  /// The next buffer to be sent, which there must be.
  ByteBuf piece() {
    return Objects.requireNonNull(session.transmit());
  }

  String outputHex() {
    return hex(output());
  }

  /// What is to be sent, one line per frame: command, stream id, payload length.
  List<String> outputFrames() {
    return frames(output());
  }

  static List<String> frames(ByteBuf bytes) {
    List<String> frames = new ArrayList<>();
    while (bytes.isReadable()) {
      long header = bytes.readLongLE();
      String name =
          switch (SmuxFrame.command(header)) {
            case SmuxFrame.SYN -> "SYN";
            case SmuxFrame.FIN -> "FIN";
            case SmuxFrame.PSH -> "PSH";
            case SmuxFrame.NOP -> "NOP";
            case SmuxFrame.UPD -> "UPD";
            default -> "?";
          };
      String body = "";
      if (SmuxFrame.command(header) == SmuxFrame.UPD) {
        body = " " + bytes.readUnsignedIntLE() + "+" + bytes.readUnsignedIntLE();
      } else if (SmuxFrame.length(header) > 0) {
        body = " " + SmuxFrame.length(header);
        bytes.skipBytes(SmuxFrame.length(header));
      }
      frames.add(name + " " + Integer.toUnsignedString(SmuxFrame.streamId(header)) + body);
    }
    bytes.release();
    return frames;
  }

  static String hex(ByteBuf bytes) {
    byte[] all = new byte[bytes.readableBytes()];
    bytes.readBytes(all);
    bytes.release();
    return HexFormat.of().formatHex(all);
  }

  static ByteBuf text(String text) {
    return Unpooled.copiedBuffer(text, StandardCharsets.US_ASCII);
  }

  /// Reads everything that a stream holds.
  byte[] readAll(SmuxStream stream) {
    ByteBuf all = Unpooled.buffer();
    for (ByteBuf next = stream.read(65_536, now); next != null; next = stream.read(65_536, now)) {
      all.writeBytes(next);
      next.release();
    }
    byte[] bytes = new byte[all.readableBytes()];
    all.readBytes(bytes);
    all.release();
    return bytes;
  }

  String readText(SmuxStream stream) {
    return new String(readAll(stream), StandardCharsets.US_ASCII);
  }

  /// The memory that the session holds, as its allocator counts it.
  long memoryBytes() {
    return memory.metric().usedHeapMemory() + memory.metric().usedDirectMemory();
  }
}
