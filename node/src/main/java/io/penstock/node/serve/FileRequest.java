package io.penstock.node.serve;

import io.penstock.transport.relay.HttpExchange;
import io.penstock.transport.relay.HttpHead;
import io.penstock.transport.relay.KnownField;
import java.nio.file.Path;
import java.util.Optional;

/// What a request asks of a file or directory; independent of the head that it was read from.
///
/// @param root the file or directory that is served
/// @param mount where it is
/// @param path that was asked for
/// @param query without its question mark
record FileRequest(
    Path root,
    String mount,
    RequestPath path,
    Optional<String> query,
    String method,
    HttpExchange.Request asked,
    Conditions conditions) {

  /// The fields that decide whether and how much of a file is sent.
  record Conditions(
      Optional<String> ifMatch,
      Optional<String> ifUnmodifiedSince,
      Optional<String> ifNoneMatch,
      Optional<String> ifModifiedSince,
      Optional<String> ifRange,
      Optional<String> range) {

    static Conditions of(HttpHead head) {
      return new Conditions(
          field(head, KnownField.IF_MATCH),
          field(head, KnownField.IF_UNMODIFIED_SINCE),
          field(head, KnownField.IF_NONE_MATCH),
          field(head, KnownField.IF_MODIFIED_SINCE),
          field(head, KnownField.IF_RANGE),
          field(head, KnownField.RANGE));
    }

    private static Optional<String> field(HttpHead head, KnownField field) {
      return Optional.ofNullable(head.joined(field));
    }
  }

  FileRequest(HttpHead head, Path root, String mount, RequestPath path, Optional<String> query) {
    this(
        root,
        mount,
        path,
        query,
        head.method(),
        HttpExchange.Request.of(head),
        Conditions.of(head));
  }
}
