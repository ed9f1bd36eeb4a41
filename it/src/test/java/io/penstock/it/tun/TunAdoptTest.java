package io.penstock.it.tun;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.penstock.transport.NativeSupport;
import io.penstock.transport.tun.TunConfig;
import io.penstock.transport.tun.TunDevice;
import io.penstock.transport.tun.TunHandover;
import io.penstock.transport.tun.TunLink;
import io.penstock.transport.tun.TunOffload;
import io.penstock.transport.tun.TunUnavailableException;
import io.penstock.transport.tun.TunUnavailableException.Reason;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// TUN devices that somebody else opened: taken on by their descriptor, or handed over by another
/// process.
class TunAdoptTest {

  private static final Duration LIMIT = Duration.ofSeconds(60);

  @TempDir Path directory;

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
  @CsvSource({"NONE, NONE", "TCP, TCP", "TCP_AND_UDP, TCP"})
  void an_adopted_device_is_used_as_it_was_made(TunOffload made, TunOffload adopted)
      throws Exception {
    TunConfig config = TunConfig.builder().name("pen0").mtu(9000).offload(made).build();
    try (TunDevice owner = kernel.tun(config, "10.77.0.1/24", "fd77::1/64")) {
      TunDevice device = kernel.call(() -> TunDevice.adopt(owner.descriptor()));
      assertThat(device.name()).isEqualTo("pen0");
      assertThat(device.mtu()).isEqualTo(9000);
      assertThat(device.offload()).isEqualTo(adopted);
      assertThat(device.descriptor()).isNotEqualTo(owner.descriptor());

      TunLink link = start(device);
      ping("10.77.0.2", 8000);
      ping("fd77::2", 8000);
      link.close();
      link.closeFuture().sync();

      assertThat(kernel.ip("addr show pen0")).contains("10.77.0.1/24").contains("fd77::1/64");
      start(kernel.call(() -> TunDevice.adopt(owner.descriptor())));
      ping("10.77.0.2", 56);
    }
  }

  @Test
  void a_header_that_was_made_longer_gets_the_length_that_is_read() throws Exception {
    try (RawTun raw = raw("pen0", RawTun.TUN | RawTun.NO_PI | RawTun.VNET_HDR)) {
      raw.setHeaderBytes(12);
      kernel.ip("addr add 10.77.0.1/24 dev pen0");
      kernel.ip("link set pen0 up");

      start(kernel.call(() -> TunDevice.adopt(raw.descriptor())));

      ping("10.77.0.2", 1400);
    }
  }

  @Test
  void the_interface_lives_until_the_last_descriptor_is_closed() throws Exception {
    TunDevice owner = kernel.tun(TunConfig.builder().name("pen0").build(), "10.77.0.1/24");
    TunDevice adopted = kernel.call(() -> TunDevice.adopt(owner.descriptor()));

    owner.close();
    assertThat(kernel.ip("link show")).contains("pen0");
    adopted.close();
    assertThat(kernel.ip("link show")).doesNotContain("pen0");
  }

  @Test
  void a_tap_device_is_refused() throws Exception {
    try (RawTun raw = raw("pen0", RawTun.TAP | RawTun.NO_PI)) {
      refused(raw, "that of pen0, a TAP device, which carries Ethernet frames");
    }
  }

  @Test
  void a_device_whose_packets_have_four_bytes_in_front_is_refused() throws Exception {
    try (RawTun raw = raw("pen0", RawTun.TUN)) {
      refused(raw, "that of pen0, which was made without IFF_NO_PI");
    }
  }

  @Test
  void what_is_no_interface_is_refused() throws Exception {
    try (RawTun none = RawTun.open("/dev/net/tun");
        RawTun file = RawTun.open("/dev/null")) {
      refused(none, "is not that of a network interface: none is attached");
      refused(file, "is not that of a network interface: ENOTTY");
    }
    assertThatThrownBy(() -> TunDevice.adopt(-1)).hasMessageContaining("descriptor -1");
    assertThatThrownBy(() -> TunDevice.adopt(1_000_000)).hasMessageContaining("EBADF");
  }

  private void refused(RawTun raw, String message) {
    assertThatThrownBy(() -> kernel.call(() -> TunDevice.adopt(raw.descriptor())))
        .isInstanceOfSatisfying(
            TunUnavailableException.class,
            e -> assertThat(e.reason()).isEqualTo(Reason.UNFIT_DESCRIPTOR))
        .hasMessageContaining(message)
        .hasMessageContaining("IFF_NO_PI");
  }

  @Test
  void an_interface_of_another_namespace_is_refused_with_the_reason() throws Exception {
    try (NetworkNamespace other = NetworkNamespace.create();
        TunDevice owner = kernel.tun(TunConfig.builder().name("pen0").build())) {
      assertThatThrownBy(() -> other.call(() -> TunDevice.adopt(owner.descriptor())))
          .hasMessageContaining("another network namespace");
    }
  }

  @Test
  void another_process_hands_its_device_over_and_may_be_killed() throws Exception {
    Path path = directory.resolve("fd.sock");
    try (TunHandover handover = TunHandover.listen(loops.next(), path)) {
      assertThat(Files.getPosixFilePermissions(path))
          .isEqualTo(PosixFilePermissions.fromString("rw-------"));
      Process owner = giver(path);
      try {
        TunDevice device = receive(handover);
        assertThat(device.name()).isEqualTo("pen0");
        assertThat(path).doesNotExist();
        kernel.ip("addr add 10.77.0.1/24 dev pen0");
        kernel.ip("link set pen0 up");
        start(device);
        ping("10.77.0.2", 1400);

        owner.destroyForcibly();
        assertThat(owner.waitFor(60, TimeUnit.SECONDS)).isTrue();
        ping("10.77.0.2", 1400);
      } finally {
        owner.destroyForcibly();
      }
    }
  }

  private TunDevice receive(TunHandover handover) throws Exception {
    return kernel.call(() -> handover.await(LIMIT));
  }

  private Process giver(Path path) throws Exception {
    return kernel.start(
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                Giver.class.getName(),
                path.toString())
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.INHERIT));
  }

  /// Opens a device, hands it over and stays.
  static final class Giver {

    private Giver() {}

    /// Takes the path of the socket.
    public static void main(String[] arguments) throws Exception {
      MultiThreadIoEventLoopGroup loops = NativeSupport.newEventLoops(1, "giver");
      TunDevice device = TunDevice.open(TunConfig.builder().name("pen0").build());
      TunHandover.send(loops.next(), Path.of(arguments[0]), device, LIMIT);
      Thread.currentThread().join();
    }
  }

  @Test
  void who_waits_in_vain_is_told_what_to_do_and_the_socket_is_gone() throws Exception {
    Path path = directory.resolve("fd.sock");
    try (TunHandover handover = TunHandover.listen(loops.next(), path);
        SocketChannel silent = SocketChannel.open(StandardProtocolFamily.UNIX)) {
      silent.connect(UnixDomainSocketAddress.of(path));
      assertThatThrownBy(() -> handover.await(Duration.ofMillis(200)))
          .isInstanceOf(IOException.class)
          .hasMessageContaining(path + " within PT0.2S; connect there")
          .hasMessageContaining("SCM_RIGHTS");
    }
    assertThat(path).doesNotExist();
  }

  @Test
  void one_that_says_nothing_does_not_stand_in_the_way_of_one_that_has_a_device() throws Exception {
    Path path = directory.resolve("fd.sock");
    TunDevice owner = kernel.tun(TunConfig.builder().name("pen0").build());
    try (TunHandover handover = TunHandover.listen(loops.next(), path);
        SocketChannel silent = SocketChannel.open(StandardProtocolFamily.UNIX)) {
      silent.connect(UnixDomainSocketAddress.of(path));
      TunHandover.send(loops.next(), path, owner, LIMIT);

      try (TunDevice device = receive(handover)) {
        assertThat(device.name()).isEqualTo("pen0");
      }
      assertThatThrownBy(() -> receive(handover)).hasMessageContaining("any more");
    }
    owner.close();
  }

  @Test
  void another_user_can_neither_hand_over_nor_receive() throws Exception {
    Path path = directory.resolve("fd.sock");
    MultiThreadIoEventLoopGroup nobody = NativeSupport.newEventLoops(1, "nobody");
    TunDevice owner = kernel.tun(TunConfig.builder().name("pen0").build());
    try (TunHandover handover = TunHandover.listen(loops.next(), path)) {
      // As if the permissions of the file were no obstacle: the users themselves are looked at.
      Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxrwxrwx"));
      Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-rw-rw-"));
      nobody.next().submit(ThreadUser::becomeNobody).sync();

      try {
        TunHandover.send(nobody.next(), path, owner, LIMIT);
      } catch (IOException _) {
        // Whether it was sent before the other end closed is chance.
      }
      assertThatThrownBy(() -> handover.await(Duration.ofSeconds(2)))
          .hasMessageContaining("no TUN device was handed over");
      TunHandover.send(loops.next(), path, owner, LIMIT);
      receive(handover).close();

      Path foreign = directory.resolve("foreign.sock");
      Channel listener =
          new ServerBootstrap()
              .group(nobody)
              .channel(NativeSupport.serverUnixSocketChannel())
              .childHandler(new ChannelInboundHandlerAdapter())
              .bind(NativeSupport.unixAddress(UnixDomainSocketAddress.of(foreign)))
              .sync()
              .channel();
      assertThatThrownBy(() -> TunHandover.send(loops.next(), foreign, owner, LIMIT))
          .hasMessageContaining("user 65534 listens on " + foreign)
          .hasMessageContaining("no device was handed over");
      listener.close().sync();
    } finally {
      NativeSupport.endEventLoops(nobody, Duration.ofSeconds(5)).sync();
      owner.close();
    }
  }

  @Test
  void a_device_that_nobody_took_is_given_back() throws Exception {
    Path path = directory.resolve("fd.sock");
    TunDevice owner = kernel.tun(TunConfig.builder().name("pen0").build());
    TunHandover handover = TunHandover.listen(loops.next(), path);
    TunHandover.send(loops.next(), path, owner, LIMIT);
    owner.close();

    handover.close();
    handover.close();

    Awaitility.await().atMost(LIMIT).until(() -> !kernel.ip("link show").contains("pen0"));
  }

  @Test
  void nobody_who_listens_is_told() {
    assertThatThrownBy(
            () -> {
              try (TunDevice owner = kernel.tun(TunConfig.builder().name("pen0").build())) {
                TunHandover.send(loops.next(), directory.resolve("none"), owner, LIMIT);
              }
            })
        .isInstanceOf(IOException.class)
        .hasMessageContaining("cannot hand the TUN device over on " + directory);
  }

  private void ping(String address, int bytes) throws Exception {
    String command = "ping -n -c 3 -i 0.2 -w 60 -s " + bytes + " " + address;
    NetworkThread.Result result = kernel.execute(List.of(command.split(" ", -1)));
    assertThat(result.status()).as(result.output()).isZero();
  }

  private TunLink start(TunDevice device) throws Exception {
    return TunLink.start(
            loops.next(),
            device,
            TunConfig.builder().build(),
            PooledByteBufAllocator.DEFAULT,
            responder)
        .sync()
        .getNow();
  }

  private RawTun raw(String name, int flags) throws Exception {
    return kernel.call(() -> RawTun.open("/dev/net/tun").attach(name, flags));
  }
}
