package io.penstock.transport.tun;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import io.netty.channel.epoll.Epoll;
import io.penstock.transport.tun.TunUnavailableException.Reason;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// The steps in which a TUN device is opened: `/dev/net/tun`, the interface, its offloads, its MTU.
///
/// Requests and flags are those of `linux/if_tun.h` and `linux/sockios.h`, as the processors number
/// them for which there is a native epoll.
final class TunOpener {

  /// Where the system has its TUN devices.
  static final String NODE = "/dev/net/tun";

  private static final long TUNSETIFF = 0x400454caL;
  static final long TUNSETOFFLOAD = 0x400454d0L;
  static final long TUNSETVNETLE = 0x400454dcL;
  private static final long SIOCGIFMTU = 0x8921;
  private static final long SIOCSIFMTU = 0x8922;

  static final short IFF_TUN = 0x0001;
  static final short IFF_NO_PI = 0x1000;
  static final short IFF_VNET_HDR = 0x4000;

  private static final int TUN_F_CSUM = 0x01;
  private static final int TUN_F_TSO4 = 0x02;
  private static final int TUN_F_TSO6 = 0x04;
  private static final int TUN_F_TSO_ECN = 0x08;
  private static final int TUN_F_USO4 = 0x20;
  private static final int TUN_F_USO6 = 0x40;
  static final int TCP_OFFLOADS = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN;

  /// `struct ifreq`: sixteen bytes of name, then a union of 24.
  static final int IFREQ_BYTES = 40;

  static final int IFREQ_NAME_BYTES = 16;

  private final Libc libc;
  private final TunConfig config;

  private TunOpener(Libc libc, TunConfig config) {
    this.libc = libc;
    this.config = config;
  }

  static TunDevice open(TunConfig config, String node) throws IOException {
    TunOpener opener = new TunOpener(libc(), config);
    int descriptor = opener.openNode(node);
    boolean done = false;
    try (Arena arena = Arena.ofConfined()) {
      TunDevice device = opener.setUp(descriptor, arena);
      done = true;
      return device;
    } finally {
      if (!done) {
        opener.libc.close(descriptor);
      }
    }
  }

  /// The C library, where everything is there that a device needs.
  static Libc libc() throws TunUnavailableException {
    if (!"Linux".equals(System.getProperty("os.name"))) {
      throw new TunUnavailableException(
          Reason.NOT_SUPPORTED, "no TUN device on " + System.getProperty("os.name"));
    }
    Libc libc;
    try {
      libc = new Libc();
    } catch (ExceptionInInitializerError | NoClassDefFoundError e) {
      throw new TunUnavailableException(
          Reason.NO_NATIVE_ACCESS, "the JVM gives no access to the C library (" + e + ")");
    }
    if (!Epoll.isAvailable()) {
      throw new TunUnavailableException(
          Reason.NO_EPOLL,
          "no native epoll on this %s: %s"
              .formatted(System.getProperty("os.arch"), Epoll.unavailabilityCause()));
    }
    return libc;
  }

  private int openNode(String node) throws IOException {
    int descriptor = libc.open(node, Libc.O_RDWR | Libc.O_NONBLOCK | Libc.O_CLOEXEC);
    if (descriptor >= 0) {
      return descriptor;
    }
    String what = "cannot open " + node + ": " + Libc.nameOf(descriptor);
    throw switch (-descriptor) {
      case Libc.ENOENT, Libc.ENODEV, Libc.ENXIO ->
          new TunUnavailableException(Reason.NO_DEVICE_NODE, what);
      case Libc.EACCES, Libc.EPERM -> new TunUnavailableException(Reason.NO_PERMISSION, what);
      default -> new IOException(what);
    };
  }

  private TunDevice setUp(int descriptor, Arena arena) throws IOException {
    MemorySegment request = arena.allocate(IFREQ_BYTES);
    request.setString(0, config.name());
    attach(descriptor, request);
    String name = request.getString(0);
    TunOffload offload = offload(descriptor, name, arena);
    return new TunDevice(libc, descriptor, name, mtu(request, name), offload);
  }

  private void attach(int descriptor, MemorySegment request) throws IOException {
    int flags = IFF_TUN | IFF_NO_PI;
    if (config.offload() != TunOffload.NONE) {
      flags |= IFF_VNET_HDR;
    }
    request.set(JAVA_INT, IFREQ_NAME_BYTES, flags);
    int result = libc.ioctl(descriptor, TUNSETIFF, request);
    if (result >= 0) {
      return;
    }
    String what = "cannot make the interface " + config.name() + ": " + Libc.nameOf(result);
    throw switch (-result) {
      case Libc.EPERM, Libc.EACCES -> new TunUnavailableException(Reason.NO_PERMISSION, what);
      case Libc.EBUSY -> new TunUnavailableException(Reason.IN_USE, what);
      case Libc.EINVAL -> new TunUnavailableException(Reason.OTHER_INTERFACE, what);
      default -> new IOException(what);
    };
  }

  private TunOffload offload(int descriptor, String name, Arena arena) throws IOException {
    if (config.offload() == TunOffload.NONE) {
      return TunOffload.NONE;
    }
    MemorySegment yes = arena.allocateFrom(JAVA_INT, 1);
    require(libc.ioctl(descriptor, TUNSETVNETLE, yes), "the byte order", name);
    if (config.offload() == TunOffload.TCP_AND_UDP
        && offer(descriptor, TCP_OFFLOADS | TUN_F_USO4 | TUN_F_USO6) >= 0) {
      return TunOffload.TCP_AND_UDP;
    }
    require(offer(descriptor, TCP_OFFLOADS), "the offloads", name);
    return TunOffload.TCP;
  }

  /// The argument of this request is the number itself, not a place where it stands.
  private int offer(int descriptor, int offloads) {
    return libc.ioctl(descriptor, TUNSETOFFLOAD, MemorySegment.ofAddress(offloads));
  }

  private int mtu(MemorySegment request, String name) throws IOException {
    int socket = libc.datagramSocket();
    require(socket, "the MTU", name);
    try {
      require(libc.ioctl(socket, SIOCGIFMTU, request), "the MTU", name);
      if (request.get(JAVA_INT, IFREQ_NAME_BYTES) != config.mtu()) {
        request.set(JAVA_INT, IFREQ_NAME_BYTES, config.mtu());
        require(libc.ioctl(socket, SIOCSIFMTU, request), "the MTU", name);
      }
      return config.mtu();
    } finally {
      libc.close(socket);
    }
  }

  private static void require(int result, String what, String name) throws IOException {
    if (result < 0) {
      throw new IOException("cannot set %s of %s: %s".formatted(what, name, Libc.nameOf(result)));
    }
  }
}
