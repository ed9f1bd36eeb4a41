package io.penstock.transport.tun;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import io.penstock.transport.tun.TunUnavailableException.Reason;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// The steps in which an open file of `/dev/net/tun` that somebody else made becomes a device of
/// ours: a descriptor of our own, what the kernel says about the interface (`TUNGETIFF`, and a
/// [TunLinkInfo] for what that does not tell), its offloads.
///
/// Nothing about the interface is changed before it is known to be fit. Requests and flags are
/// those of `linux/if_tun.h`.
final class TunAdopter {

  private static final long TUNGETIFF = 0x800454d2L;
  private static final long TUNSETVNETHDRSZ = 0x400454d8L;

  private static final short IFF_TAP = 0x0002;

  private final Libc libc;
  private final int descriptor;

  private TunAdopter(Libc libc, int descriptor) {
    this.libc = libc;
    this.descriptor = descriptor;
  }

  static TunDevice adopt(int foreign) throws IOException {
    Libc libc = TunOpener.libc();
    int own = libc.duplicate(foreign);
    if (own < 0) {
      throw unfit(
          "descriptor %d cannot be used as a TUN device: %s".formatted(foreign, Libc.nameOf(own)));
    }
    boolean done = false;
    try (Arena arena = Arena.ofConfined()) {
      TunDevice device = new TunAdopter(libc, own).device(foreign, arena);
      done = true;
      return device;
    } finally {
      if (!done) {
        libc.close(own);
      }
    }
  }

  private TunDevice device(int foreign, Arena arena) throws IOException {
    MemorySegment request = arena.allocate(TunOpener.IFREQ_BYTES);
    int result = libc.ioctl(descriptor, TUNGETIFF, request);
    if (result < 0) {
      throw unfit(
          "descriptor %d is not that of a network interface: %s"
              .formatted(
                  foreign, result == -Libc.EBADFD ? "none is attached" : Libc.nameOf(result)));
    }
    String name = request.getString(0);
    int flags = request.get(JAVA_SHORT, TunOpener.IFREQ_NAME_BYTES);
    String what = "descriptor %d is that of %s, ".formatted(foreign, name);
    if ((flags & IFF_TAP) != 0 || (flags & TunOpener.IFF_TUN) == 0) {
      throw unfit(what + "a TAP device, which carries Ethernet frames");
    }
    TunLinkInfo info = TunLinkInfo.of(libc, name);
    if (info.hasPacketInformation()) {
      throw unfit(what + "which was made without IFF_NO_PI");
    }
    TunOffload offload = offload(name, flags, arena);
    require(libc.setNonBlocking(descriptor), "use", name);
    return new TunDevice(libc, descriptor, name, info.mtu(), offload);
  }

  /// The size of the header is set, too: whoever made the device may have asked for a longer one.
  private TunOffload offload(String name, int flags, Arena arena) throws IOException {
    if ((flags & TunOpener.IFF_VNET_HDR) == 0) {
      return TunOffload.NONE;
    }
    MemorySegment size = arena.allocateFrom(JAVA_INT, VirtioNetHeader.BYTES);
    require(libc.ioctl(descriptor, TUNSETVNETHDRSZ, size), "set the header of", name);
    MemorySegment yes = arena.allocateFrom(JAVA_INT, 1);
    require(libc.ioctl(descriptor, TunOpener.TUNSETVNETLE, yes), "set the byte order of", name);
    MemorySegment offloads = MemorySegment.ofAddress(TunOpener.TCP_OFFLOADS);
    require(libc.ioctl(descriptor, TunOpener.TUNSETOFFLOAD, offloads), "set the offloads of", name);
    return TunOffload.TCP;
  }

  private static void require(int result, String what, String name) throws IOException {
    if (result < 0) {
      throw new IOException(
          "cannot %s the interface %s: %s".formatted(what, name, Libc.nameOf(result)));
    }
  }

  private static TunUnavailableException unfit(String what) {
    return new TunUnavailableException(Reason.UNFIT_DESCRIPTOR, what);
  }
}
