package io.penstock.it.vpn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.epoll.EpollDomainSocketChannel;
import io.netty.channel.unix.FileDescriptor;
import io.penstock.it.overlay.GatewayProcess;
import io.penstock.it.tun.NetworkNamespace;
import io.penstock.it.tun.RawTun;
import io.penstock.node.vpn.StartOrder;
import io.penstock.node.vpn.VpnListener;
import io.penstock.node.vpn.VpnManager;
import io.penstock.node.vpn.VpnManagerConfig;
import io.penstock.node.vpn.os.OsSettings;
import io.penstock.protocol.codervpn.message.Log;
import io.penstock.protocol.codervpn.message.PeerUpdate;
import io.penstock.transport.NativeSupport;
import io.penstock.transport.codervpn.PipeChannel;
import io.penstock.transport.tun.TunConfig;
import io.penstock.transport.tun.TunDevice;
import io.penstock.transport.tun.TunHandover;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/// `penstock tunnel --fd-socket` in a process of its own, and a manager that hands a device over,
/// or none, or one that does not fit.
@EnabledOnOs(value = OS.LINUX, architectures = "amd64") // elsewhere there is no QUIC for the nodes
@Timeout(240)
class HandedDeviceTest implements VpnListener {

  private static final Duration LIMIT = Duration.ofSeconds(90);

  /// One that is not open in the tunnel process.
  private static final int NO_DESCRIPTOR = 999;

  @TempDir Path home;

  private final EventLoopGroup loops = NativeSupport.newEventLoops(1, "vpn-test");
  private NetworkNamespace namespace;
  private VpnManager manager;
  private Process process;

  @BeforeEach
  void start() throws Exception {
    namespace = NetworkNamespace.create();
    manager =
        new VpnManager(
            VpnManagerConfig.builder().callLimit(LIMIT).build(),
            new NamespaceNetwork(namespace, "pen0"),
            this);
    process =
        namespace.start(
            new ProcessBuilder(
                    Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                    "--enable-native-access=ALL-UNNAMED",
                    "--sun-misc-unsafe-memory-access=allow",
                    "-Dio.netty.leakDetection.level=disabled",
                    "-XX:TieredStopAtLevel=1",
                    "-cp",
                    System.getProperty("java.class.path"),
                    "io.penstock.cli.Penstock",
                    "tunnel",
                    "--stdio",
                    "--fd-socket",
                    socket().toString(),
                    "--name",
                    "laptop",
                    "--state",
                    home.resolve("node").toString(),
                    "--insecure-skip-verify")
                .redirectError(home.resolve("err").toFile()));
    var _ =
        PipeChannel.open(
            process.getInputStream(), process.getOutputStream(), loops.next(), manager.handler());
    manager.awaitOpened();
  }

  @AfterEach
  void end() throws Exception {
    if (process != null) {
      manager.close();
      process.destroyForcibly();
    }
    NativeSupport.endEventLoops(loops, Duration.ofSeconds(20)).sync();
    if (namespace != null) {
      namespace.close();
    }
  }

  private static StartOrder order(String gateway, String token) {
    StartOrder order = StartOrder.of(gateway, token);
    return new StartOrder(
        order.url(), order.token(), order.headers(), OptionalInt.of(NO_DESCRIPTOR));
  }

  /// Nobody is there, which is found out after the device was looked at.
  private static StartOrder nowhere() {
    return order("127.0.0.1:1", "a-token");
  }

  private Path socket() {
    return home.resolve("fd.sock");
  }

  @Test
  void the_device_that_was_handed_over_is_used_whatever_the_start_says() throws Exception {
    TunConfig config = TunConfig.builder().name("pen0").mtu(1280).build();
    try (GatewayProcess gateway = namespace.call(() -> GatewayProcess.startAt(home, "127.0.0.1"));
        TunDevice device = namespace.call(() -> TunDevice.open(config))) {
      TunHandover.send(loops.next(), socket(), device, LIMIT);

      manager.start(order(gateway.tunnel(), namespace.call(gateway::token)));

      assertThat(manager.settings().addresses()).isNotEmpty();
      // Nobody has the address: the gateway says so, which takes a tunnel that reads the device.
      await("the gateway answers over the device")
          .atMost(LIMIT)
          .until(() -> ping("10.86.255.200").contains("Unreachable"));
      manager.stop();
      assertThat(process.waitFor(LIMIT.toSeconds(), TimeUnit.SECONDS)).isTrue();
      assertThat(process.exitValue()).as(Files.readString(home.resolve("err"))).isZero();
      assertThat(namespace.ip("link show pen0")).as("it is the manager's").contains("UP");
    }
    assertThat(namespace.ip("link show")).doesNotContain("pen0");
  }

  private String ping(String address) throws Exception {
    return namespace.execute(List.of("ping", "-n", "-c", "1", "-W", "5", address)).output();
  }

  @Test
  void without_a_device_the_start_is_refused() {
    assertThatThrownBy(() -> manager.start(nowhere()))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("no TUN device was handed over on " + socket())
        .hasMessageContaining("SCM_RIGHTS");
    assertThat(process.isAlive()).isTrue();
  }

  @Test
  void a_device_of_ethernet_frames_is_refused() throws Exception {
    try (RawTun tap =
        namespace.call(
            () -> RawTun.open("/dev/net/tun").attach("tap0", RawTun.TAP | RawTun.NO_PI))) {
      hand(tap.descriptor());
      assertThatThrownBy(() -> manager.start(nowhere()))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("that of tap0, a TAP device, which carries Ethernet frames");
    }
    assertThat(process.isAlive()).isTrue();
  }

  @Test
  void a_descriptor_of_something_else_is_refused() throws Exception {
    try (RawTun nothing = RawTun.open("/dev/null")) {
      hand(nothing.descriptor());
      assertThatThrownBy(() -> manager.start(nowhere()))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("is not that of a network interface");
    }
    assertThat(process.isAlive()).isTrue();
  }

  /// Hands any descriptor over, as a manager of others may.
  private void hand(int descriptor) throws Exception {
    EpollDomainSocketChannel channel =
        (EpollDomainSocketChannel)
            new Bootstrap()
                .group(loops)
                .channel(EpollDomainSocketChannel.class)
                .handler(new ChannelInboundHandlerAdapter())
                .connect(NativeSupport.unixAddress(UnixDomainSocketAddress.of(socket())))
                .sync()
                .channel();
    channel.writeAndFlush(new FileDescriptor(descriptor)).sync();
    channel.close().sync();
  }

  // ---- what the manager tells ----

  @Override
  public void peersChanged(PeerUpdate change) {
    // The manager has them.
  }

  @Override
  public void settingsApplied(OsSettings applied) {
    // The manager has them.
  }

  @Override
  public void log(Log log) {
    // What matters is in the answers.
  }
}
