package io.penstock.transport.tun;

import io.netty.buffer.ByteBuf;
import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.channels.ClosedChannelException;

/// An open TUN device: a network interface of Linux that hands the packets routed to it to whoever
/// reads here, and takes what is written here as received.
///
/// Reading and writing never wait. One thread at a time may use it; a [TunLink] takes that over,
/// which is how a device is to be used unless by a measurement. The interface belongs to the
/// network namespace of the thread that opened it and vanishes when this is closed, or with the
/// process, unless another process has a descriptor of it. Its addresses and routes, and that it is
/// up, are the caller's to arrange.
public final class TunDevice implements AutoCloseable {

  /// What [#read] returns when no packet is there.
  public static final int NOTHING = -1;

  /// The longest packet of IP without jumbograms, with all that may stand in front of it.
  static final int MAX_READ_BYTES = VirtioNetHeader.BYTES + 40 + 65_535;

  /// What became of a packet that was to be written.
  public enum Written {

    /// The kernel has it.
    YES,

    /// The kernel has no room now; the packet is to be written again later.
    LATER,

    /// The kernel does not take it: the interface is down.
    DOWN,

    /// The kernel does not take it: it is no IP packet, or its header says things that do not fit.
    REFUSED
  }

  private final Libc libc;
  private final int descriptor;
  private final String name;
  private final int mtu;
  private final TunOffload offload;
  private boolean open = true;

  TunDevice(Libc libc, int descriptor, String name, int mtu, TunOffload offload) {
    this.libc = libc;
    this.descriptor = descriptor;
    this.name = name;
    this.mtu = mtu;
    this.offload = offload;
  }

  /// Opens a device, making the interface if it is not there. May be called by any thread.
  ///
  /// @throws TunUnavailableException when there is none to be had here
  public static TunDevice open(TunConfig config) throws IOException {
    return TunOpener.open(config, TunOpener.NODE);
  }

  /// Takes on a device that was opened elsewhere: by another process, which handed its descriptor
  /// over, or by other code of this one. What the caller has stays the caller's: this uses and
  /// closes a duplicate, and the interface lives until the last descriptor is closed.
  ///
  /// The open file is shared, so from now on nobody's reads of it wait. A device with
  /// `IFF_VNET_HDR` gets the offloads of [TunOffload#TCP], one without has none; address, MTU and
  /// name stay as they are. May be called by any thread that is in the network namespace of the
  /// interface.
  ///
  /// @param descriptor an open file of `/dev/net/tun`
  /// @throws TunUnavailableException for [TunUnavailableException.Reason#UNFIT_DESCRIPTOR] when it
  ///   is none, is not attached to an interface, is a TAP device, or its packets have the four
  ///   bytes in front that `IFF_NO_PI` omits
  public static TunDevice adopt(int descriptor) throws IOException {
    return TunAdopter.adopt(descriptor);
  }

  /// What the interface is called.
  public String name() {
    return name;
  }

  /// The MTU of the interface when it was opened, in bytes.
  public int mtu() {
    return mtu;
  }

  /// The work that the kernel leaves to us: what was asked for, or less if it knows less.
  public TunOffload offload() {
    return offload;
  }

  /// How long the header in front of each packet is, here and in what is written.
  int headerBytes() {
    return offload == TunOffload.NONE ? 0 : VirtioNetHeader.BYTES;
  }

  /// The number of the open file, for [TunHandover#send]; it stays this device's own, and means
  /// something else once that is closed.
  public int descriptor() {
    return descriptor;
  }

  /// Appends one packet, with its header if the device has offloads, to a direct buffer. What does
  /// not fit into its writable bytes is lost.
  ///
  /// @return how many bytes came, or [#NOTHING]
  /// @throws IOException when the interface is gone or this is closed
  int read(ByteBuf into) throws IOException {
    requireOpen();
    int at = into.writerIndex();
    int room = into.writableBytes();
    int result = libc.read(descriptor, address(into, at, room), room);
    if (result > 0) {
      into.writerIndex(at + result);
      return result;
    }
    return switch (-result) {
      case Libc.EAGAIN, Libc.EINTR -> NOTHING;
      case 0 -> throw new EOFException(name + " has ended");
      default -> throw new IOException("cannot read from " + name + ": " + Libc.nameOf(result));
    };
  }

  /// Writes the readable bytes of a direct buffer, which it does not consume, as one packet, with
  /// its header in front if the device has offloads.
  ///
  /// @throws IOException when the interface is gone or this is closed
  Written write(ByteBuf packet) throws IOException {
    requireOpen();
    int bytes = packet.readableBytes();
    int result = libc.write(descriptor, address(packet, packet.readerIndex(), bytes), bytes);
    if (result >= 0) {
      return Written.YES;
    }
    return switch (-result) {
      case Libc.EAGAIN, Libc.EINTR -> Written.LATER;
      case Libc.EIO -> Written.DOWN;
      case Libc.EBADFD, Libc.EBADF, Libc.ENODEV, Libc.EPIPE, Libc.ECONNRESET, Libc.ENOTCONN ->
          throw new IOException("cannot write to " + name + ": " + Libc.nameOf(result));
      default -> Written.REFUSED;
    };
  }

  private void requireOpen() throws IOException {
    if (!open) {
      throw new ClosedChannelException();
    }
  }

  private static long address(ByteBuf buf, int at, int bytes) {
    return buf.hasMemoryAddress()
        ? buf.memoryAddress() + at
        : MemorySegment.ofBuffer(buf.internalNioBuffer(at, bytes)).address();
  }

  /// Gives the device back, and with it the interface, unless that was made to stay. Only the first
  /// call does anything.
  @Override
  public void close() {
    if (open) {
      open = false;
      libc.close(descriptor);
    }
  }

  @Override
  public String toString() {
    return "%s (MTU %d, offload %s)".formatted(name, mtu, offload);
  }
}
