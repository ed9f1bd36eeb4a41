package io.penstock.protocol.netstack.ip;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import org.junit.jupiter.api.Test;

class OutputQueueTest {

  private final UnpooledByteBufAllocator allocator = new UnpooledByteBufAllocator(true);
  private final OutputQueue queue = new OutputQueue(allocator, 16, 100_000);

  private long memoryBytes() {
    return allocator.metric().usedDirectMemory() + allocator.metric().usedHeapMemory();
  }

  @Test
  void a_new_packet_has_free_space_in_front_of_it() {
    ByteBuf packet = queue.allocate(40);

    assertThat(packet.isDirect()).isTrue();
    assertThat(packet.readerIndex()).isEqualTo(16);
    assertThat(packet.readableBytes()).isZero();
    assertThat(packet.writableBytes()).isEqualTo(40);
    assertThat(packet.maxWritableBytes()).isEqualTo(40);
    packet.release();
  }

  @Test
  void packets_leave_in_the_order_in_which_they_came() {
    int next = 0;
    for (int i = 0; i < 200; i++) {
      assertThat(queue.offer(queue.allocate(4).writeInt(i))).isTrue();
      if (i % 3 == 0) {
        assertThat(pollInt()).isEqualTo(next++);
      }
    }
    while (!queue.isEmpty()) {
      assertThat(pollInt()).isEqualTo(next++);
    }
    assertThat(next).isEqualTo(200);
    assertThat(queue.poll()).isNull();
    assertThat(queue.heldBytes()).isZero();
    assertThat(queue.size()).isZero();
  }

  private int pollInt() {
    ByteBuf packet = queue.poll();
    assertThat(packet).isNotNull();
    int value = packet.readInt();
    packet.release();
    return value;
  }

  @Test
  void the_newest_packet_is_dropped_when_the_queue_is_full() {
    int held = HeldMemory.PER_BUFFER_BYTES + 16 + 1000;
    int fits = 100_000 / held;
    for (int i = 0; i < fits; i++) {
      assertThat(queue.offer(queue.allocate(1000).writeInt(i))).isTrue();
    }
    assertThat(queue.heldBytes()).isEqualTo(fits * held);

    assertThat(queue.offer(queue.allocate(1000))).isFalse();

    assertThat(queue.droppedPackets()).isEqualTo(1);
    assertThat(queue.size()).isEqualTo(fits);
    assertThat(memoryBytes()).isEqualTo(fits * 1016L);
    assertThat(pollInt()).isZero();
    assertThat(queue.offer(queue.allocate(1000))).isTrue();
    queue.close();
    assertThat(memoryBytes()).isZero();
  }

  @Test
  void a_slice_is_charged_what_it_keeps_alive() {
    ByteBuf large = allocator.directBuffer(60_000, 60_000).writeZero(60_000);
    assertThat(queue.offer(large.retainedSlice(0, 20))).isTrue();
    assertThat(queue.heldBytes()).isGreaterThanOrEqualTo(60_000);

    assertThat(queue.offer(large.retainedSlice(20, 20))).isFalse();

    large.release();
    queue.close();
    assertThat(memoryBytes()).isZero();
  }

  @Test
  void a_pooled_buffer_is_charged_what_the_pool_gave() {
    ByteBuf pooled = PooledByteBufAllocator.DEFAULT.directBuffer(1030, 1030);
    int run = pooled.maxFastWritableBytes();

    assertThat(HeldMemory.bytes(pooled)).isGreaterThanOrEqualTo(Math.max(1030, run));
    assertThat(HeldMemory.bytes(Unpooled.EMPTY_BUFFER)).isPositive();
    pooled.release();
  }

  @Test
  void a_closed_queue_releases_what_waits_and_takes_no_more() {
    queue.offer(queue.allocate(100));
    queue.offer(queue.allocate(100));

    queue.close();

    assertThat(queue.isEmpty()).isTrue();
    assertThat(queue.offer(queue.allocate(100))).isFalse();
    assertThat(memoryBytes()).isZero();
  }

  @Test
  void impossible_bounds_are_refused() {
    assertThatThrownBy(() -> new OutputQueue(allocator, -1, 100))
        .hasMessageContaining("netstack.headroom_bytes is -1");
    assertThatThrownBy(() -> new OutputQueue(allocator, 0, 0))
        .hasMessageContaining("netstack.output_queue_bytes is 0");
  }
}
