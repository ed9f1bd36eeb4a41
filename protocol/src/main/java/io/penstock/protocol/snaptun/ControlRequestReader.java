package io.penstock.protocol.snaptun;

import io.netty.buffer.ByteBuf;

/// Reads one control request from its stream, with the same result for any split of the bytes.
///
/// A renewal is whole with its head, whatever follows; an assignment with the stream's FIN. The
/// `content-length` is ignored as the original ignores it.
///
/// Deviates from the original: a request whose body fills the last byte of
/// [SnapTun#MAX_CONTROL_BYTES] is taken and one with a byte more is too big, where the original
/// reads into an empty buffer for ever.
public final class ControlRequestReader {

  /// What is known of the request so far.
  public sealed interface Outcome {

    /// More bytes, or the end, must come.
    enum Incomplete implements Outcome {
      INCOMPLETE
    }

    /// The request is whole.
    record Whole(ControlRequest request) implements Outcome {}

    /// The connection is to be closed.
    record Faulty(RequestFault fault) implements Outcome {}
  }

  private enum Path {
    RENEWAL,
    ASSIGNMENT,
    UNKNOWN
  }

  private final ControlBuffer buffer = new ControlBuffer();
  private final Head head = new Head();
  private final HeadScanner scanner = new HeadScanner(head);
  private boolean inBody;
  private Outcome outcome = Outcome.Incomplete.INCOMPLETE;

  public ControlRequestReader() {}

  /// Takes bytes of the stream; the buffer is released.
  public Outcome receive(ByteBuf in) {
    try {
      if (outcome == Outcome.Incomplete.INCOMPLETE) {
        buffer.append(in);
        if (!inBody
            && scanner.scan(buffer.bytes(), buffer.length()) == HeadScanner.Progress.COMPLETE) {
          inBody = true;
          outcome = head.judge();
        }
        if (outcome == Outcome.Incomplete.INCOMPLETE && buffer.isFull()) {
          outcome = !inBody || in.isReadable() ? faulty(RequestFault.TOO_BIG) : outcome;
        }
      }
      return outcome;
    } finally {
      in.release();
    }
  }

  /// Takes the stream's FIN, after which the outcome is never incomplete.
  public Outcome finish() {
    if (outcome == Outcome.Incomplete.INCOMPLETE) {
      outcome = inBody ? body() : faulty(RequestFault.CLOSED_PREMATURELY);
    }
    return outcome;
  }

  private Outcome body() {
    return switch (Messages.readAssignRequest(
        buffer.bytes(), scanner.bodyOffset(), buffer.length())) {
      case Messages.Ranges.Valid(var ranges) ->
          new Outcome.Whole(
              new ControlRequest.AddressAssignment(head.token, ranges, head.tellRefusals));
      case Messages.Ranges.Invalid(int count, AddressFault fault) ->
          new Outcome.Whole(new ControlRequest.InvalidAssignment(head.token, count, fault));
      case Messages.Ranges.Malformed _ -> faulty(RequestFault.MALFORMED_BODY);
    };
  }

  private static Outcome faulty(RequestFault fault) {
    return new Outcome.Faulty(fault);
  }

  /// The facts of the head that count; only the first `Authorization` does, and beyond the original
  /// a header that no client of its kind sends.
  private static final class Head implements HeadScanner.Lines {

    private static final String AUTHORIZATION = "Authorization";
    private static final String BEARER = "Bearer ";

    private boolean post;
    private Path path = Path.UNKNOWN;
    private boolean authorized;
    private boolean bearer;
    private String token = "";
    private boolean tellRefusals;

    @Override
    public boolean startLine(byte[] bytes, int from, int to) {
      int methodTo = from;
      while (methodTo < to && HeadScanner.isToken(bytes[methodTo])) {
        methodTo++;
      }
      int pathTo = Math.min(methodTo + 1, to);
      while (pathTo < to && isPath(bytes[pathTo])) {
        pathTo++;
      }
      var method = new HeadScanner.Span(from, methodTo);
      var target = new HeadScanner.Span(Math.min(methodTo + 1, to), pathTo);
      var version = new HeadScanner.Span(Math.min(pathTo + 1, to), to);
      post = method.is(bytes, "POST");
      path = path(bytes, target);
      return methodTo > from
          && methodTo < to
          && bytes[methodTo] == ' '
          && target.to() > target.from()
          && pathTo < to
          && bytes[pathTo] == ' '
          && (version.is(bytes, "HTTP/1.1") || version.is(bytes, "HTTP/1.0"));
    }

    @Override
    public void header(byte[] bytes, HeadScanner.Span name, HeadScanner.Span value) {
      if (!authorized && name.is(bytes, AUTHORIZATION)) {
        authorized = true;
        bearer = value.startsWith(bytes, BEARER);
        token =
            bearer
                ? new HeadScanner.Span(value.from() + BEARER.length(), value.to()).text(bytes)
                : "";
      } else if (name.is(bytes, SnapTun.HEADER_TELL)) {
        tellRefusals |= value.is(bytes, SnapTun.TELL_REFUSED);
      }
    }

    /// Judges the head in the original's order: method, path, token.
    Outcome judge() {
      if (!post) {
        return faulty(RequestFault.INVALID_METHOD);
      }
      if (path == Path.UNKNOWN) {
        return faulty(RequestFault.INVALID_PATH);
      }
      if (!authorized) {
        return faulty(RequestFault.NO_AUTHORIZATION);
      }
      if (!bearer) {
        return faulty(RequestFault.NO_BEARER);
      }
      return path == Path.RENEWAL
          ? new Outcome.Whole(new ControlRequest.SessionRenewal(token))
          : Outcome.Incomplete.INCOMPLETE;
    }

    private static Path path(byte[] bytes, HeadScanner.Span target) {
      if (target.is(bytes, SnapTun.PATH_SESSION_RENEWAL)) {
        return Path.RENEWAL;
      }
      return target.is(bytes, SnapTun.PATH_ADDRESS_ASSIGNMENT) ? Path.ASSIGNMENT : Path.UNKNOWN;
    }

    private static boolean isPath(byte b) {
      return b < 0 || (b > ' ' && b != 0x7f);
    }
  }
}
