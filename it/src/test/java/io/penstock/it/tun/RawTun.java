package io.penstock.it.tun;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/// An open file of `/dev/net/tun` with any flags, as other programs than ours may make it.
public final class RawTun implements AutoCloseable {

  static final int TUN = 0x0001;
  public static final int TAP = 0x0002;
  public static final int NO_PI = 0x1000;
  static final int VNET_HDR = 0x4000;

  private static final long TUNSETIFF = 0x400454caL;
  private static final long TUNSETVNETHDRSZ = 0x400454d8L;
  private static final int O_RDWR = 2;

  private static final MethodHandle OPEN = function("open", 2, ADDRESS, JAVA_INT);
  private static final MethodHandle IOCTL = function("ioctl", 2, JAVA_INT, JAVA_LONG, ADDRESS);
  private static final MethodHandle CLOSE = function("close", 1, JAVA_INT);

  private final int descriptor;

  private RawTun(int descriptor) {
    this.descriptor = descriptor;
  }

  @SuppressWarnings("restricted")
  private static MethodHandle function(String name, int fixed, ValueLayout... arguments) {
    Linker linker = Linker.nativeLinker();
    FunctionDescriptor descriptor = FunctionDescriptor.of(JAVA_INT, arguments);
    return linker.downcallHandle(
        linker.defaultLookup().findOrThrow(name),
        descriptor,
        fixed < arguments.length
            ? new Linker.Option[] {Linker.Option.firstVariadicArg(fixed)}
            : new Linker.Option[0]);
  }

  /// Opens the file of a path, without any interface.
  public static RawTun open(String path) {
    try (Arena arena = Arena.ofConfined()) {
      return new RawTun(
          positive((int) OPEN.invokeExact(arena.allocateFrom(path), O_RDWR), "open " + path));
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  /// Attaches an interface to it, in the network namespace of the calling thread.
  public RawTun attach(String name, int flags) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment request = arena.allocate(40);
      request.setString(0, name);
      request.set(JAVA_SHORT, 16, (short) flags);
      positive((int) IOCTL.invokeExact(descriptor, TUNSETIFF, request), "make " + name);
      return this;
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  /// Sets how long the header in front of packets is.
  void setHeaderBytes(int bytes) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment size = arena.allocateFrom(JAVA_INT, bytes);
      positive((int) IOCTL.invokeExact(descriptor, TUNSETVNETHDRSZ, size), "set the header");
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  private static int positive(int result, String what) {
    if (result < 0) {
      throw new AssertionError("cannot " + what);
    }
    return result;
  }

  private static Error unexpected(Throwable e) {
    return e instanceof Error error ? error : new AssertionError("a call into the C library", e);
  }

  public int descriptor() {
    return descriptor;
  }

  @Override
  public void close() {
    try {
      int _ = (int) CLOSE.invokeExact(descriptor);
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }
}
