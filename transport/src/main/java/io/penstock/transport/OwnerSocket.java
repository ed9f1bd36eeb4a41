package io.penstock.transport;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;

/// A listening Unix socket whose file nobody but its owner can open, from the moment that it is
/// there. May be used by any thread; making and closing it blocks for a moment.
public final class OwnerSocket implements AutoCloseable {

  /// What fits into an address with the zero behind it (unix(7): `sun_path` has 108 bytes).
  private static final int MAX_PATH_BYTES = 107;

  private static final Duration CLOSE_LIMIT = Duration.ofSeconds(5);

  private final Channel listener;
  private final Path file;

  private OwnerSocket(Channel listener, Path file) {
    this.listener = listener;
    this.file = file;
  }

  /// Binds a socket, in place of one that a killed process has left; the caller knows that no
  /// living one uses it.
  ///
  /// It is made in a directory that only its owner may enter and moved once its own permissions are
  /// right, as a socket gets those of the umask.
  ///
  /// @param path of the file, in a directory that exists; with a name for the moment beside it, at
  ///   most 107 bytes
  /// @throws IOException when it cannot be made there, with the reason
  public static OwnerSocket bind(ServerBootstrap bootstrap, Path path) throws IOException {
    Path file = path.toAbsolutePath();
    Path safe =
        Files.createTempDirectory(
            file.getParent(),
            ".",
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    try {
      Path made = safe.resolve("s");
      requireShort(file, made);
      ChannelFuture bound =
          bootstrap
              .bind(NativeSupport.unixAddress(UnixDomainSocketAddress.of(made)))
              .awaitUninterruptibly();
      if (!bound.isSuccess()) {
        throw new IOException(
            "cannot make the socket %s: %s".formatted(file, bound.cause().getMessage()),
            bound.cause());
      }
      try {
        Files.setPosixFilePermissions(made, PosixFilePermissions.fromString("rw-------"));
        Files.move(made, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      } catch (IOException e) {
        bound.channel().close();
        Files.deleteIfExists(made);
        throw e;
      }
      return new OwnerSocket(bound.channel(), file);
    } finally {
      Files.deleteIfExists(safe);
    }
  }

  private static void requireShort(Path file, Path made) throws IOException {
    int bytes =
        Math.max(
            file.toString().getBytes(StandardCharsets.UTF_8).length,
            made.toString().getBytes(StandardCharsets.UTF_8).length);
    if (bytes > MAX_PATH_BYTES) {
      throw new IOException(
          "the path of the socket %s is too long: %d bytes with a name for the moment, allowed is %d; use a directory with a shorter path"
              .formatted(file, bytes, MAX_PATH_BYTES));
    }
  }

  /// Where it is.
  public Path file() {
    return file;
  }

  /// Whether it has not been closed.
  public boolean isOpen() {
    return listener.isOpen();
  }

  /// Gives the socket up, within 5 s, and removes its file.
  @Override
  public void close() throws IOException {
    close(CLOSE_LIMIT);
  }

  /// As above with another limit.
  public void close(Duration limit) throws IOException {
    listener.close().awaitUninterruptibly(limit.toMillis());
    Files.deleteIfExists(file);
  }
}
