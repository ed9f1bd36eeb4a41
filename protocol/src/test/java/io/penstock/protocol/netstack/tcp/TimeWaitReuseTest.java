package io.penstock.protocol.netstack.tcp;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.penstock.protocol.netstack.NetStack;
import io.penstock.protocol.netstack.NetStackConfig;
import io.penstock.protocol.netstack.ip.LinkTraits;
import io.penstock.protocol.netstack.wire.IpEndpoint;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// A connection with the ends of one that has just ended and has sent much.
class TimeWaitReuseTest {

  private static final IpEndpoint US = IpEndpoint.of4(0x0a000001, 0);
  private static final IpEndpoint CLIENT = US.withPort(40_000);
  private static final long MILLI = 1_000_000L;

  /// More than the clock of sequence numbers goes on in the meantime.
  private static final int BYTES = 64 * 1024;

  private final NetStack stack =
      new NetStack(
          NetStackConfig.builder().build(),
          LinkTraits.plain(1500),
          PooledByteBufAllocator.DEFAULT,
          new Random(1),
          0);
  private long nowNanos;

  @AfterEach
  void end() {
    stack.close();
  }

  /// RFC 9293 section 3.10.7.4 (MAY-2): "a larger sequence number than it used".
  @Test
  void it_begins_beyond_all_that_the_one_before_has_sent() {
    stack.addAddress(US, 24);
    TcpListener listener = stack.tcp().listen(80, 10).orElseThrow();
    TcpConnection client = connect();
    TcpConnection server = accept(listener);
    server.write(Unpooled.buffer().writeZero(BYTES));
    server.finish();
    readAll(client);
    client.finish();
    run();
    assertThat(stack.tcp().timeWaitCount()).isEqualTo(1);
    int last = server.sender().sndNxt();

    nowNanos += 10 * MILLI;
    connect();

    int first = accept(listener).sender().sndUna();
    assertThat(SequenceNumber.isAfter(first, last)).as("%d behind %d", first, last).isTrue();
    assertThat(stack.tcp().counters().timeWaitReused).isEqualTo(1);
  }

  private TcpConnection connect() {
    TcpConnection made = stack.tcp().connect(CLIENT, US.withPort(80), nowNanos).orElseThrow();
    made.attach("client");
    run();
    assertThat(made.state()).isEqualTo(TcpState.ESTABLISHED);
    return made;
  }

  private static TcpConnection accept(TcpListener listener) {
    TcpConnection accepted = listener.accept();
    assertThat(accepted).isNotNull();
    accepted.attach("server");
    return accepted;
  }

  private void readAll(TcpConnection from) {
    while (!from.isPeerFinished() || from.readableBytes() > 0) {
      ByteBuf bytes = from.read(8192);
      if (bytes == null) {
        nowNanos += MILLI;
        stack.onDeadline(nowNanos);
      } else {
        bytes.release();
      }
      run();
    }
  }

  /// The stack is its own peer.
  private void run() {
    assertThat(stack.transmit(nowNanos)).isNull();
  }
}
