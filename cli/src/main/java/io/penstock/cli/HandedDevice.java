package io.penstock.cli;

import io.netty.channel.EventLoop;
import io.penstock.node.vpn.PacketDevices;
import io.penstock.transport.tun.TunDevice;
import io.penstock.transport.tun.TunHandover;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalInt;

/// The TUN device that a manager hands over on a Unix socket, once, for all starts; the number that
/// it says in a start is not looked at.
final class HandedDevice implements PacketDevices, AutoCloseable {

  /// A manager hands it over before it says start.
  private static final Duration LIMIT = Duration.ofSeconds(10);

  private final TunHandover handover;
  private Optional<TunDevice> device = Optional.empty();

  private HandedDevice(TunHandover handover) {
    this.handover = handover;
  }

  /// Waits for a manager from now on.
  ///
  /// @throws IOException when the socket cannot be made, or there are no TUN devices here
  static HandedDevice on(EventLoop loop, Path socket) throws IOException {
    return new HandedDevice(TunHandover.listen(loop, socket));
  }

  @Override
  public synchronized Optional<TunDevice> open(OptionalInt descriptor)
      throws IOException, InterruptedException {
    if (device.isEmpty()) {
      device = Optional.of(handover.await(LIMIT));
    }
    return Optional.of(TunDevice.adopt(device.get().descriptor()));
  }

  @Override
  public synchronized void close() throws IOException {
    device.ifPresent(TunDevice::close);
    handover.close();
  }
}
