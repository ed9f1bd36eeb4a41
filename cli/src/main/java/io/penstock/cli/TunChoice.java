package io.penstock.cli;

import io.penstock.node.vpn.PacketDevices;
import io.penstock.protocol.netstack.wire.Ipv6Header;
import io.penstock.transport.tun.TunConfig;
import io.penstock.transport.tun.TunDevice;
import io.penstock.transport.tun.TunUnavailableException;
import java.io.IOException;
import java.util.Optional;
import java.util.OptionalInt;

/// Where the packets of `penstock tunnel` go: to the TUN device whose descriptor the manager says,
/// or else to one that is opened here, or to a stack in this process.
///
/// @param device to be opened when the manager gives none; empty for none
record TunChoice(Optional<TunConfig> device) implements PacketDevices {

  /// The first free device.
  static final String AUTO = "auto";

  /// No device.
  static final String NONE = "none";

  /// Reads `auto`, `none` or the name of an interface.
  ///
  /// @throws IllegalArgumentException when it is none of them, with what is allowed
  static TunChoice of(String text) {
    return switch (text) {
      case NONE -> new TunChoice(Optional.empty());
      case AUTO -> new TunChoice(Optional.of(config("penstock%d")));
      default -> new TunChoice(Optional.of(config(text)));
    };
  }

  /// The MTU is what every path of an overlay carries; the manager is asked to set what this one
  /// does.
  private static TunConfig config(String name) {
    return TunConfig.builder().name(name).mtu(Ipv6Header.MIN_MTU_BYTES).build();
  }

  @Override
  public Optional<TunDevice> open(OptionalInt descriptor) throws IOException, InterruptedException {
    if (descriptor.isPresent()) {
      return Optional.of(TunDevice.adopt(descriptor.getAsInt()));
    }
    if (device.isEmpty()) {
      return Optional.empty();
    }
    try {
      return Optional.of(TunDevice.open(device.get()));
    } catch (TunUnavailableException e) {
      throw new IOException(
          e.getMessage()
              + "; --tun none keeps the packets in the tunnel's process, without any rights",
          e);
    }
  }
}
