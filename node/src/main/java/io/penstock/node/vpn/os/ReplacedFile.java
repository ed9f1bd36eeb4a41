package io.penstock.node.vpn.os;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;

/// A file of the system that has other content while we are here.
///
/// A new file is renamed over the old one, so that readers see the one or the other. Where that
/// cannot be (a container's `resolv.conf` is a mount of its own, a directory may be read-only) the
/// file is written in place: over the old content first, then cut to its length. A process that is
/// killed in between leaves a mixture that is still recognized.
///
/// Content is text with one character for each byte (ISO 8859-1), so that two contents are equal
/// when all their bytes are.
///
/// @param path of the file
/// @param before what was there
/// @param ours the content that we give it
record ReplacedFile(Path path, Before before, String ours) {

  /// What was there.
  sealed interface Before {

    /// A file.
    ///
    /// @param permissions as in `rw-r--r--`
    record Regular(String content, String permissions, int user, int group) implements Before {}

    /// A symbolic link.
    record Link(String target) implements Before {}

    /// Nothing.
    record Absent() implements Before {}
  }

  /// How a restoration ended.
  enum Restored {
    /// The file is as it was before.
    DONE,
    /// It was as before already.
    ALREADY,
    /// Somebody else has changed it since, and it was left alone.
    NOT_OURS
  }

  /// The replacement of what is there now.
  static ReplacedFile of(Path path, String ours) throws IOException {
    return new ReplacedFile(path, before(path), ours);
  }

  private static Before before(Path path) throws IOException {
    if (Files.isSymbolicLink(path)) {
      return new Before.Link(Files.readSymbolicLink(path).toString());
    }
    try {
      return new Before.Regular(
          Files.readString(path, ISO_8859_1),
          PosixFilePermissions.toString(Files.getPosixFilePermissions(path)),
          (int) Files.getAttribute(path, "unix:uid"),
          (int) Files.getAttribute(path, "unix:gid"));
    } catch (NoSuchFileException _) {
      return new Before.Absent();
    }
  }

  /// Puts our content there.
  void apply() throws IOException {
    write(ours, before instanceof Before.Regular regular ? regular : PLAIN);
  }

  private static final Before.Regular PLAIN = new Before.Regular("", "rw-r--r--", 0, 0);

  /// Puts back what was there, if our content, or a mixture of both, still is.
  Restored restore() throws IOException {
    Files.deleteIfExists(beside());
    Before now = before(path);
    if (isBefore(now)) {
      return Restored.ALREADY;
    }
    if (!(now instanceof Before.Regular regular) || !holdsOurs(regular.content())) {
      return Restored.NOT_OURS;
    }
    switch (before) {
      case Before.Regular old -> write(old.content(), old);
      case Before.Link(String target) -> {
        Files.createSymbolicLink(beside(), Path.of(target));
        renameOver();
      }
      case Before.Absent _ -> {
        Files.delete(path);
        flushDirectory();
      }
    }
    return Restored.DONE;
  }

  /// Whether our content is there now, or a mixture of both.
  boolean isInPlace() throws IOException {
    Before now = before(path);
    return !isBefore(now) && now instanceof Before.Regular regular && holdsOurs(regular.content());
  }

  private boolean isBefore(Before now) {
    return switch (before) {
      case Before.Regular old ->
          now instanceof Before.Regular same && old.content().equals(same.content());
      case Before.Link link -> link.equals(now);
      case Before.Absent absent -> absent.equals(now);
    };
  }

  private boolean holdsOurs(String content) {
    String old = before instanceof Before.Regular regular ? regular.content() : "";
    return isMixture(content, ours, old) || isMixture(content, old, ours);
  }

  /// Whether this is what a file holds when the first was written over the second, as far as that
  /// came, and was not yet cut.
  private static boolean isMixture(String content, String first, String second) {
    int written = 0;
    while (written < Math.min(content.length(), first.length())
        && content.charAt(written) == first.charAt(written)) {
      written++;
    }
    return content.substring(written).equals(second.substring(Math.min(written, second.length())));
  }

  private void write(String content, Before.Regular like) throws IOException {
    try {
      writeBeside(content, like);
      renameOver();
    } catch (FileSystemException e) {
      Files.deleteIfExists(beside());
      if (!Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS)) {
        throw e;
      }
      writeInPlace(content);
    }
  }

  private void writeBeside(String content, Before.Regular like) throws IOException {
    Files.deleteIfExists(beside());
    Set<PosixFilePermission> permissions = PosixFilePermissions.fromString(like.permissions());
    try (FileChannel out =
        FileChannel.open(
            beside(), Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE))) {
      writeAll(out, content);
      Files.setAttribute(beside(), "unix:uid", like.user());
      Files.setAttribute(beside(), "unix:gid", like.group());
      Files.setPosixFilePermissions(beside(), permissions);
      out.force(true);
    }
  }

  private void renameOver() throws IOException {
    Files.move(beside(), path, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    flushDirectory();
  }

  private void flushDirectory() throws IOException {
    try (FileChannel names = FileChannel.open(directory(), StandardOpenOption.READ)) {
      names.force(true);
    }
  }

  private void writeInPlace(String content) throws IOException {
    try (FileChannel out = FileChannel.open(path, StandardOpenOption.WRITE)) {
      writeAll(out, content);
      out.truncate(content.length());
      out.force(true);
    }
  }

  private static void writeAll(FileChannel out, String content) throws IOException {
    ByteBuffer bytes = ByteBuffer.wrap(content.getBytes(ISO_8859_1));
    while (bytes.hasRemaining()) {
      out.write(bytes);
    }
  }

  /// The one name for what is made before it is there.
  private Path beside() {
    return directory().resolve(path.getFileName() + ".penstock");
  }

  private Path directory() {
    return path.toAbsolutePath().resolveSibling("").normalize();
  }

  /// Without the content, which belongs into no log.
  @Override
  public String toString() {
    return path.toString();
  }
}
