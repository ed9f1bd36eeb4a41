package io.penstock.node.serve;

import java.io.IOException;
import java.net.URLEncoder;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/// Finds what to send for a request below a file or directory, as Go's `http.FileServer` does.
///
/// A path never leads out of the directory by its own: dot segments are resolved by then, and a
/// segment with a separator in it names nothing. Links are followed, as in the original; whoever
/// serves a directory answers for what is linked from it. Blocks; call on a virtual thread.
final class FileLookup {

  private static final String INDEX = "index.html";

  /// A directory with more is shown as far as that.
  private static final int MAX_LISTED = 10_000;

  /// What is looked at of a file whose name says nothing.
  private static final int SNIFFED_BYTES = 512;

  private FileLookup() {}

  static FileAnswer find(FileRequest request) {
    if (!request.method().equals("GET") && !request.method().equals("HEAD")) {
      return FileAnswer.of(
          Answer.error(405, "Only GET and HEAD are answered here.").field("Allow", "GET, HEAD"));
    }
    try {
      return lookUp(request);
    } catch (NoSuchFileException | NotDirectoryException | InvalidPathException _) {
      return FileAnswer.notFound();
    } catch (AccessDeniedException _) {
      return FileAnswer.of(Answer.error(403, "403 Forbidden"));
    } catch (IOException _) {
      return FileAnswer.of(Answer.error(500, "an error occurred reading the file or directory"));
    }
  }

  private static FileAnswer lookUp(FileRequest request) throws IOException {
    BasicFileAttributes root = Files.readAttributes(request.root(), BasicFileAttributes.class);
    if (root.isRegularFile()) {
      return request.mount().equals(request.path().exact())
          ? file(request, request.root(), root)
          : FileAnswer.notFound();
    }
    if (!root.isDirectory()) {
      return FileAnswer.of(Answer.error(500, "not a file or directory"));
    }
    if (request.path().below(request.mount()).isEmpty()) {
      return redirect(request, 302, request.path().raw() + "/");
    }
    return below(request, request.path().segmentsBelow(request.mount()));
  }

  private static FileAnswer below(FileRequest request, List<String> segments) throws IOException {
    Path at = request.root();
    for (String segment : segments) {
      if (segment.indexOf('/') >= 0 || segment.indexOf('\\') >= 0 || segment.indexOf('\0') >= 0) {
        return FileAnswer.notFound();
      }
      if (!segment.isEmpty()) {
        at = at.resolve(segment);
      }
    }
    boolean slash = segments.isEmpty() || segments.getLast().isEmpty();
    String raw = request.path().raw();
    if (!slash && segments.getLast().equals(INDEX)) {
      return redirect(request, 301, raw.substring(0, raw.length() - INDEX.length()));
    }
    BasicFileAttributes found = Files.readAttributes(at, BasicFileAttributes.class);
    if (found.isDirectory()) {
      return slash ? directory(request, at, found) : redirect(request, 301, raw + "/");
    }
    if (!found.isRegularFile()) {
      return FileAnswer.notFound();
    }
    return slash ? redirect(request, 301, raw.replaceAll("/+$", "")) : file(request, at, found);
  }

  /// The whole path, so that it is right at any depth.
  private static FileAnswer redirect(FileRequest request, int status, String path) {
    String query = request.query().map(text -> "?" + text).orElse("");
    // Two slashes in front would be a host.
    String location = path.replaceAll("^/+", "/") + query;
    return FileAnswer.of(new Answer(status).field("Location", location));
  }

  private static FileAnswer file(FileRequest request, Path file, BasicFileAttributes attributes)
      throws IOException {
    FileChannel channel = FileChannel.open(file);
    boolean sent = false;
    try {
      long size = channel.size();
      FileAnswer answer =
          FileConditions.answer(
              request,
              attributes.lastModifiedTime().toInstant(),
              size,
              type(file, channel),
              channel);
      sent = answer.body().isPresent();
      return answer;
    } finally {
      if (!sent) {
        channel.close();
      }
    }
  }

  private static String type(Path file, FileChannel channel) throws IOException {
    Optional<String> known = ContentTypes.of(String.valueOf(file.getFileName()));
    if (known.isPresent()) {
      return known.get();
    }
    ByteBuffer start = ByteBuffer.allocate(SNIFFED_BYTES);
    channel.read(start, 0);
    return ContentTypes.sniff(start.flip());
  }

  private static FileAnswer directory(
      FileRequest request, Path directory, BasicFileAttributes attributes) throws IOException {
    Path index = directory.resolve(INDEX);
    if (Files.isRegularFile(index)) {
      return file(request, index, Files.readAttributes(index, BasicFileAttributes.class));
    }
    return FileConditions.isUnmodified(
            request.conditions(), attributes.lastModifiedTime().toInstant())
        ? FileAnswer.of(new Answer(304))
        : FileAnswer.of(
            new Answer(200)
                .field(
                    "Last-Modified",
                    FileConditions.httpDate(attributes.lastModifiedTime().toInstant()))
                .body(Answer.HTML, listing(directory)));
  }

  private static String listing(Path directory) throws IOException {
    StringBuilder page =
        new StringBuilder(
            "<!doctype html>\n<meta name=\"viewport\" content=\"width=device-width\">\n<pre>\n");
    try (Stream<Path> entries = Files.list(directory)) {
      entries
          .limit(MAX_LISTED)
          .map(entry -> entry.getFileName() + (Files.isDirectory(entry) ? "/" : ""))
          .sorted()
          .forEach(
              name ->
                  page.append(
                      "<a href=\"./%s\">%s</a>\n".formatted(encode(name), Answer.escape(name))));
    }
    return page.append("</pre>\n").toString();
  }

  private static String encode(String name) {
    return URLEncoder.encode(name, StandardCharsets.UTF_8).replace("+", "%20").replace("%2F", "/");
  }
}
