package io.penstock.protocol.kcp;

import static io.penstock.protocol.kcp.Datagrams.CONV;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.penstock.protocol.kcp.Datagrams.Segment;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// What a session holds, measured at the allocator.
class KcpMemoryTest {

  private static final KcpConfig CONFIG =
      KcpConfig.builder()
          .sendBufferBytes(64 * 1024)
          .receiveBufferBytes(64 * 1024)
          .rcvWnd(1024)
          .nc(true)
          .build();

  private final UnpooledByteBufAllocator allocator = new UnpooledByteBufAllocator(false, true);
  private KcpSession session = new KcpSession(CONV, CONFIG, 0, allocator, 0);

  @AfterEach
  void nothing_is_left() {
    session.abort(KcpCloseReason.CLOSED);
    assertThat(used()).isZero();
  }

  @Test
  void unread_segments_of_full_size_stay_under_the_bound() {
    String full = "x".repeat(1400);
    for (int sn = 0; sn < 1024; sn++) {
      session.receive(Datagrams.push(sn, full), 0);
    }
    assertThat(used()).isBetween(40_000L, 64 * 1024L);
    assertThat(session.heldBytes()).isLessThanOrEqualTo(64 * 1024);
  }

  @Test
  void unread_segments_of_one_byte_stay_under_the_bound_with_what_they_cost_on_top() {
    for (int sn = 0; sn < 5000; sn++) {
      session.receive(Datagrams.push(sn, "x"), 0);
    }
    assertThat(session.readableBytes()).isLessThanOrEqualTo(64 * 1024 / 256);
    assertThat(session.heldBytes()).isLessThanOrEqualTo(64 * 1024);
  }

  @Test
  void segments_out_of_order_stay_under_the_bound_and_leave_the_way_to_the_missing_one() {
    String full = "x".repeat(1400);
    for (int sn = 1; sn < 1024; sn++) {
      session.receive(Datagrams.push(sn, full), 0);
    }
    assertThat(used()).isLessThanOrEqualTo(64 * 1024L);
    assertThat(session.readableBytes()).isZero();

    session.receive(Datagrams.push(0, full), 0);
    assertThat(session.readableBytes()).isGreaterThan(40_000);
    assertThat(used()).isLessThanOrEqualTo(64 * 1024L + 2048);
  }

  @Test
  void a_reader_of_a_full_session_makes_room_again() {
    String full = "x".repeat(1400);
    int sn = 0;
    for (int round = 0; round < 100; round++) {
      for (int i = 0; i < 60; i++) {
        session.receive(Datagrams.push(sn + i, full), 0);
      }
      int bytes = 0;
      for (ByteBuf b = session.read(100_000); b != null; b = session.read(100_000)) {
        bytes += b.readableBytes();
        b.release();
      }
      assertThat(bytes).isPositive();
      sn += bytes / 1400;
    }
    assertThat(sn).isGreaterThan(3000);
  }

  @Test
  void a_segment_does_not_keep_the_buffer_that_its_datagram_came_in() {
    ByteBuf large = allocator.buffer(60_000);
    large.writeBytes(Datagrams.push(0, "x"));
    session.receive(large, 0);

    assertThat(used()).isEqualTo(1);
  }

  @Test
  void unacknowledged_writes_stay_under_the_bound() {
    while (session.writableBytes() > 0) {
      int length = Math.min(session.writableBytes(), 10_000);
      session.write(Unpooled.buffer(length).writeZero(length), 0);
    }
    assertThat(session.heldBytes()).isLessThanOrEqualTo(64 * 1024);
    assertThat(used()).isBetween(40_000L, 64 * 1024L);
  }

  @Test
  void unacknowledged_writes_of_one_byte_stay_under_the_bound() {
    while (session.writableBytes() > 0) {
      session.write(Unpooled.buffer(1).writeZero(1), 0);
      ByteBuf datagram = session.transmit(0);
      if (datagram != null) {
        datagram.release();
      }
    }
    assertThat(session.heldBytes()).isLessThanOrEqualTo(64 * 1024);
    assertThat(used()).isLessThanOrEqualTo(64 * 1024L);
  }

  @Test
  void a_slow_driver_does_not_gather_acknowledgements_without_end() {
    for (int i = 0; i < 100_000; i++) {
      session.receive(Datagrams.push(0, "x"), 0);
    }
    int segments = 0;
    for (ByteBuf d = session.transmit(0); d != null; d = session.transmit(0)) {
      segments += Datagrams.read(d).size();
    }
    assertThat(segments).isEqualTo(1);
  }

  @Test
  void a_segment_larger_than_any_of_ours_is_taken_when_nothing_else_is_held() {
    session =
        new KcpSession(
            CONV, KcpConfig.builder().receiveBufferBytes(16 * 1024).build(), 0, allocator, 0);
    session.receive(Datagrams.of(new Segment(KcpHeader.PUSH, 1, 0, 0, 0, "x".repeat(60_000))), 0);

    assertThat(session.readableBytes()).isEqualTo(60_000);
  }

  private long used() {
    return allocator.metric().usedHeapMemory() + allocator.metric().usedDirectMemory();
  }
}
