package io.penstock.transport.relay;

import io.netty.buffer.ByteBuf;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// Gathers one head after another from a byte stream and parses each strictly.
///
/// It holds at most `maxBytes` of an unfinished head, takes any split of the input, and refuses
/// what two parsers could read in two ways. One reader serves all heads of a connection.
public final class HeadReader {

  /// Which kind of start line to expect.
  public enum Kind {
    REQUEST,
    RESPONSE
  }

  /// How large a head may be.
  ///
  /// @param maxBytes of the whole head
  /// @param maxFields header lines
  /// @param maxTargetBytes of a request target
  public record Limits(int maxBytes, int maxFields, int maxTargetBytes) {}

  /// An array of this size is kept for the next head; a larger one is given back.
  private static final int KEPT_BYTES = 8 * 1024;

  private static final int FIRST_BYTES = 1024;
  private static final int STEP_BYTES = 2048;

  /// Empty lines that are skipped before a request.
  ///
  /// > a server that is expecting to receive and parse a request-line SHOULD ignore at least one
  /// > empty line (CRLF) received prior to the request-line (RFC 9112 section 2.2)
  private static final int MAX_EMPTY_LINES = 4;

  private static final byte[] NOTHING = {};

  private final Limits limits;
  private final HeadParser parser;
  private final HttpHead head = new HttpHead();
  private final HeadResult complete = new HeadResult.Complete(head);
  private final Kind kind;
  private byte[] held = NOTHING;
  private int length;
  private int lineStart;
  private int scanned;
  private int emptyLines;
  private boolean finished;

  public HeadReader(Kind kind, Limits limits) {
    this.kind = kind;
    this.limits = limits;
    this.parser = new HeadParser(kind, limits);
  }

  /// Takes bytes up to the end of the head; what follows stays in `in`.
  ///
  /// After a whole head the next call begins a new one; after a fault the reader must not be used.
  public HeadResult read(ByteBuf in) {
    if (finished) {
      clear();
    }
    while (in.isReadable()) {
      int before = length;
      append(in);
      HeadResult.Fault fault = scan();
      if (fault != null) {
        return fault;
      }
      if (finished) {
        in.readerIndex(in.readerIndex() - (length - scanned));
        length = scanned;
        HeadResult.Fault bad = parser.parse(head, held, length);
        return bad == null ? complete : bad;
      }
      if (length >= limits.maxBytes()) {
        return parser.tooLarge(held, length);
      }
      assert length > before || emptyLines > 0;
    }
    return HeadResult.Incomplete.INCOMPLETE;
  }

  /// Says whether nothing of a head is there yet.
  public boolean isEmpty() {
    return finished || length == 0;
  }

  /// Forgets what was read, to begin with another stream.
  public void reset() {
    clear();
  }

  private void clear() {
    finished = false;
    length = 0;
    lineStart = 0;
    scanned = 0;
    emptyLines = 0;
    if (held.length > KEPT_BYTES) {
      held = NOTHING;
    }
  }

  private void append(ByteBuf in) {
    int step = Math.min(Math.min(in.readableBytes(), STEP_BYTES), limits.maxBytes() - length);
    if (length + step > held.length) {
      int grown = Math.max(FIRST_BYTES, Math.max(length + step, held.length * 2));
      held = Arrays.copyOf(held, Math.min(grown, limits.maxBytes()));
    }
    in.readBytes(held, length, step);
    length += step;
  }

  /// Looks for the empty line in what was not looked at yet.
  private HeadResult.@Nullable Fault scan() {
    for (int i = scanned; i < length; i++) {
      if (held[i] != '\n') {
        continue;
      }
      if (i == 0 || held[i - 1] != '\r') {
        return HeadResult.Fault.BARE_LF;
      }
      boolean empty = i - 1 == lineStart;
      if (empty && lineStart == 0 && kind == Kind.REQUEST && emptyLines < MAX_EMPTY_LINES) {
        emptyLines++;
        System.arraycopy(held, i + 1, held, 0, length - i - 1);
        length -= i + 1;
        i = -1;
        continue;
      }
      lineStart = i + 1;
      if (empty) {
        scanned = i + 1;
        finished = true;
        return null;
      }
    }
    scanned = length;
    return null;
  }
}
