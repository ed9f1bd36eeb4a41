package io.penstock.protocol.kcp;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;

/// Turns any bytes into a course of events around a session: datagrams good and bad, writes, reads,
/// time that passes. It checks what must hold whatever happens.
final class HostileScript {

  private static final int MAX_DATAGRAM_BYTES = 2048;
  private static final KcpConfig CONFIG =
      KcpConfig.builder()
          .sendBufferBytes(32 * 1024)
          .receiveBufferBytes(32 * 1024)
          .sndWnd(64)
          .rcvWnd(64)
          .build();
  private static final int BOUND =
      CONFIG.sendBufferBytes() + CONFIG.receiveBufferBytes() + MAX_DATAGRAM_BYTES;

  private final ByteBuf script;
  private final KcpSession session =
      new KcpSession(Datagrams.CONV, CONFIG, 0, UnpooledByteBufAllocator.DEFAULT, 0);
  private long now;

  private HostileScript(byte[] script) {
    this.script = Unpooled.wrappedBuffer(script);
  }

  static void run(byte[] script) {
    HostileScript run = new HostileScript(script);
    while (run.script.isReadable(2)) {
      run.step();
      assertThat(run.session.heldBytes()).isBetween(0, BOUND);
    }
    run.session.abort(KcpCloseReason.CLOSED);
    assertThat(run.session.heldBytes()).isZero();
    assertThat(run.session.nextDeadlineNanos()).isEqualTo(Long.MAX_VALUE);
  }

  private void step() {
    int what = script.readUnsignedByte();
    int argument = script.readUnsignedByte();
    switch (what % 8) {
      case 0 -> receive(bytes(argument * 4));
      case 1, 2 -> receive(segments(1 + argument % 8));
      case 3 -> write(argument * 8);
      case 4 -> read(1 + argument * 16);
      case 5 -> transmit(argument);
      case 6 -> pass(argument * 10_000_000L);
      default -> closeIf(argument == 0);
    }
  }

  private void receive(ByteBuf datagram) {
    session.receive(datagram, now);
  }

  private ByteBuf bytes(int length) {
    return script.readBytes(Math.min(length, script.readableBytes()));
  }

  /// Segments of the right conversation with fields from the script: small numbers mostly, so that
  /// they hit the windows.
  private ByteBuf segments(int count) {
    ByteBuf out = Unpooled.buffer();
    for (int i = 0; i < count && script.isReadable(); i++) {
      int cmd = KcpHeader.PUSH + next() % 5;
      int wnd = next() & 0xff;
      int sn = number();
      int una = number();
      ByteBuf data = bytes(next() & 0xff);
      int claimed = data.readableBytes() + next() / 100;
      KcpHeader.write(out, Datagrams.CONV, cmd, wnd, number(), sn, una, claimed);
      out.writeBytes(data);
      data.release();
    }
    return out;
  }

  private int number() {
    int small = next();
    return small == 127 && script.isReadable(4) ? script.readInt() : small;
  }

  private int next() {
    return script.isReadable() ? script.readByte() : 0;
  }

  private void write(int wanted) {
    int length = Math.min(wanted, session.writableBytes());
    if (length > 0) {
      session.write(Unpooled.buffer(length).writeZero(length), now);
    }
  }

  private void read(int maxBytes) {
    ByteBuf bytes = session.read(maxBytes);
    if (bytes != null) {
      assertThat(bytes.readableBytes()).isBetween(1, maxBytes);
      bytes.release();
    }
  }

  private void transmit(int most) {
    for (int i = 0; i < most; i++) {
      ByteBuf datagram = session.transmit(now);
      if (datagram == null) {
        return;
      }
      assertThat(datagram.readableBytes()).isBetween(KcpHeader.BYTES, CONFIG.mtu());
      datagram.release();
    }
  }

  private void pass(long nanos) {
    now += nanos;
    session.onDeadline(now);
  }

  private void closeIf(boolean really) {
    if (really) {
      session.close(now);
    }
  }
}
