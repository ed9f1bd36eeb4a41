package io.penstock.it.tun;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.penstock.protocol.netstack.offload.PacketMeta;
import io.penstock.transport.NativeSupport;
import io.penstock.transport.tun.TunConfig;
import io.penstock.transport.tun.TunCounters;
import io.penstock.transport.tun.TunDevice;
import io.penstock.transport.tun.TunLink;
import io.penstock.transport.tun.TunOffload;
import io.penstock.transport.tun.TunReceiver;
import io.penstock.transport.tun.TunUnavailableException;
import io.penstock.transport.tun.TunUnavailableException.Reason;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// What the kernel does with a TUN device of ours: pings through it, takes it down, deletes it.
class TunKernelTest {

  private final MultiThreadIoEventLoopGroup loops = NativeSupport.newEventLoops(1, "tun");
  private final PingResponder responder = new PingResponder();
  private NetworkNamespace kernel;

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
  }

  @ParameterizedTest
  @EnumSource
  void the_kernel_pings_us_over_both_versions_of_ip(TunOffload offload) throws Exception {
    TunConfig config = TunConfig.builder().offload(offload).build();
    TunLink link = start(kernel.tun(config, "10.77.0.1/24", "fd77::1/64"), responder);

    ping("10.77.0.2", 0);
    ping("10.77.0.2", 56);
    ping("10.77.0.2", 1472);
    ping("fd77::2", 56);
    ping("fd77::2", 1452);

    TunCounters counters = loops.next().submit(link::counters).get();
    assertThat(responder.answered).hasValueGreaterThanOrEqualTo(15);
    assertThat(counters.packetsOut()).isEqualTo(responder.answered.get());
    assertThat(counters.droppedMalformed() + counters.droppedRefused()).isZero();
  }

  @ParameterizedTest
  @EnumSource
  void a_packet_may_be_as_long_as_the_mtu_of_the_interface(TunOffload offload) throws Exception {
    TunConfig config = TunConfig.builder().offload(offload).mtu(65_535).build();
    start(kernel.tun(config, "10.77.0.1/24", "fd77::1/64"), responder);

    ping("10.77.0.2", 60_000);
    ping("10.77.0.2", 65_507);
    ping("fd77::2", 60_000);
  }

  private void ping(String address, int bytes) throws Exception {
    // With -w it ends with the third answer, however slow the machine is.
    String command = "ping -n -c 3 -i 0.2 -w 60 -s " + bytes + " " + address;
    NetworkThread.Result result = kernel.execute(List.of(command.split(" ", -1)));
    assertThat(result.status()).as(result.output()).isZero();
    assertThat(result.output()).contains(" 3 received");
  }

  @Test
  void the_interface_is_as_it_was_asked_for() throws Exception {
    TunConfig config = TunConfig.builder().name("pen%d").mtu(1280).build();

    try (TunDevice first = kernel.tun(config);
        TunDevice second = kernel.tun(config)) {
      assertThat(first.name()).isEqualTo("pen0");
      assertThat(second.name()).isEqualTo("pen1");
      assertThat(first.mtu()).isEqualTo(1280);
      assertThat(first.offload()).isEqualTo(TunOffload.TCP);
      assertThat(kernel.ip("link show pen1")).contains("mtu 1280").contains("UP");
    }
    assertThat(kernel.ip("link show")).doesNotContain("pen");
  }

  @Test
  void a_name_that_is_taken_is_refused_with_the_reason() throws Exception {
    TunConfig pen = TunConfig.builder().name("pen0").build();
    try (TunDevice _ = kernel.tun(pen)) {
      assertThatThrownBy(() -> kernel.tun(pen))
          .isInstanceOfSatisfying(
              TunUnavailableException.class, e -> assertThat(e.reason()).isEqualTo(Reason.IN_USE))
          .hasMessageContaining("pen0");
    }
    assertThatThrownBy(() -> kernel.tun(TunConfig.builder().name("lo").build()))
        .isInstanceOfSatisfying(
            TunUnavailableException.class,
            e -> assertThat(e.reason()).isEqualTo(Reason.OTHER_INTERFACE));
  }

  @Test
  void an_interface_that_is_down_takes_nothing_and_one_that_is_up_again_does() throws Exception {
    TunDevice device = kernel.tun(TunConfig.builder().build(), "10.77.0.1/24");
    TunLink link = start(device, responder);

    kernel.ip("link set " + device.name() + " down");
    assertThat(loops.next().submit(() -> link.send(anyPacket(), new PacketMeta())).get()).isFalse();
    assertThat(loops.next().submit(link::counters).get().droppedDown()).isEqualTo(1);

    kernel.ip("link set " + device.name() + " up");
    ping("10.77.0.2", 56);
  }

  @Test
  void what_comes_while_the_link_does_not_read_waits_in_the_kernel() throws Exception {
    TunLink link =
        start(kernel.tun(TunConfig.builder().build(), "10.77.0.1/24", "fd77::1/64"), responder);
    loops.next().submit(() -> link.setReading(false)).get();
    int before = responder.answered.get();
    NetworkThread.Result unanswered =
        kernel.execute(List.of("ping", "-n", "-c", "1", "-W", "1", "10.77.0.2"));
    assertThat(unanswered.output()).contains("100% packet loss");
    assertThat(responder.answered).hasValue(before);

    loops.next().submit(() -> link.setReading(true)).get();
    await().until(() -> responder.answered.get() > before);
    ping("10.77.0.2", 56);
  }

  private static ByteBuf anyPacket() {
    return PooledByteBufAllocator.DEFAULT
        .directBuffer()
        .writeZero(TunLink.HEADROOM_BYTES)
        .writeByte(0x45)
        .writeZero(19)
        .skipBytes(TunLink.HEADROOM_BYTES);
  }

  @Test
  void what_is_no_ip_packet_is_refused_and_harms_nothing() throws Exception {
    TunLink link = start(kernel.tun(TunConfig.builder().build(), "10.77.0.1/24"), responder);
    ByteBuf garbage = Unpooled.directBuffer().writeZero(40);

    assertThat(loops.next().submit(() -> link.send(garbage, new PacketMeta())).get()).isFalse();

    assertThat(loops.next().submit(link::counters).get().droppedRefused()).isEqualTo(1);
    ping("10.77.0.2", 56);
  }

  @Test
  void deleting_the_interface_ends_the_link() throws Exception {
    TunDevice device = kernel.tun(TunConfig.builder().build(), "10.77.0.1/24");
    TunLink link = start(device, responder);

    kernel.ip("link del " + device.name());

    assertThat(link.closeFuture().await(10_000)).isTrue();
    assertThat(link.closeFuture().cause())
        .isInstanceOf(IOException.class)
        .hasMessageContaining("the interface is gone");
  }

  @Test
  void closing_the_link_deletes_the_interface() throws Exception {
    TunDevice device = kernel.tun(TunConfig.builder().build(), "10.77.0.1/24");
    TunLink link = start(device, responder);

    link.close();
    link.closeFuture().sync();

    await().until(() -> !kernel.ip("link show").contains(device.name()));
  }

  private TunLink start(TunDevice device, TunReceiver receiver) throws Exception {
    return TunLink.start(
            loops.next(),
            device,
            TunConfig.builder().build(),
            PooledByteBufAllocator.DEFAULT,
            receiver)
        .sync()
        .getNow();
  }
}
