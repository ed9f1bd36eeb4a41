package io.penstock.it.tun;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.channel.IoEventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.penstock.protocol.netstack.offload.PacketMeta;
import io.penstock.transport.NativeSupport;
import io.penstock.transport.tun.TunBatch;
import io.penstock.transport.tun.TunConfig;
import io.penstock.transport.tun.TunDevice;
import io.penstock.transport.tun.TunLink;
import io.penstock.transport.tun.TunOffload;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// When a batch hands packets to the kernel; that they arrive whole is in [TunRelayTest].
class TunBatchTest {

  private static final int PACKET_BYTES = 1000;

  private final UnpooledByteBufAllocator allocator = new UnpooledByteBufAllocator(true, true);
  private final MultiThreadIoEventLoopGroup loops = NativeSupport.newEventLoops(1, "tun");
  private final IoEventLoop loop = loops.next();
  private NetworkNamespace kernel;
  private int refused;

  private record Sending(TunLink link, TunBatch batch) {}

  @BeforeEach
  void begin() throws Exception {
    kernel = NetworkNamespace.create();
  }

  @AfterEach
  void end() throws Exception {
    NativeSupport.endEventLoops(loops, Duration.ofSeconds(5)).sync();
    if (kernel != null) {
      kernel.close();
    }
    assertThat(allocator.metric().usedDirectMemory()).isZero();
  }

  private Sending start(TunOffload offload) throws Exception {
    TunConfig config = TunConfig.builder().offload(offload).build();
    TunDevice device = kernel.tun(config, "10.77.0.1/24");
    TunLink link =
        TunLink.start(loop, device, config, allocator, new PingResponder()).sync().getNow();
    return new Sending(link, new TunBatch(loop, link, allocator, () -> refused++));
  }

  /// An IPv4 packet of no protocol.
  private ByteBuf packet(int bytes) {
    return allocator
        .directBuffer()
        .writeZero(TunLink.HEADROOM_BYTES)
        .writeByte(0x45)
        .writeZero(bytes - 1)
        .skipBytes(TunLink.HEADROOM_BYTES);
  }

  /// Sends within one turn of the event loop, and says how many packets the kernel had before it
  /// ended.
  private long sendInOneTurn(Sending sending, int count, int bytes) throws Exception {
    return loop.submit(
            () -> {
              long before = sending.link.counters().packetsOut();
              for (int i = 0; i < count; i++) {
                sending.batch.send(packet(bytes), new PacketMeta());
              }
              return sending.link.counters().packetsOut() - before;
            })
        .get();
  }

  private long packetsOut(Sending sending) throws Exception {
    return loop.submit(() -> sending.link.counters().packetsOut()).get();
  }

  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "NONE")
  void a_packet_goes_when_the_turn_in_which_it_came_ends(TunOffload offload) throws Exception {
    Sending sending = start(offload);
    for (int turn = 1; turn <= 3; turn++) {
      assertThat(sendInOneTurn(sending, 1, PACKET_BYTES)).isZero();
      // What is asked now is answered in a later turn, or behind what the turn had left to do.
      assertThat(packetsOut(sending)).isEqualTo(turn);
    }
  }

  @Test
  void a_device_without_offloads_gets_each_packet_at_once() throws Exception {
    Sending sending = start(TunOffload.NONE);
    assertThat(sendInOneTurn(sending, 3, PACKET_BYTES)).isEqualTo(3);
  }

  @Test
  void more_packets_than_are_held_go_before_the_turn_ends() throws Exception {
    Sending sending = start(TunOffload.TCP);
    assertThat(sendInOneTurn(sending, TunBatch.MAX_HELD_PACKETS + 1, PACKET_BYTES))
        .isEqualTo(TunBatch.MAX_HELD_PACKETS);
    assertThat(packetsOut(sending)).isEqualTo(TunBatch.MAX_HELD_PACKETS + 1);
  }

  @Test
  void more_bytes_than_are_held_go_before_the_turn_ends() throws Exception {
    Sending sending = start(TunOffload.TCP);
    int large = TunBatch.MAX_HELD_BYTES / 8;
    long within = sendInOneTurn(sending, 9, large);
    assertThat(within).isEqualTo(8);
  }

  @Test
  void packets_that_the_kernel_does_not_take_are_told() throws Exception {
    Sending sending = start(TunOffload.TCP);
    kernel.ip("link set " + sending.link.device().name() + " down");
    sendInOneTurn(sending, 2, PACKET_BYTES);
    assertThat(packetsOut(sending)).isZero();
    assertThat(refused).isEqualTo(2);
  }

  @Test
  void what_is_held_is_dropped_with_the_batch() throws Exception {
    Sending sending = start(TunOffload.TCP);
    loop.submit(
            () -> {
              sending.batch.send(packet(PACKET_BYTES), new PacketMeta());
              sending.batch.close();
            })
        .sync();
    assertThat(packetsOut(sending)).isZero();
  }
}
