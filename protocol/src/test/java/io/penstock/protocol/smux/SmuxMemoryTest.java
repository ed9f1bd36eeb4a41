package io.penstock.protocol.smux;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.penstock.protocol.smux.SmuxCloseReason.SessionEnd;
import io.penstock.testkit.SeededRandom;
import io.penstock.testkit.Seeds;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// What is really held, as the allocator of all buffers counts it, stays within the bounds.
class SmuxMemoryTest {

  private static final int BOUND = 1_000_000;
  private static final int INPUT_BUFFER = 65_536;

  private static SmuxConfig config(int version) {
    return SmuxConfig.builder()
        .version(version)
        .maxReceiveBufferBytes(BOUND)
        .maxStreamBufferBytes(65_536)
        .withoutKeepAlive()
        .build();
  }

  /// A buffer as a socket yields it, with frames of one size for one stream after the other.
  private static ByteBuf input(End end, int version, int streams, int payloadBytes) {
    ByteBuf in = end.memory.directBuffer(INPUT_BUFFER, INPUT_BUFFER);
    byte[] payload = new byte[payloadBytes];
    for (int i = 0; in.writableBytes() >= SmuxFrame.HEADER_BYTES + payloadBytes; i++) {
      SmuxFrame.writeHeader(in, version, SmuxFrame.PSH, payloadBytes, 3 + 2 * (i % streams));
      in.writeBytes(payload);
    }
    return in;
  }

  @ParameterizedTest
  @CsvSource({
    "1, 1, 1",
    "1, 50, 1",
    "1, 50, 2",
    "1, 7, 100",
    "1, 3, 2047",
    "1, 3, 2048",
    "1, 3, 16376",
    "1, 3, 30000",
    "1, 1, 65000",
    "2, 50, 1",
    "2, 50, 100",
    "2, 50, 2048",
    "2, 50, 16376",
    "2, 50, 30000",
    "2, 50, 65000"
  })
  void unread_frames_of_any_size_hold_less_than_twice_the_bound(
      int version, int streams, int payloadBytes) {
    End end = End.server(config(version));
    for (int i = 0; i < streams; i++) {
      end.receive(SmuxFrame.SYN, 3 + 2 * i);
    }
    long most = 0;
    for (int i = 0; i < 400 && end.session.wantsInput(); i++) {
      end.receive(input(end, version, streams, payloadBytes));
      most = Math.max(most, end.memoryBytes());
    }
    assertThat(most).isBetween(BOUND / 4L, 2L * BOUND);
    end.session.close(SessionEnd.CLOSED);
    assertThat(end.memoryBytes()).isZero();
  }

  @Test
  void one_byte_frames_cost_about_a_byte_each() {
    End end = End.server(config(1));
    end.receive(SmuxFrame.SYN, 3);
    for (int i = 0; i < 100; i++) {
      end.receive(input(end, 1, 1, 1));
    }
    long received = end.accepted.getFirst().readableBytes();
    assertThat(received).isGreaterThan(700_000);
    assertThat(end.memoryBytes()).isLessThan(received + 20_000);
    end.session.close(SessionEnd.CLOSED);
  }

  @Test
  void a_queue_holds_at_most_twice_what_it_is_charged() {
    Seeds.forEach(
        200,
        seed -> {
          SeededRandom random = new SeededRandom(seed);
          UnpooledByteBufAllocator memory = new UnpooledByteBufAllocator(true, true);
          ByteQueue queue = new ByteQueue(memory);
          ByteBuf expected = Unpooled.buffer();
          for (int i = 0; i < 200; i++) {
            if (random.percent(60)) {
              add(random, memory, queue, expected);
            } else {
              take(random, queue, expected);
            }
            long real = memory.metric().usedDirectMemory() + memory.metric().usedHeapMemory();
            assertThat(real).isLessThanOrEqualTo(2 * queue.heldBytes());
            assertThat(queue.readableBytes()).isEqualTo(expected.readableBytes());
          }
          queue.releaseAll();
          expected.release();
          assertThat(queue.heldBytes()).isZero();
          assertThat(memory.metric().usedDirectMemory()).isZero();
        });
  }

  private static void add(
      SeededRandom random, UnpooledByteBufAllocator memory, ByteQueue queue, ByteBuf expected) {
    int capacity = random.magnitude(1, 70_000);
    ByteBuf in = memory.buffer(capacity, capacity);
    in.writeBytes(random.bytes(random.between(1, capacity)));
    int length = random.between(1, in.readableBytes());
    expected.writeBytes(in, in.readerIndex(), length);
    ByteBuf slice = random.percent(50) ? in.retainedSlice() : in.retain();
    queue.add(slice, length);
    slice.release();
    in.release();
  }

  private static void take(SeededRandom random, ByteQueue queue, ByteBuf expected) {
    if (random.percent(30) && queue.readableBytes() > 0) {
      int length = random.between(1, queue.readableBytes());
      ByteBuf copy = Unpooled.buffer(length);
      queue.copyTo(copy, length);
      assertThat(copy).isEqualTo(expected.readSlice(length));
      copy.release();
      return;
    }
    ByteBuf taken = queue.take(random.magnitude(1, 70_000));
    if (taken == null) {
      assertThat(expected.isReadable()).isFalse();
      return;
    }
    assertThat(taken).isEqualTo(expected.readSlice(taken.readableBytes()));
    taken.release();
  }
}
