package io.penstock.gateway.config;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// The directory that one running gateway has to itself: its database, its authority and
/// certificates, its admin token, its id, and where its admin API is.
///
/// A lock keeps a second gateway out for as long as the first one runs; it goes with the process,
/// however that ends. Commands on the same machine read [#ADMIN_ADDRESS_FILE] and
/// [#ADMIN_TOKEN_FILE] without a lock.
public final class DataDirectory implements AutoCloseable {

  /// Holds the [AdminAddress] while the gateway runs.
  public static final String ADMIN_ADDRESS_FILE = "admin-address";

  /// Holds the secret of an admin token.
  public static final String ADMIN_TOKEN_FILE = "admin-token";

  private static final String DATABASE_FILE = "penstock.db";
  private static final String GATEWAY_ID_FILE = "gateway-id";
  private static final String LOCK_FILE = "lock";
  private static final FileAttribute<Set<PosixFilePermission>> OWNER_ONLY_DIRECTORY =
      PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));
  private static final FileAttribute<Set<PosixFilePermission>> OWNER_ONLY_FILE =
      PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));

  private final Path path;
  private final FileChannel lockChannel;

  private DataDirectory(Path path, FileChannel lockChannel) {
    this.path = path;
    this.lockChannel = lockChannel;
  }

  /// Where the directory is when nobody says: `~/.local/share/penstock`.
  public static Path usual() {
    return Path.of(System.getProperty("user.home", "."), ".local", "share", "penstock");
  }

  /// These exceptions have the path for a message.
  private static String why(IOException e) {
    return switch (e) {
      case AccessDeniedException _ -> "this user may not write there";
      case FileAlreadyExistsException there -> there.getFile() + " is a file, not a directory";
      default -> String.valueOf(e.getMessage());
    };
  }

  /// Takes the directory, made and readable by its owner alone if it does not exist.
  ///
  /// @throws IOException when it cannot be written, or another gateway has it
  public static DataDirectory open(Path path) throws IOException {
    try {
      Files.createDirectories(path, OWNER_ONLY_DIRECTORY);
    } catch (IOException e) {
      throw new IOException("cannot make the data directory %s: %s".formatted(path, why(e)), e);
    }
    FileChannel channel =
        FileChannel.open(
            path.resolve(LOCK_FILE),
            Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE),
            OWNER_ONLY_FILE);
    try {
      @Nullable FileLock lock = channel.tryLock();
      if (lock != null) {
        return new DataDirectory(path, channel);
      }
    } catch (OverlappingFileLockException _) {
      // Another gateway in this process has it, which is no better.
    }
    channel.close();
    throw new IOException(
        "another gateway runs with the data directory %s; stop it, or give this one its own with --data DIR"
            .formatted(path));
  }

  /// The directory itself.
  public Path path() {
    return path;
  }

  /// The SQLite file.
  public Path database() {
    return path.resolve(DATABASE_FILE);
  }

  /// The id of the gateway that has this directory, made up the first time that it is asked for.
  ///
  /// @throws IOException when the file cannot be read or written, or holds something else
  public UUID gatewayId() throws IOException {
    Path file = path.resolve(GATEWAY_ID_FILE);
    if (!Files.exists(file)) {
      write(GATEWAY_ID_FILE, UUID.randomUUID().toString());
    }
    try {
      return UUID.fromString(Files.readString(file).strip());
    } catch (IllegalArgumentException e) {
      throw new IOException(
          "%s holds no UUID; remove it, and this is a new gateway: %s"
              .formatted(file, e.getMessage()),
          e);
    }
  }

  /// The secret of the admin token, if one was written.
  public Optional<String> adminToken() throws IOException {
    Path file = path.resolve(ADMIN_TOKEN_FILE);
    return Files.exists(file) ? Optional.of(Files.readString(file).strip()) : Optional.empty();
  }

  /// Keeps the secret of an admin token, readable by the owner alone.
  public void writeAdminToken(String secret) throws IOException {
    write(ADMIN_TOKEN_FILE, secret);
  }

  /// Tells commands on this machine where the admin API is, until this is closed.
  public void writeAdminAddress(AdminAddress address) throws IOException {
    write(ADMIN_ADDRESS_FILE, address.toString());
  }

  /// Where the admin API of the gateway is that has the directory; empty when none runs.
  ///
  /// @throws IOException when the file cannot be read or holds something else
  public static Optional<AdminAddress> adminAddress(Path directory) throws IOException {
    Path file = directory.resolve(ADMIN_ADDRESS_FILE);
    if (!Files.exists(file)) {
      return Optional.empty();
    }
    try {
      return Optional.of(AdminAddress.parse(Files.readString(file).strip()));
    } catch (IllegalArgumentException e) {
      throw new IOException(file + ": " + e.getMessage(), e);
    }
  }

  /// Gives the directory up to the next gateway.
  @Override
  public void close() throws IOException {
    try (lockChannel) {
      Files.deleteIfExists(path.resolve(ADMIN_ADDRESS_FILE));
    }
  }

  /// Replaces a file so that a reader sees the old text or the new one.
  private void write(String name, String text) throws IOException {
    Path fresh = Files.createTempFile(path, name, ".new", OWNER_ONLY_FILE);
    Files.writeString(fresh, text + "\n", StandardOpenOption.SYNC);
    Files.move(fresh, path.resolve(name), StandardCopyOption.ATOMIC_MOVE);
  }
}
