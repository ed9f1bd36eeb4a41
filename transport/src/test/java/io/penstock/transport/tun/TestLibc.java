package io.penstock.transport.tun;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/// Functions of the C library that only tests need.
final class TestLibc {

  private static final int AF_UNIX = 1;
  private static final int SOCK_SEQPACKET = 5;
  private static final int CAPABILITY_VERSION_3 = 0x2008_0522;

  private TestLibc() {}

  /// Two connected descriptors that carry packets whole and have a limit: what a device's
  /// descriptor is like, without the need for any permission.
  static int[] packetPair() throws Throwable {
    MethodHandle socketpair =
        function("socketpair", JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment pair = arena.allocate(JAVA_INT, 2);
      int type = SOCK_SEQPACKET | Libc.O_NONBLOCK | Libc.O_CLOEXEC;
      int result = (int) socketpair.invokeExact(AF_UNIX, type, 0, pair);
      if (result != 0) {
        throw new AssertionError("no pair of sockets");
      }
      return pair.toArray(JAVA_INT);
    }
  }

  /// Takes all capabilities from the calling thread, for good.
  static void dropCapabilities() throws Throwable {
    MethodHandle capset = function("capset", JAVA_INT, ADDRESS, ADDRESS);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment header = arena.allocateFrom(JAVA_INT, CAPABILITY_VERSION_3, 0);
      int result = (int) capset.invokeExact(header, arena.allocate(JAVA_INT, 6));
      if (result != 0) {
        throw new AssertionError("cannot drop capabilities");
      }
    }
  }

  @SuppressWarnings("restricted")
  private static MethodHandle function(String name, ValueLayout result, ValueLayout... arguments) {
    Linker linker = Linker.nativeLinker();
    return linker.downcallHandle(
        linker.defaultLookup().findOrThrow(name), FunctionDescriptor.of(result, arguments));
  }
}
