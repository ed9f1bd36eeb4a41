package io.penstock.gateway.overlay.peer;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/// A DNS query with one question (RFC 1035, section 4), read strictly.
///
/// ```
///   0               2               4       6       8       10      12
///  ┌───────────────┬───────────────┬───────┬───────┬───────┬───────┬──────────┬──────┬───────┬─────┐
///  │ id            │QR OPCODE … RD │QD = 1 │AN = 0 │NS = 0 │AR ≤ 1 │ name     │ type │ class │ OPT │
///  └───────────────┴───────────────┴───────┴───────┴───────┴───────┴──────────┴──────┴───────┴─────┘
/// ```
///
/// @param id to be repeated in the answer
/// @param recursionDesired to be repeated in the answer
/// @param labels of the name in lower case, the root's not among them
/// @param type of the records that are asked for
/// @param dnsClass 1 for the Internet
/// @param question the bytes from the name to the class, to be repeated in the answer
/// @param edns the version of EDNS (RFC 6891) if the query has it
record DnsQuery(
    int id,
    boolean recursionDesired,
    List<String> labels,
    int type,
    int dnsClass,
    ByteBuffer question,
    Optional<Integer> edns) {

  static final int HEADER_BYTES = 12;
  static final int OPT = 41;

  private static final int MAX_LABEL_BYTES = 63;
  private static final int MAX_NAME_BYTES = 255;
  private static final int OPCODE_SHIFT = 11;

  /// What came.
  sealed interface Reading {
    /// A query.
    record Read(DnsQuery query) implements Reading {}

    /// Something to be refused with a response code.
    record Wrong(int id, int opcode, boolean recursionDesired, int code) implements Reading {}

    /// Nothing that may be answered: too short for an id, or an answer itself, which two resolvers
    /// would send to and fro.
    record Silent() implements Reading {}
  }

  static Reading read(byte[] bytes) {
    ByteBuffer in = ByteBuffer.wrap(bytes);
    if (in.remaining() < HEADER_BYTES) {
      return new Reading.Silent();
    }
    int id = in.getShort() & 0xffff;
    int flags = in.getShort() & 0xffff;
    if ((flags & 0x8000) != 0) {
      return new Reading.Silent();
    }
    int opcode = flags >>> OPCODE_SHIFT & 0xf;
    boolean recursion = (flags & 0x0100) != 0;
    if (opcode != 0) {
      return new Reading.Wrong(id, opcode, recursion, DnsAnswer.NOT_IMPLEMENTED);
    }
    boolean oneQuestion = in.getShort() == 1 && in.getShort() == 0 && in.getShort() == 0;
    int additional = in.getShort(HEADER_BYTES - Short.BYTES) & 0xffff;
    in.position(HEADER_BYTES);
    Optional<DnsQuery> query =
        oneQuestion && additional <= 1 ? body(in, id, recursion, additional) : Optional.empty();
    return query.isPresent()
        ? new Reading.Read(query.get())
        : new Reading.Wrong(id, 0, recursion, DnsAnswer.FORMAT_ERROR);
  }

  private static Optional<DnsQuery> body(ByteBuffer in, int id, boolean recursion, int additional) {
    Optional<List<String>> labels = name(in);
    if (labels.isEmpty() || in.remaining() < 2 * Short.BYTES) {
      return Optional.empty();
    }
    int type = in.getShort() & 0xffff;
    int dnsClass = in.getShort() & 0xffff;
    ByteBuffer question = in.slice(HEADER_BYTES, in.position() - HEADER_BYTES).asReadOnlyBuffer();
    Optional<Integer> edns = Optional.empty();
    if (additional == 1) {
      edns = opt(in);
      if (edns.isEmpty()) {
        return Optional.empty();
      }
    }
    return in.hasRemaining()
        ? Optional.empty()
        : Optional.of(new DnsQuery(id, recursion, labels.get(), type, dnsClass, question, edns));
  }

  /// A name without pointers, which would have nothing to point to.
  private static Optional<List<String>> name(ByteBuffer in) {
    int start = in.position();
    List<String> labels = new ArrayList<>();
    while (in.hasRemaining()) {
      int length = in.get() & 0xff;
      if (length > MAX_LABEL_BYTES
          || length > in.remaining()
          || in.position() + length - start >= MAX_NAME_BYTES + (length == 0 ? 1 : 0)) {
        return Optional.empty();
      }
      if (length == 0) {
        return Optional.of(labels);
      }
      byte[] label = new byte[length];
      in.get(label);
      // One character for each byte, so that no two names of bytes become one of text.
      labels.add(new String(label, StandardCharsets.ISO_8859_1).toLowerCase(Locale.ROOT));
    }
    return Optional.empty();
  }

  /// The version in an OPT record: root, type, size, extended code, version, flags, length,
  /// options.
  private static Optional<Integer> opt(ByteBuffer in) {
    if (in.remaining() < 11 || in.get() != 0 || in.getShort() != OPT) {
      return Optional.empty();
    }
    in.getShort();
    in.get();
    int version = in.get() & 0xff;
    in.getShort();
    int length = in.getShort() & 0xffff;
    if (length > in.remaining()) {
      return Optional.empty();
    }
    in.position(in.position() + length);
    return Optional.of(version);
  }
}
