package io.penstock.testkit;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/// A PostgreSQL server of the test's own: made from the machine's packages in a temporary
/// directory, on a free loopback port, as a user other than root, and gone afterwards.
public final class PostgresCluster implements AutoCloseable {

  public static final String USER = "penstock";
  public static final String PASSWORD = "p/w:d@1 %";
  private static final long COMMAND_SECONDS = 60;

  private final Path binaries;
  private final Path directory;
  private final int port;
  private int databases;

  private PostgresCluster(Path binaries, Path directory, int port) {
    this.binaries = binaries;
    this.directory = directory;
    this.port = port;
  }

  /// The directory of the newest `initdb` on this machine, where Debian puts it or on the path.
  private static Optional<Path> binaries() {
    List<Path> found = new ArrayList<>();
    Path debian = Path.of("/usr/lib/postgresql");
    if (Files.isDirectory(debian)) {
      try (Stream<Path> versions = Files.list(debian)) {
        versions.map(version -> version.resolve("bin")).forEach(found::add);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    found.sort(Comparator.comparing(Path::toString).reversed());
    for (String each : System.getenv().getOrDefault("PATH", "").split(":", -1)) {
      found.add(Path.of(each.isEmpty() ? "." : each));
    }
    return found.stream().filter(each -> Files.isExecutable(each.resolve("initdb"))).findFirst();
  }

  /// Starts one, or skips the calling test where there is no PostgreSQL, unless
  /// `-Dpenstock.interop.required=true`, when the test fails.
  public static PostgresCluster start() throws IOException, InterruptedException {
    Optional<Path> binaries = binaries();
    boolean required = Boolean.getBoolean("penstock.interop.required");
    assumeTrue(binaries.isPresent() || required, "no PostgreSQL (initdb) on this machine");
    return start(
        binaries.orElseThrow(
            () -> new AssertionError("PostgreSQL is required and not on this machine")));
  }

  private static PostgresCluster start(Path binaries) throws IOException, InterruptedException {
    Path directory = Files.createTempDirectory(Path.of("/tmp"), "penstock-pg-");
    Path password = Files.writeString(directory.resolve("password"), PASSWORD);
    int port;
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = free.getLocalPort();
    }
    PostgresCluster cluster = new PostgresCluster(binaries, directory, port);
    Runtime.getRuntime().addShutdownHook(new Thread(cluster::stopQuietly));
    if (isRoot()) {
      cluster.run("chown", "-R", unprivileged(), directory.toString());
    }
    cluster.runUnprivileged(
        "initdb",
        "--pgdata=" + cluster.data(),
        "--username=" + USER,
        "--pwfile=" + password,
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        "--locale=C",
        "--no-sync");
    cluster.runUnprivileged(
        "pg_ctl",
        "start",
        "--wait",
        "--pgdata=" + cluster.data(),
        "--log=" + directory.resolve("log"),
        "--options=-c listen_addresses=127.0.0.1 -c port=%d -c fsync=off -c unix_socket_directories=%s"
            .formatted(port, directory));
    return cluster;
  }

  /// Makes an empty database, in which commits would not wait for the disk unless asked to.
  ///
  /// @return its address, `postgresql://…`, with user and password
  public String createDatabase() throws SQLException {
    String name = "test" + ++databases;
    try (Connection connection =
            DriverManager.getConnection(
                "jdbc:postgresql://127.0.0.1:" + port + "/postgres", USER, PASSWORD);
        Statement statement = connection.createStatement()) {
      statement.execute("CREATE DATABASE " + name);
      statement.execute("ALTER DATABASE " + name + " SET synchronous_commit = off");
    }
    return "postgresql://%s:p%%2Fw%%3Ad%%401%%20%%25@127.0.0.1:%d/%s".formatted(USER, port, name);
  }

  /// Where it listens on the loopback.
  public int port() {
    return port;
  }

  @Override
  public void close() {
    stopQuietly();
  }

  private Path data() {
    return directory.resolve("data");
  }

  private synchronized void stopQuietly() {
    if (!Files.exists(directory)) {
      return;
    }
    try {
      if (Files.exists(data().resolve("postmaster.pid")) || isRoot()) {
        runUnprivileged("pg_ctl", "stop", "--mode=immediate", "--pgdata=" + data());
      }
      try (Stream<Path> files = Files.walk(directory)) {
        for (Path each : files.sorted(Comparator.reverseOrder()).toList()) {
          Files.delete(each);
        }
      }
    } catch (IOException e) {
      System.err.println("cannot remove " + directory + ": " + e.getMessage());
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  private void runUnprivileged(String program, String... arguments)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    if (isRoot()) {
      command.addAll(List.of("runuser", "-u", unprivileged(), "--"));
    }
    command.add(binaries.resolve(program).toString());
    command.addAll(List.of(arguments));
    run(command.toArray(String[]::new));
  }

  private void run(String... command) throws IOException, InterruptedException {
    Path output = Files.createTempFile("penstock-pg-output", ".txt");
    try {
      Process process =
          new ProcessBuilder(command)
              .directory(Path.of("/").toFile())
              .redirectErrorStream(true)
              .redirectOutput(output.toFile())
              .start();
      if (!process.waitFor(COMMAND_SECONDS, TimeUnit.SECONDS)) {
        process.destroyForcibly();
        throw new IOException(String.join(" ", command) + " does not end");
      }
      if (process.exitValue() != 0) {
        throw new IOException(String.join(" ", command) + ":\n" + Files.readString(output));
      }
    } finally {
      Files.delete(output);
    }
  }

  private static boolean isRoot() {
    return System.getProperty("user.name").equals("root");
  }

  private static String unprivileged() throws IOException {
    return Files.readAllLines(Path.of("/etc/passwd")).stream()
            .anyMatch(line -> line.startsWith("postgres:"))
        ? "postgres"
        : "nobody";
  }
}
