package io.penstock.protocol.kcp;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/// Writes and reads datagrams segment by segment.
final class Datagrams {

  /// One segment as it travels.
  record Segment(int cmd, int wnd, int ts, int sn, int una, String data) {}

  static final int CONV = 0x11223344;

  private Datagrams() {}

  static ByteBuf push(int sn, String data) {
    return of(new Segment(KcpHeader.PUSH, 32, 0, sn, 0, data));
  }

  static ByteBuf ack(int sn, int ts, int una) {
    return of(new Segment(KcpHeader.ACK, 32, ts, sn, una, ""));
  }

  static ByteBuf of(Segment... segments) {
    ByteBuf out = Unpooled.buffer();
    for (Segment s : segments) {
      byte[] data = s.data.getBytes(StandardCharsets.ISO_8859_1);
      KcpHeader.write(out, CONV, s.cmd, s.wnd, s.ts, s.sn, s.una, data.length);
      out.writeBytes(data);
    }
    return out;
  }

  /// Takes a datagram apart and releases it.
  static List<Segment> read(ByteBuf datagram) {
    List<Segment> segments = new ArrayList<>();
    while (datagram.isReadable()) {
      int at = datagram.readerIndex();
      datagram.skipBytes(KcpHeader.BYTES);
      int length = (int) KcpHeader.len(datagram, at);
      String data = datagram.readString(length, StandardCharsets.ISO_8859_1);
      segments.add(
          new Segment(
              KcpHeader.cmd(datagram, at),
              KcpHeader.wnd(datagram, at),
              KcpHeader.ts(datagram, at),
              KcpHeader.sn(datagram, at),
              KcpHeader.una(datagram, at),
              data));
    }
    datagram.release();
    return segments;
  }
}
