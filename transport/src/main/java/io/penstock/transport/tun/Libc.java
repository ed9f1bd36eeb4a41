package io.penstock.transport.tun;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;

/// The functions of the C library that a TUN device needs; a failed one returns its error number,
/// negated, as the system call itself does.
///
/// Addresses of read and write are numbers, which to the calling conventions of 64-bit Linux is the
/// same as pointers and allocates nothing. An object is used by one thread at a time: it holds the
/// place for the error number.
final class Libc {

  static final int O_RDWR = 2;
  static final int O_NONBLOCK = 0x800;
  static final int O_CLOEXEC = 0x8_0000;

  static final int EPERM = 1;
  static final int ENOENT = 2;
  static final int EINTR = 4;
  static final int EIO = 5;
  static final int ENXIO = 6;
  static final int EBADF = 9;
  static final int EAGAIN = 11;
  static final int EACCES = 13;
  static final int EBUSY = 16;
  static final int ENODEV = 19;
  static final int EINVAL = 22;
  static final int ENOTTY = 25;
  static final int EPIPE = 32;
  static final int EBADFD = 77;
  static final int ECONNRESET = 104;
  static final int ENOTCONN = 107;

  private static final int F_GETFL = 3;
  private static final int F_SETFL = 4;
  private static final int F_DUPFD_CLOEXEC = 1030;

  private static final int AF_INET = 2;
  private static final int AF_NETLINK = 16;
  private static final int SOCK_DGRAM = 2;
  private static final int SOCK_RAW = 3;
  private static final int NETLINK_ROUTE = 0;

  private static final int NOT_VARIADIC = -1;

  private static final StructLayout STATE = Linker.Option.captureStateLayout();
  private static final VarHandle ERRNO = STATE.varHandle(PathElement.groupElement("errno"));

  private static final MethodHandle OPEN =
      function("open", NOT_VARIADIC, JAVA_INT, ADDRESS, JAVA_INT);
  private static final MethodHandle IOCTL =
      function("ioctl", 2, JAVA_INT, JAVA_INT, JAVA_LONG, ADDRESS);
  private static final MethodHandle SOCKET =
      function("socket", NOT_VARIADIC, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_INT);
  private static final MethodHandle READ =
      function("read", NOT_VARIADIC, JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_LONG);
  private static final MethodHandle WRITE =
      function("write", NOT_VARIADIC, JAVA_LONG, JAVA_INT, JAVA_LONG, JAVA_LONG);
  private static final MethodHandle FCNTL =
      function("fcntl", 2, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG);
  private static final MethodHandle GETEUID = function("geteuid", NOT_VARIADIC, JAVA_INT);
  private static final MethodHandle CLOSE = function("close", NOT_VARIADIC, JAVA_INT, JAVA_INT);

  private final MemorySegment state = Arena.ofAuto().allocate(STATE);

  /// Finds the functions.
  ///
  /// @throws IllegalCallerException when the JVM does not let us
  @SuppressWarnings("restricted")
  private static MethodHandle function(
      String name, int firstVariadic, ValueLayout result, ValueLayout... arguments) {
    Linker linker = Linker.nativeLinker();
    Linker.Option capture = Linker.Option.captureCallState("errno");
    Linker.Option[] options =
        firstVariadic == NOT_VARIADIC
            ? new Linker.Option[] {capture}
            : new Linker.Option[] {capture, Linker.Option.firstVariadicArg(firstVariadic)};
    return linker.downcallHandle(
        linker.defaultLookup().findOrThrow(name),
        FunctionDescriptor.of(result, arguments),
        options);
  }

  int open(String path, int flags) {
    try (Arena arena = Arena.ofConfined()) {
      int result = (int) OPEN.invokeExact(state, arena.allocateFrom(path), flags);
      return result < 0 ? -errno() : result;
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  /// A datagram socket of IPv4, which is what the settings of interfaces are asked through.
  int datagramSocket() {
    return socket(AF_INET, SOCK_DGRAM, 0);
  }

  /// A socket whose other end is the kernel: what is written asks for interfaces, what is read says
  /// what they are (rtnetlink(7)).
  int routeSocket() {
    return socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
  }

  private int socket(int domain, int type, int protocol) {
    try {
      int result = (int) SOCKET.invokeExact(state, domain, type | O_CLOEXEC, protocol);
      return result < 0 ? -errno() : result;
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  /// Another descriptor of the same open file, for this process alone.
  int duplicate(int descriptor) {
    return fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
  }

  /// Lets reads and writes of an open file not wait, also those over its other descriptors.
  int setNonBlocking(int descriptor) {
    int flags = fcntl(descriptor, F_GETFL, 0);
    return flags < 0 ? flags : fcntl(descriptor, F_SETFL, flags | O_NONBLOCK);
  }

  private int fcntl(int descriptor, int command, long argument) {
    try {
      int result = (int) FCNTL.invokeExact(state, descriptor, command, argument);
      return result < 0 ? -errno() : result;
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  /// The user for whom this process acts.
  int effectiveUser() {
    try {
      return (int) GETEUID.invokeExact(state);
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  int ioctl(int descriptor, long request, MemorySegment argument) {
    try {
      int result = (int) IOCTL.invokeExact(state, descriptor, request, argument);
      return result < 0 ? -errno() : result;
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  int read(int descriptor, long address, int bytes) {
    try {
      long result = (long) READ.invokeExact(state, descriptor, address, (long) bytes);
      return result < 0 ? -errno() : (int) result;
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  int write(int descriptor, long address, int bytes) {
    try {
      long result = (long) WRITE.invokeExact(state, descriptor, address, (long) bytes);
      return result < 0 ? -errno() : (int) result;
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  int close(int descriptor) {
    try {
      int result = (int) CLOSE.invokeExact(state, descriptor);
      return result < 0 ? -errno() : result;
    } catch (Throwable e) {
      throw unexpected(e);
    }
  }

  private int errno() {
    return (int) ERRNO.get(state, 0L);
  }

  private static Error unexpected(Throwable e) {
    return e instanceof Error error ? error : new AssertionError("a call into the C library", e);
  }

  /// How the manual calls a negated error number.
  static String nameOf(int failure) {
    return switch (-failure) {
      case EPERM -> "EPERM, not permitted";
      case ENOENT -> "ENOENT, no such file";
      case EIO -> "EIO, the interface is down";
      case ENXIO -> "ENXIO, no such device";
      case EBADF -> "EBADF, closed";
      case EACCES -> "EACCES, permission denied";
      case EBUSY -> "EBUSY, in use";
      case ENODEV -> "ENODEV, no such device";
      case EINVAL -> "EINVAL, invalid";
      case ENOTTY -> "ENOTTY, no device of this kind";
      case EBADFD -> "EBADFD, the interface is gone";
      default -> "error " + -failure;
    };
  }
}
