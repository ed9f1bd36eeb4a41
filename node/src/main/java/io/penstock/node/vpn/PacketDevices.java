package io.penstock.node.vpn;

import io.penstock.transport.tun.TunDevice;
import java.io.IOException;
import java.util.Optional;
import java.util.OptionalInt;

/// Where a tunnel gets the TUN device that its node's packets go to and come from.
///
/// Asked once for each start, on a virtual thread that a stop may interrupt.
@FunctionalInterface
public interface PacketDevices {

  /// None at all: packets stay in the node's stack in this process, and a manager that gives a
  /// device is refused.
  PacketDevices NONE =
      descriptor -> {
        if (descriptor.isPresent()) {
          throw new IOException(
              "tunnel file descriptor is %d, but this tunnel keeps its packets in user space and drives no device; give none"
                  .formatted(descriptor.getAsInt()));
        }
        return Optional.empty();
      };

  /// Gets a device, which the caller then owns.
  ///
  /// @param descriptor of a device that the manager says to be open in this process, which stays
  ///   the manager's: only a duplicate may be closed. Empty when the manager gives none
  /// @return empty to keep packets in this process
  /// @throws IOException when there is none to be had, with words for the manager
  Optional<TunDevice> open(OptionalInt descriptor) throws IOException, InterruptedException;
}
