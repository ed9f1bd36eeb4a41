package io.penstock.transport.tun;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.penstock.transport.tun.TunUnavailableException.Reason;
import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TunDeviceTest {

  @Test
  void without_permission_it_says_how_to_get_it() throws Exception {
    assumeTrue(Files.exists(Path.of("/dev/net/tun")), "no /dev/net/tun on this machine");
    CompletableFuture<Throwable> thrown = new CompletableFuture<>();
    Thread unprivileged =
        new Thread(
            () -> {
              try {
                TestLibc.dropCapabilities();
                TunDevice.open(TunConfig.builder().build()).close();
                thrown.complete(new AssertionError("opened without permission"));
              } catch (Throwable e) {
                thrown.complete(e);
              }
            });

    unprivileged.start();

    assertThat(thrown.get())
        .isInstanceOf(TunUnavailableException.class)
        .hasMessageContaining("EPERM, not permitted")
        .hasMessageContaining("CAP_NET_ADMIN")
        .hasMessageContaining("ip tuntap add mode tun");
    assertThat(((TunUnavailableException) thrown.get()).reason()).isEqualTo(Reason.NO_PERMISSION);
  }

  @Test
  void without_the_device_node_it_says_where_that_comes_from() {
    assertThatThrownBy(() -> TunOpener.open(TunConfig.builder().build(), "/dev/net/no-tun"))
        .isInstanceOfSatisfying(
            TunUnavailableException.class,
            e -> assertThat(e.reason()).isEqualTo(Reason.NO_DEVICE_NODE))
        .hasMessageContaining("cannot open /dev/net/no-tun: ENOENT, no such file")
        .hasMessageContaining("modprobe tun");
  }

  @ParameterizedTest
  @CsvSource({
    "-Dos.name=Plan 9, NOT_SUPPORTED, no TUN device on Plan 9",
    "--illegal-native-access=deny, NO_NATIVE_ACCESS, --enable-native-access=ALL-UNNAMED"
  })
  void a_jvm_that_cannot_have_a_device_says_why(String option, Reason reason, String message)
      throws Exception {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of(option, "-cp", System.getProperty("java.class.path", "")));
    command.add(OpenDevice.class.getName());

    Process jvm = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(jvm.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

    assertThat(output).contains(reason + ": ").contains(message);
    assertThat(jvm.waitFor()).isZero();
  }

  /// Opens a device in a JVM of its own, and says why that failed.
  static final class OpenDevice {

    private OpenDevice() {}

    /// Opens it.
    public static void main(String[] arguments) throws IOException {
      try (TunDevice device = TunDevice.open(TunConfig.builder().build())) {
        System.out.println("opened " + device);
      } catch (TunUnavailableException e) {
        System.out.println(e.reason() + ": " + e.getMessage());
      }
    }
  }

  @Test
  void closing_twice_closes_once_and_what_comes_later_is_refused() throws Throwable {
    int[] pair = TestLibc.packetPair();
    TunDevice device = new TunDevice(new Libc(), pair[0], "pair", 1500, TunOffload.NONE);
    device.close();
    // Takes the number that has become free unless some other file just did; a second closing must
    // leave it alone.
    int[] next = TestLibc.packetPair();
    TunDevice one = new TunDevice(new Libc(), next[0], "one", 1500, TunOffload.NONE);
    TunDevice other = new TunDevice(new Libc(), next[1], "other", 1500, TunOffload.NONE);
    ByteBuf packet = Unpooled.directBuffer().writeByte(0x45);

    device.close();

    assertThat(one.write(packet)).isEqualTo(TunDevice.Written.YES);
    assertThat(other.read(packet)).isEqualTo(1);
    assertThat(other.read(packet)).isEqualTo(TunDevice.NOTHING);
    assertThatThrownBy(() -> device.read(packet)).isInstanceOf(ClosedChannelException.class);
    assertThatThrownBy(() -> device.write(packet)).isInstanceOf(ClosedChannelException.class);
    packet.release();
    one.close();
    other.close();
    new TunDevice(new Libc(), pair[1], "peer", 1500, TunOffload.NONE).close();
  }
}
