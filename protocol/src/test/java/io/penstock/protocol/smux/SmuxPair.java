package io.penstock.protocol.smux;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.penstock.testkit.SeededRandom;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/// Two sessions over a lossless wire that delivers in random pieces and at random times.
final class SmuxPair {

  final End client;
  final End server;
  final SeededRandom random;
  private final Map<End, ByteBuf> wires = new HashMap<>();

  SmuxPair(SmuxConfig config, SeededRandom random) {
    this.client = End.client(config);
    this.server = End.server(config);
    this.random = random;
    wires.put(client, Unpooled.buffer());
    wires.put(server, Unpooled.buffer());
  }

  /// Moves some bytes each way; false when nothing was left to move.
  boolean step() {
    int moved = 0;
    moved += transmit(client, 3);
    moved += transmit(server, 3);
    moved += deliver(client, server, random.magnitude(1, 100_000));
    moved += deliver(server, client, random.magnitude(1, 100_000));
    return moved > 0;
  }

  private int transmit(End from, int pieces) {
    int moved = 0;
    while (moved < pieces) {
      ByteBuf next = from.session.transmit();
      if (next == null) {
        break;
      }
      moved++;
      wire(from).writeBytes(next);
      next.release();
    }
    from.pollEvents();
    return moved;
  }

  private int deliver(End from, End to, int maxBytes) {
    ByteBuf wire = wire(from);
    if (!wire.isReadable() || !to.session.wantsInput()) {
      return 0;
    }
    int length = Math.min(maxBytes, wire.readableBytes());
    ByteBuf piece = to.memory.buffer(length, length).writeBytes(wire, length);
    wire.discardReadBytes();
    to.receive(piece);
    return length;
  }

  private ByteBuf wire(End from) {
    return Objects.requireNonNull(wires.get(from));
  }

  void finish() {
    for (End end : List.of(client, server)) {
      end.session.close(SmuxCloseReason.SessionEnd.CLOSED);
      assertThat(end.memoryBytes()).isZero();
    }
    wires.values().forEach(ByteBuf::release);
  }

  /// One direction of a stream: a writer with its bytes, and what its reader got.
  static final class Flow {
    final SmuxStream writer;
    final byte[] bytes;
    int written;
    final List<byte[]> read = new ArrayList<>();
    int readBytes;

    Flow(SmuxStream writer, byte[] bytes) {
      this.writer = writer;
      this.bytes = bytes;
    }

    /// Writes some of what is left, as far as there is room, then FIN.
    void write(SeededRandom random) {
      if (written == bytes.length) {
        writer.shutdownOutput();
        return;
      }
      int most = Math.min(writer.writableBytes(), bytes.length - written);
      if (most > 0) {
        int length = random.magnitude(1, most);
        writer.write(Unpooled.copiedBuffer(bytes, written, length));
        written += length;
      }
    }

    void read(End at, SmuxStream reader, SeededRandom random) {
      ByteBuf got = reader.read(random.magnitude(1, 100_000), at.now);
      if (got != null) {
        byte[] copy = new byte[got.readableBytes()];
        got.readBytes(copy).release();
        read.add(copy);
        readBytes += copy.length;
      }
    }

    byte[] result() {
      ByteBuf all = Unpooled.buffer(Math.max(1, readBytes));
      read.forEach(all::writeBytes);
      byte[] bytesRead = new byte[readBytes];
      all.readBytes(bytesRead).release();
      return bytesRead;
    }
  }
}
