package io.penstock.protocol.snaptun;

import io.netty.buffer.ByteBuf;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;

/// Reads the response to one request from its stream, with the same result for any split.
///
/// Everything up to the stream's FIN belongs to the response; the `Content-Length` is ignored as
/// the original ignores it.
public final class ControlResponseReader {

  /// What is known of the response so far.
  public sealed interface Outcome {

    /// More bytes, or the end, must come.
    enum Incomplete implements Outcome {
      INCOMPLETE
    }

    /// The response is whole and good.
    record Whole(ControlResponse response) implements Outcome {}

    /// The request failed.
    record Faulty(ResponseFault fault) implements Outcome {}
  }

  /// What was asked, so what the body is.
  public enum Expected {
    RENEWED,
    ASSIGNED
  }

  private static final int OK = 200;

  private final Expected expected;
  private final ControlBuffer buffer = new ControlBuffer();
  private final Head head = new Head();
  private final HeadScanner scanner = new HeadScanner(head);
  private Outcome outcome = Outcome.Incomplete.INCOMPLETE;

  public ControlResponseReader(Expected expected) {
    this.expected = expected;
  }

  /// Takes bytes of the stream; the buffer is released.
  public Outcome receive(ByteBuf in) {
    try {
      if (outcome == Outcome.Incomplete.INCOMPLETE) {
        buffer.append(in);
        switch (scanner.scan(buffer.bytes(), buffer.length())) {
          case MALFORMED -> outcome = faulty(ResponseFault.Malformed.HEAD);
          case PARTIAL -> {
            if (buffer.isFull()) {
              outcome = faulty(ResponseFault.Malformed.TOO_BIG);
            }
          }
          case COMPLETE -> {
            if (in.isReadable()) {
              outcome = faulty(ResponseFault.Malformed.TOO_BIG);
            }
          }
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
      if (scanner.scan(buffer.bytes(), buffer.length()) != HeadScanner.Progress.COMPLETE) {
        outcome = faulty(ResponseFault.Malformed.UNFINISHED);
      } else if (head.status != OK) {
        outcome = faulty(new ResponseFault.Status(head.status, head.refused));
      } else {
        outcome = expected == Expected.RENEWED ? renewed() : assigned();
      }
    }
    return outcome;
  }

  private Outcome renewed() {
    OptionalLong seconds =
        Messages.readRenewalResponse(buffer.bytes(), scanner.bodyOffset(), buffer.length());
    return seconds.isPresent()
        ? new Outcome.Whole(new ControlResponse.Renewed(seconds.getAsLong()))
        : faulty(ResponseFault.Malformed.BODY);
  }

  private Outcome assigned() {
    return switch (Messages.readAssignResponse(
        buffer.bytes(), scanner.bodyOffset(), buffer.length())) {
      case Messages.Ranges.Valid(var ranges) ->
          ranges.isEmpty()
              ? faulty(ResponseFault.NoAddressAssigned.NO_ADDRESS_ASSIGNED)
              : new Outcome.Whole(new ControlResponse.Assigned(ranges, head.refused));
      case Messages.Ranges.Invalid(_, AddressFault fault) ->
          faulty(new ResponseFault.InvalidAddress(fault));
      case Messages.Ranges.Malformed _ -> faulty(ResponseFault.Malformed.BODY);
    };
  }

  private static Outcome faulty(ResponseFault fault) {
    return new Outcome.Faulty(fault);
  }

  private static final class Head implements HeadScanner.Lines {

    private static final int STATUS_AT = "HTTP/1.1 ".length();
    private static final int STATUS_DIGITS = 3;

    private int status;
    private final List<Refusal> refused = new ArrayList<>();

    @Override
    public boolean startLine(byte[] bytes, int from, int to) {
      var line = new HeadScanner.Span(from, to);
      int statusTo = from + STATUS_AT + STATUS_DIGITS;
      if (statusTo > to
          || !(line.startsWith(bytes, "HTTP/1.1 ") || line.startsWith(bytes, "HTTP/1.0 "))) {
        return false;
      }
      for (int i = from + STATUS_AT; i < statusTo; i++) {
        if (bytes[i] < '0' || bytes[i] > '9') {
          return false;
        }
        status = 10 * status + bytes[i] - '0';
      }
      return statusTo == to || bytes[statusTo] == ' ';
    }

    @Override
    public void header(byte[] bytes, HeadScanner.Span name, HeadScanner.Span value) {
      if (name.is(bytes, SnapTun.HEADER_REFUSED)) {
        String text = value.text(bytes);
        int blank = text.indexOf(' ');
        int index = blank == 1 ? Character.digit(text.charAt(0), 10) : -1;
        if (index >= 0) {
          refused.add(new Refusal(index, text.substring(blank + 1)));
        }
      }
    }
  }
}
