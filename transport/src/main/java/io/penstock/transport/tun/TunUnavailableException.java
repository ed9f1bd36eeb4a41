package io.penstock.transport.tun;

import java.io.IOException;

/// Says why there is no TUN device to be had, and what to do about it.
public final class TunUnavailableException extends IOException {

  private static final long serialVersionUID = 1L;

  /// What stands in the way.
  public enum Reason {

    /// This is not Linux, or a processor for which Netty has no native transport.
    NOT_SUPPORTED("TUN devices are a part of Linux: run this on Linux on x86-64 or aarch64"),

    /// The JVM refuses calls to native code.
    NO_NATIVE_ACCESS(
        "start java with --enable-native-access=ALL-UNNAMED"
            + " (on a module path: =io.penstock.transport)"),

    /// The system has no `/dev/net/tun`.
    NO_DEVICE_NODE(
        "load the kernel module with 'modprobe tun'; give a container the device"
            + " with --device /dev/net/tun"),

    /// This process may not make network interfaces.
    NO_PERMISSION(
        "run as root or give the process the capability CAP_NET_ADMIN (a container:"
            + " --cap-add NET_ADMIN), or let root make the device for this user with"
            + " 'ip tuntap add mode tun user NAME dev DEVICE'"),

    /// Another program has the device.
    IN_USE("choose another name, or end the program that uses the device"),

    /// An interface of this name is there and is something else.
    OTHER_INTERFACE("choose another name"),

    /// What was handed over is no descriptor of a TUN device, or of one of the wrong kind.
    UNFIT_DESCRIPTOR(
        "hand over the descriptor of /dev/net/tun whose interface was made with IFF_TUN and"
            + " IFF_NO_PI"),

    /// The event loop is not one of epoll.
    NO_EPOLL(
        "give it an event loop of NativeSupport.newEventLoops, with netty-transport-native-epoll"
            + " for this platform on the class path");

    private final String remedy;

    Reason(String remedy) {
      this.remedy = remedy;
    }

    /// What to do.
    public String remedy() {
      return remedy;
    }
  }

  private final Reason reason;

  TunUnavailableException(Reason reason, String what) {
    super(what + "; " + reason.remedy);
    this.reason = reason;
  }

  /// What stands in the way.
  public Reason reason() {
    return reason;
  }
}
