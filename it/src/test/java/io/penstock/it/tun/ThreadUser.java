package io.penstock.it.tun;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;

/// Another user for one thread: to the kernel users belong to threads, and only the C library makes
/// all threads of a process change together.
public final class ThreadUser {

  private static final long NOBODY = 65_534;

  private ThreadUser() {}

  /// Makes the calling thread act for the user 65534 from now on; it takes root.
  @SuppressWarnings("restricted")
  public static void becomeNobody() {
    long setresuid = System.getProperty("os.arch").equals("aarch64") ? 147 : 117;
    Linker linker = Linker.nativeLinker();
    FunctionDescriptor descriptor =
        FunctionDescriptor.of(JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG);
    long result;
    try {
      result =
          (long)
              linker
                  .downcallHandle(
                      linker.defaultLookup().findOrThrow("syscall"),
                      descriptor,
                      Linker.Option.firstVariadicArg(1))
                  .invokeExact(setresuid, NOBODY, NOBODY, NOBODY);
    } catch (Throwable e) {
      throw e instanceof Error error ? error : new AssertionError("a system call", e);
    }
    if (result != 0) {
      throw new AssertionError("cannot become another user");
    }
  }
}
