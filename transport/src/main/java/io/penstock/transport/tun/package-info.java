/// A network interface of Linux whose other side is this process: the kernel's packets come to us,
/// ours go to the kernel.
///
/// [io.penstock.transport.tun.TunDevice] is the device: opened, read and written through
/// `java.lang.foreign`, one packet per call, without native code of our own.
/// [io.penstock.transport.tun.TunLink] puts it onto an epoll event loop, where a
/// [io.penstock.transport.tun.TunReceiver] gets what the kernel sends; no thread ever waits in a
/// read, since closing a descriptor does not wake one that does. With offloads the kernel leaves
/// checksums to us and hands up TCP super packets of up to 64 KiB; what they are says a
/// [io.penstock.protocol.netstack.offload.PacketMeta]. In the other direction a
/// [io.penstock.transport.tun.TunBatch] makes such packets of the segments that come one by one.
///
/// Specifications: the kernel's `Documentation/networking/tuntap.rst` and
/// `include/uapi/linux/if_tun.h`; the header in front of packets is that of virtio 1.3 section
/// 5.1.6. Linux alone has this; elsewhere and without the permission (root, or `CAP_NET_ADMIN`)
/// opening fails with a [io.penstock.transport.tun.TunUnavailableException] that says what to do.
/// The JVM is to be started with `--enable-native-access` for `ALL-UNNAMED`, or on a module path
/// for `io.penstock.transport`, or else it warns.
///
/// Opening a device may be done by any thread, everything else happens on the event loop.
package io.penstock.transport.tun;
