package io.penstock.it.tun;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.io.IOException;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/// A thread that is in a network namespace of its own: what happens on it happens there.
///
/// To Linux a network namespace belongs to a thread. [#call] makes sockets of the JDK and Netty
/// channels in it, which any thread may then use; [#start] and [#execute] run programs in it. The
/// namespace is invisible to the machine and vanishes when this is closed and nothing made in it is
/// left, or with this JVM. May be used by several threads.
public final class NetworkThread implements AutoCloseable {

  private static final int CLONE_NEWNET = 0x4000_0000;
  private static final int CLONE_NEWNS = 0x2_0000;
  private static final long PROGRAM_LIMIT_SECONDS = 120;

  private final ExecutorService inside =
      Executors.newSingleThreadExecutor(Thread.ofPlatform().name("netns-", 0).daemon().factory());

  /// What a program said and how it ended.
  public record Result(int status, String output) {}

  /// There can be no namespace here.
  public static final class NotPermittedException extends IOException {

    private static final long serialVersionUID = 1;

    private NotPermittedException(String message) {
      super(message);
    }
  }

  private NetworkThread() {}

  /// Starts one; its namespace has nothing but a loopback interface, which is down.
  ///
  /// @throws NotPermittedException without root, or `CAP_SYS_ADMIN` with `CAP_NET_ADMIN`
  public static NetworkThread start() throws Exception {
    return start(CLONE_NEWNET);
  }

  /// Starts one that has mounts of its own, too: what is mounted there nobody else sees.
  ///
  /// @throws NotPermittedException as [#start()]
  public static NetworkThread startWithMounts() throws Exception {
    NetworkThread thread = start(CLONE_NEWNET | CLONE_NEWNS);
    Result result = thread.execute(List.of("mount", "--make-rprivate", "/"));
    if (result.status() != 0) {
      thread.close();
      throw new IOException("no mounts of its own: " + result.output());
    }
    return thread;
  }

  private static NetworkThread start(int namespaces) throws Exception {
    CarrierThreads.keep();
    NetworkThread thread = new NetworkThread();
    boolean done = false;
    try {
      done = thread.call(() -> unshare(namespaces));
    } finally {
      if (!done) {
        thread.close();
      }
    }
    if (!done) {
      throw new NotPermittedException("no permission to make network namespaces: it takes root");
    }
    return thread;
  }

  @SuppressWarnings("restricted")
  private static boolean unshare(int namespaces) throws Exception {
    if (!"Linux".equals(System.getProperty("os.name"))) {
      return false;
    }
    Linker linker = Linker.nativeLinker();
    FunctionDescriptor descriptor = FunctionDescriptor.of(JAVA_INT, JAVA_INT);
    try {
      return (int)
              linker
                  .downcallHandle(linker.defaultLookup().findOrThrow("unshare"), descriptor)
                  .invokeExact(namespaces)
          == 0;
    } catch (Throwable e) {
      throw new AssertionError("a call into the C library", e);
    }
  }

  /// Runs something on the thread.
  public <T> T call(Callable<T> task) throws Exception {
    try {
      return inside.submit(task).get();
    } catch (ExecutionException e) {
      throw switch (e.getCause()) {
        case Exception exception -> exception;
        case Error error -> throw error;
        case null, default -> e;
      };
    }
  }

  /// Where the namespace is found in the file system, as long as the thread lives; `ip` takes it
  /// for a name.
  public Path path() throws Exception {
    return call(
        () ->
            Path.of("/proc")
                .resolve(Files.readSymbolicLink(Path.of("/proc/thread-self")))
                .resolve("ns/net"));
  }

  /// Runs `ip` with these words, which must succeed, and returns its output.
  public String ip(String words) throws Exception {
    Result result = execute(List.of(("ip " + words).split(" ", -1)));
    if (result.status() != 0) {
      throw new IOException("ip " + words + ": " + result.output());
    }
    return result.output();
  }

  /// Starts a program in the namespace. The caller ends it.
  public Process start(ProcessBuilder program) throws Exception {
    return call(program::start);
  }

  /// Runs a program in the namespace to its end, two minutes at most.
  public Result execute(List<String> command) throws Exception {
    Path output = Files.createTempFile("netns", ".out");
    ProcessBuilder builder =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(output.toFile());
    builder.environment().put("LC_ALL", "C");
    Process process = start(builder);
    try {
      if (!process.waitFor(PROGRAM_LIMIT_SECONDS, TimeUnit.SECONDS)) {
        throw new IOException(command + " has not ended, so far: " + Files.readString(output));
      }
      return new Result(process.exitValue(), Files.readString(output, StandardCharsets.UTF_8));
    } finally {
      process.destroyForcibly();
      Files.delete(output);
    }
  }

  /// Ends the thread; the namespace ends when no socket, device or program holds it any more.
  @Override
  public void close() {
    inside.shutdownNow();
  }
}
