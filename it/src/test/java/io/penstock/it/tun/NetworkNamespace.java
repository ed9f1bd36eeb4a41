package io.penstock.it.tun;

import static org.junit.jupiter.api.Assertions.fail;

import io.penstock.transport.tun.TunConfig;
import io.penstock.transport.tun.TunDevice;
import io.penstock.transport.tun.TunUnavailableException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;

/// A network of its own inside the Linux kernel, for one test: its interfaces, addresses and routes
/// are invisible to the machine and vanish when it is closed, or with this JVM.
///
/// What is to be there happens on its [NetworkThread]; no other JVM is needed, and nothing remains
/// on the machine that somebody would have to clear away.
///
/// It needs root, or `CAP_SYS_ADMIN` with `CAP_NET_ADMIN`. Where it lacks that, and where a program
/// is not installed, the test is skipped with the reason, unless
/// `-Dpenstock.interop.required=true`, when it fails. May be used by several threads.
public final class NetworkNamespace implements AutoCloseable {

  private static final String REQUIRED = "penstock.interop.required";
  private static final long READY_LIMIT_SECONDS = 10;

  private final NetworkThread inside;

  private NetworkNamespace(NetworkThread inside) {
    this.inside = inside;
  }

  /// Makes one, with nothing but its loopback interface, which is up.
  public static NetworkNamespace create() throws Exception {
    return create(NetworkThread::start);
  }

  /// Makes one with mounts of its own, so that what [#mount] shows is there for it alone.
  public static NetworkNamespace createWithMounts() throws Exception {
    return create(NetworkThread::startWithMounts);
  }

  private static NetworkNamespace create(Callable<NetworkThread> start) throws Exception {
    NetworkThread thread;
    try {
      thread = start.call();
    } catch (NetworkThread.NotPermittedException e) {
      throw unavailable(e.toString());
    }
    NetworkNamespace namespace = new NetworkNamespace(thread);
    try {
      requireProgram("ip");
      namespace.ip("link set lo up");
      return namespace;
    } catch (Throwable e) {
      namespace.close();
      throw e;
    }
  }

  /// Skips the calling test unless this program is installed.
  public static void requireProgram(String name) {
    for (String directory : System.getenv().getOrDefault("PATH", "").split(":", -1)) {
      if (Files.isExecutable(Path.of(directory, name))) {
        return;
      }
    }
    throw unavailable("no " + name + " on the path");
  }

  private static RuntimeException unavailable(String message) {
    if (Boolean.getBoolean(REQUIRED)) {
      fail(message);
    }
    return Assumptions.abort(message);
  }

  /// Runs something on the thread that is in the namespace: sockets that it makes are in there.
  public <T> T call(Callable<T> task) throws Exception {
    return inside.call(task);
  }

  /// Shows a file or directory in place of another, in a namespace with mounts of its own.
  public void mount(Path shown, Path place) throws Exception {
    NetworkThread.Result result =
        execute(List.of("mount", "--bind", shown.toString(), place.toString()));
    if (result.status() != 0) {
      throw new IOException("cannot mount %s: %s".formatted(place, result.output()));
    }
  }

  /// Makes a TUN device with these addresses (with prefix lengths) and brings it up.
  public TunDevice tun(TunConfig config, String... addresses) throws Exception {
    TunDevice device;
    try {
      device = call(() -> TunDevice.open(config));
    } catch (TunUnavailableException e) {
      if (e.reason() == TunUnavailableException.Reason.NO_DEVICE_NODE) {
        throw unavailable(e.toString());
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

  /// Where `ip` finds it as a namespace for an interface, as long as this is open.
  public Path path() throws Exception {
    return inside.path();
  }

  /// Runs `ip` with these words, which must succeed, and returns its output.
  public String ip(String words) throws Exception {
    return inside.ip(words);
  }

  /// Starts a program in the namespace. The caller ends it.
  public Process start(ProcessBuilder program) throws Exception {
    return inside.start(program);
  }

  /// Runs a program in the namespace to its end, two minutes at most.
  public NetworkThread.Result execute(List<String> command) throws Exception {
    requireProgram(command.getFirst());
    return inside.execute(command);
  }

  /// Leaves the namespace, which ends when no socket, device or program holds it any more.
  @Override
  public void close() {
    inside.close();
  }
}
