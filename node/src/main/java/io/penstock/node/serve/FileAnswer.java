package io.penstock.node.serve;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.util.Optional;

/// What is sent for a [FileRequest].
///
/// @param head the answer, with a body of its own when there is no file
/// @param body a part of a file
record FileAnswer(Answer head, Optional<Body> body) {

  /// A part of an open file, which whoever gets it closes.
  record Body(FileChannel file, long offset, long length) {

    void close() {
      try {
        file.close();
      } catch (IOException _) {
        // It was only read.
      }
    }
  }

  static FileAnswer of(Answer answer) {
    return new FileAnswer(answer, Optional.empty());
  }

  static FileAnswer notFound() {
    return of(Answer.error(404, "404 page not found"));
  }
}
