package io.penstock.transport.tun;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.util.concurrent.Future;
import io.penstock.protocol.netstack.offload.ChecksumState;
import io.penstock.protocol.netstack.offload.PacketMeta;
import io.penstock.protocol.netstack.offload.Segmentation;
import io.penstock.protocol.netstack.wire.IpProtocol;
import io.penstock.protocol.netstack.wire.Ipv4Header;
import io.penstock.protocol.netstack.wire.TcpHeader;
import io.penstock.transport.NativeSupport;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// The link over a pair of packet sockets, whose other end plays the kernel; what the kernel itself
/// does is tested where there is permission to make interfaces.
class TunLinkTest {

  private static final String PLAIN = "00".repeat(VirtioNetHeader.BYTES);
  private static final int MAX_QUEUED_BYTES = 64 * 1024;

  private final MultiThreadIoEventLoopGroup loops = NativeSupport.newEventLoops(1, "tun");
  private final Recorder received = new Recorder();
  private TunDevice kernel;
  private int descriptor;

  /// Remembers what came; on the event loop, read by the test.
  private static class Recorder implements TunReceiver {

    final List<String> packets = new CopyOnWriteArrayList<>();
    final List<Integer> capacities = new CopyOnWriteArrayList<>();
    final List<ChecksumState> checksums = new CopyOnWriteArrayList<>();
    final List<Integer> batchEnds = new CopyOnWriteArrayList<>();
    final AtomicInteger writable = new AtomicInteger();

    @Override
    public void packet(TunLink link, ByteBuf packet, PacketMeta meta) {
      assertThat(packet.readerIndex()).isGreaterThanOrEqualTo(TunLink.HEADROOM_BYTES);
      packets.add(ByteBufUtil.hexDump(packet));
      capacities.add(packet.capacity());
      checksums.add(meta.checksum());
      packet.release();
    }

    @Override
    public void batchEnd(TunLink link) {
      batchEnds.add(packets.size());
    }

    @Override
    public void writable(TunLink link) {
      writable.incrementAndGet();
    }
  }

  @BeforeEach
  void begin() throws Throwable {
    int[] pair = TestLibc.packetPair();
    descriptor = pair[0];
    kernel = new TunDevice(new Libc(), pair[1], "kernel", 1500, TunOffload.NONE);
  }

  @AfterEach
  void end() throws Exception {
    NativeSupport.endEventLoops(loops, Duration.ofSeconds(5)).sync();
    kernel.close();
  }

  @Test
  void packets_come_in_order_in_buffers_of_their_size() throws Throwable {
    TunLink link = start(TunOffload.NONE, received);

    kernelSends("4501");
    kernelSends("4502");

    await().until(() -> received.packets.size() == 2);
    assertThat(received.packets).containsExactly("4501", "4502");
    assertThat(received.capacities).allMatch(capacity -> capacity < 100);
    assertThat(received.checksums).containsOnly(ChecksumState.UNVERIFIED);
    assertThat(on(link::counters).packetsIn()).isEqualTo(2);
    assertThat(on(link::counters).bytesIn()).isEqualTo(4);
  }

  @Test
  void a_large_packet_comes_in_the_buffer_that_it_was_read_into() throws Throwable {
    start(TunOffload.TCP, received);

    kernelSends(PLAIN + "45".repeat(60_000));
    kernelSends(PLAIN + "46".repeat(60_000));

    await().until(() -> received.packets.size() == 2);
    assertThat(received.packets).containsExactly("45".repeat(60_000), "46".repeat(60_000));
    assertThat(received.capacities).containsOnly(TunLink.HEADROOM_BYTES + TunDevice.MAX_READ_BYTES);
  }

  @Test
  void a_wake_up_reads_no_more_than_its_share() throws Throwable {
    TunDevice device = open(TunOffload.NONE);
    for (int i = 0; i < 100; i++) {
      kernelSends("45");
    }

    start(device, received);

    await().until(() -> received.batchEnds.contains(100));
    assertThat(received.batchEnds).containsExactly(64, 100);
  }

  @Test
  void with_offloads_the_header_in_front_is_understood_and_taken_away() throws Throwable {
    TunLink link = start(TunOffload.TCP, received);

    kernelSends("01000000000002000000" + "45000000");
    kernelSends("01000000000009000000" + "45000000");
    kernelSends("0000");
    kernelSends("02000000000000000000" + "46");

    await().until(() -> received.packets.size() == 2);
    assertThat(received.packets).containsExactly("45000000", "46");
    assertThat(received.checksums).containsExactly(ChecksumState.PARTIAL, ChecksumState.VERIFIED);
    assertThat(on(link::counters).droppedMalformed()).isEqualTo(2);
  }

  @Test
  void a_packet_is_written_at_once_with_the_header_that_the_device_wants() throws Throwable {
    TunLink link = start(TunOffload.TCP, received);
    PacketMeta partial = new PacketMeta();
    partial.setPartial(20, 16);

    assertThat(on(() -> link.send(packet("45".repeat(40)), partial))).isTrue();
    assertThat(on(() -> link.send(packet("46"), new PacketMeta()))).isTrue();
    assertThat(on(() -> link.send(packet("46"), partial))).as("no room for a checksum").isFalse();

    assertThat(kernelReads()).isEqualTo("01000000000014001000" + "45".repeat(40));
    assertThat(kernelReads()).isEqualTo(PLAIN + "46");
    assertThat(on(link::counters).packetsOut()).isEqualTo(2);
    assertThat(on(link::counters).bytesOut()).isEqualTo(41);
    assertThat(on(link::counters).droppedMalformed()).isEqualTo(1);
  }

  @Test
  void a_packet_without_headroom_or_on_the_heap_is_sent_too() throws Throwable {
    TunLink link = start(TunOffload.TCP, received);
    ByteBuf tight = Unpooled.directBuffer().writeByte(0x45);
    ByteBuf heap = Unpooled.buffer().writeZero(20).writeByte(0x46).skipBytes(20);
    ByteBuf parts =
        Unpooled.wrappedBuffer(
            Unpooled.directBuffer().writeZero(20).writeByte(0x47),
            Unpooled.directBuffer().writeByte(0x48));
    parts.skipBytes(20);

    for (ByteBuf packet : List.of(tight, heap, parts)) {
      assertThat(on(() -> link.send(packet, new PacketMeta()))).isTrue();
      assertThat(packet.refCnt()).isZero();
    }

    assertThat(kernelReads()).isEqualTo(PLAIN + "45");
    assertThat(kernelReads()).isEqualTo(PLAIN + "46");
    assertThat(kernelReads()).isEqualTo(PLAIN + "4748");
  }

  @Test
  void what_a_device_without_offloads_does_not_do_is_done_here() throws Throwable {
    TunLink link = start(TunOffload.NONE, received);
    PacketMeta meta = new PacketMeta();
    meta.setSuperPacket(Segmentation.TCP, 100, 20, 16);
    ByteBuf packet = PooledByteBufAllocator.DEFAULT.directBuffer();
    Ipv4Header.write(
        packet, 0, 290, 1, Ipv4Header.DONT_FRAGMENT, 64, IpProtocol.TCP, 0x0a00_0001, 0x0a00_0002);
    TcpHeader.write(packet, 1, 2, 1000, 0, TcpHeader.ACK, 100, 0);
    packet.writeZero(250);

    assertThat(on(() -> link.send(packet, meta))).isTrue();

    assertThat(List.of(kernelReads().length() / 2, kernelReads().length() / 2))
        .containsExactly(140, 140);
    assertThat(kernelReads()).hasSize(2 * 90);
    assertThat(on(link::counters).packetsOut()).isEqualTo(3);
  }

  @Test
  void packets_wait_when_the_kernel_has_no_room_and_go_when_it_has() throws Throwable {
    TunLink link = start(TunOffload.NONE, received);
    List<String> sent = new ArrayList<>();

    while (on(link::isWritable)) {
      sent.add(sendNumbered(link, sent.size()));
    }
    sent.add(sendNumbered(link, sent.size()));
    assertThat(received.writable).hasValue(0);

    for (String expected : sent) {
      assertThat(kernelReads()).isEqualTo(expected);
    }
    await().until(() -> received.writable.get() == 1);
    assertThat(on(link::isWritable)).isTrue();
    assertThat(on(link::counters).packetsOut()).isEqualTo(sent.size());
  }

  private String sendNumbered(TunLink link, int number) throws Exception {
    String hex = "45%06x".formatted(number).repeat(250);
    assertThat(on(() -> link.send(packet(hex), new PacketMeta()))).isTrue();
    return hex;
  }

  @Test
  void what_finds_the_queue_full_is_dropped_and_counted() throws Throwable {
    TunLink link = start(TunOffload.NONE, received);
    while (on(link::isWritable)) {
      sendNumbered(link, 0);
    }

    int waiting = 1;
    while (on(() -> link.send(packet("45".repeat(1000)), new PacketMeta()))) {
      waiting++;
    }

    assertThat(waiting).isBetween(MAX_QUEUED_BYTES / 2100, MAX_QUEUED_BYTES / 1000);
    assertThat(on(link::counters).droppedFull()).isEqualTo(1);
  }

  @Test
  void closing_gives_everything_back_and_drops_what_is_sent_later() throws Throwable {
    TunLink link = start(TunOffload.NONE, received);
    while (on(link::isWritable)) {
      sendNumbered(link, 0);
    }

    link.close();
    link.close();
    link.closeFuture().sync();

    assertThat(link.closeFuture().isSuccess()).isTrue();
    assertThat(link.isOpen()).isFalse();
    ByteBuf late = packet("45");
    assertThat(on(() -> link.send(late, new PacketMeta()))).isFalse();
    assertThat(late.refCnt()).isZero();
    assertThatThrownBy(this::readAllOfKernel).isInstanceOf(IOException.class);
  }

  @Test
  void an_interface_that_vanishes_ends_the_link() throws Throwable {
    TunLink link = start(TunOffload.NONE, received);

    kernel.close();

    assertThat(link.closeFuture().await(5_000)).isTrue();
    assertThat(link.closeFuture().cause()).isInstanceOf(IOException.class);
    assertThat(link.isOpen()).isFalse();
  }

  @Test
  void a_receiver_that_throws_ends_the_link() throws Throwable {
    TunLink link =
        start(
            TunOffload.NONE,
            new Recorder() {
              @Override
              public void batchEnd(TunLink link) {
                throw new IllegalStateException("broken");
              }
            });

    kernelSends("45");

    assertThat(link.closeFuture().await(5_000)).isTrue();
    assertThat(link.closeFuture().cause()).hasRootCauseMessage("broken");
  }

  @Test
  void a_receiver_may_close_the_link_in_the_midst_of_a_batch() throws Throwable {
    TunDevice device = open(TunOffload.NONE);
    kernelSends("45");
    kernelSends("46");
    Recorder closing =
        new Recorder() {
          @Override
          public void packet(TunLink link, ByteBuf packet, PacketMeta meta) {
            super.packet(link, packet, meta);
            link.close();
          }
        };

    TunLink link = start(device, closing);

    assertThat(link.closeFuture().await(5_000)).isTrue();
    assertThat(closing.packets).containsExactly("45");
    assertThat(closing.batchEnds).isEmpty();
  }

  @Test
  void a_link_ends_with_its_event_loop() throws Throwable {
    TunLink link = start(TunOffload.NONE, received);

    NativeSupport.endEventLoops(loops, Duration.ofSeconds(5)).sync();

    assertThat(link.isOpen()).isFalse();
    assertThat(link.closeFuture().isDone()).isTrue();
    assertThatThrownBy(this::readAllOfKernel).isInstanceOf(IOException.class);
    link.close();
  }

  @Test
  void an_event_loop_without_epoll_is_refused_and_the_device_closed() throws Throwable {
    TunDevice device = open(TunOffload.NONE);
    MultiThreadIoEventLoopGroup nio = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
    try {
      Future<TunLink> started =
          TunLink.start(
              nio.next(),
              device,
              TunConfig.builder().build(),
              PooledByteBufAllocator.DEFAULT,
              received);

      assertThat(started.await(5_000)).isTrue();
      assertThat(started.cause())
          .isInstanceOfSatisfying(
              TunUnavailableException.class,
              e -> assertThat(e.reason()).isEqualTo(TunUnavailableException.Reason.NO_EPOLL));
      assertThatThrownBy(this::readAllOfKernel).isInstanceOf(IOException.class);
    } finally {
      NativeSupport.endEventLoops(nio, Duration.ofSeconds(5)).sync();
    }
  }

  private TunDevice open(TunOffload offload) {
    return new TunDevice(new Libc(), descriptor, "pair", 1500, offload);
  }

  private TunLink start(TunOffload offload, TunReceiver receiver) throws Exception {
    return start(open(offload), receiver);
  }

  private TunLink start(TunDevice device, TunReceiver receiver) throws Exception {
    TunConfig config = TunConfig.builder().maxQueuedBytes(MAX_QUEUED_BYTES).build();
    return TunLink.start(loops.next(), device, config, PooledByteBufAllocator.DEFAULT, receiver)
        .sync()
        .getNow();
  }

  private <T> T on(Callable<T> task) throws Exception {
    return loops.next().submit(task).get();
  }

  private static ByteBuf packet(String hex) {
    int headroom = TunLink.HEADROOM_BYTES;
    ByteBuf packet = PooledByteBufAllocator.DEFAULT.directBuffer(headroom + hex.length() / 2);
    packet.setIndex(headroom, headroom);
    return packet.writeBytes(ByteBufUtil.decodeHexDump(hex));
  }

  private void kernelSends(String hex) throws IOException {
    ByteBuf packet = packet(hex);
    try {
      assertThat(kernel.write(packet)).isEqualTo(TunDevice.Written.YES);
    } finally {
      packet.release();
    }
  }

  private String kernelReads() {
    ByteBuf into = PooledByteBufAllocator.DEFAULT.directBuffer(TunDevice.MAX_READ_BYTES);
    try {
      await()
          .pollDelay(Duration.ZERO)
          .pollInterval(Duration.ofMillis(1))
          .until(() -> kernel.read(into) != TunDevice.NOTHING);
      return ByteBufUtil.hexDump(into);
    } finally {
      into.release();
    }
  }

  private void readAllOfKernel() throws IOException {
    ByteBuf into = PooledByteBufAllocator.DEFAULT.directBuffer(TunDevice.MAX_READ_BYTES);
    try {
      while (kernel.read(into.clear()) != TunDevice.NOTHING) {
        // the next one
      }
    } finally {
      into.release();
    }
  }
}
