package io.penstock.it.tun;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static org.junit.jupiter.api.Assertions.fail;

import io.penstock.transport.tun.TunConfig;
import io.penstock.transport.tun.TunDevice;
import io.penstock.transport.tun.TunUnavailableException;
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
import org.junit.jupiter.api.Assumptions;

/// A network of its own inside the Linux kernel, for one test: its interfaces, addresses and routes
/// are invisible to the machine and vanish when it is closed, or with this JVM.
///
/// To Linux a network namespace belongs to a thread, so one thread is in it, and what is to be
/// there happens on that thread: [#call] makes sockets of the JDK and Netty channels in it, which
/// any thread may then use; [#start] and [#execute] run programs in it. No other JVM is needed, and
/// nothing remains on the machine that somebody would have to clear away.
///
/// It needs root, or `CAP_SYS_ADMIN` with `CAP_NET_ADMIN`. Where it lacks that, and where a program
/// is not installed, the test is skipped with the reason, unless
/// `-Dpenstock.interop.required=true`, when it fails. May be used by several threads.
public final class NetworkNamespace implements AutoCloseable {

  private static final String REQUIRED = "penstock.interop.required";
  private static final int CLONE_NEWNET = 0x4000_0000;
  private static final long PROGRAM_LIMIT_SECONDS = 120;
  private static final long READY_LIMIT_SECONDS = 10;

  private final ExecutorService inside =
      Executors.newSingleThreadExecutor(Thread.ofPlatform().name("netns-", 0).daemon().factory());

  /// What a program said and how it ended.
  public record Result(int status, String output) {}

  private NetworkNamespace() {}

  /// Makes one, with nothing but its loopback interface, which is up.
  public static NetworkNamespace create() throws Exception {
    NetworkNamespace namespace = new NetworkNamespace();
    try {
      if (!namespace.call(NetworkNamespace::unshare)) {
        unavailable("no permission to make network namespaces: it takes root");
      }
      requireProgram("ip");
      namespace.ip("link set lo up");
      return namespace;
    } catch (Throwable e) {
      namespace.close();
      throw e;
    }
  }

  @SuppressWarnings("restricted")
  private static boolean unshare() throws Exception {
    if (!"Linux".equals(System.getProperty("os.name"))) {
      return false;
    }
    Linker linker = Linker.nativeLinker();
    FunctionDescriptor descriptor = FunctionDescriptor.of(JAVA_INT, JAVA_INT);
    try {
      return (int)
              linker
                  .downcallHandle(linker.defaultLookup().findOrThrow("unshare"), descriptor)
                  .invokeExact(CLONE_NEWNET)
          == 0;
    } catch (Throwable e) {
      throw new AssertionError("a call into the C library", e);
    }
  }

  /// Skips the calling test unless this program is installed.
  public static void requireProgram(String name) {
    for (String directory : System.getenv().getOrDefault("PATH", "").split(":", -1)) {
      if (Files.isExecutable(Path.of(directory, name))) {
        return;
      }
    }
    unavailable("no " + name + " on the path");
  }

  private static void unavailable(String message) {
    if (Boolean.getBoolean(REQUIRED)) {
      fail(message);
    }
    Assumptions.abort(message);
  }

  /// Runs something on the thread that is in the namespace: sockets that it makes are in there.
  public <T> T call(Callable<T> task) throws Exception {
    try {
      return inside.submit(task).get();
    } catch (ExecutionException e) {
      switch (e.getCause()) {
        case Exception exception -> throw exception;
        case Error error -> throw error;
        default -> throw e;
      }
    }
  }

  /// Makes a TUN device with these addresses (with prefix lengths) and brings it up.
  public TunDevice tun(TunConfig config, String... addresses) throws Exception {
    TunDevice device;
    try {
      device = call(() -> TunDevice.open(config));
    } catch (TunUnavailableException e) {
      if (e.reason() == TunUnavailableException.Reason.NO_DEVICE_NODE) {
        unavailable(e.toString());
      }
      throw e;
    }
    for (String address : addresses) {
      // The kernel would first ask on the link whether anybody else has the address.
      String how = address.contains(":") ? " nodad" : "";
      ip("addr add " + address + " dev " + device.name() + how);
    }
    ip("link set " + device.name() + " up");
    awaitUsable(device);
    return device;
  }

  /// The kernel takes an interface for ready, and its IPv6 addresses for ours, a little later.
  private void awaitUsable(TunDevice device) throws Exception {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(READY_LIMIT_SECONDS);
    while (!ip("-6 addr show tentative dev " + device.name()).isEmpty()) {
      if (System.nanoTime() - end > 0) {
        throw new IOException(device + " does not get ready");
      }
      Thread.onSpinWait();
    }
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
    requireProgram(command.getFirst());
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

  /// Leaves the namespace, which ends when no socket, device or program holds it any more.
  @Override
  public void close() {
    inside.shutdownNow();
  }
}
