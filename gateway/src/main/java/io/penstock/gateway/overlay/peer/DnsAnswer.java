package io.penstock.gateway.overlay.peer;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;

/// Writes the answer to one DNS query (RFC 1035, section 4.1). Used once.
///
/// With names of 63 bytes and a zone of 200 it stays below the 512 bytes that every resolver takes.
final class DnsAnswer {

  static final int NO_ERROR = 0;
  static final int FORMAT_ERROR = 1;
  static final int NO_SUCH_NAME = 3;
  static final int NOT_IMPLEMENTED = 4;
  static final int REFUSED = 5;

  /// "Bad version" of EDNS; its upper bits are in the OPT record (RFC 6891, section 9).
  static final int BAD_VERSION = 16;

  static final int A = 1;
  static final int NS = 2;
  static final int SOA = 6;
  static final int PTR = 12;
  static final int AAAA = 28;

  /// What we can take in one datagram: what passes in a packet of 1280 bytes (RFC 9715, section
  /// 3.1).
  private static final int UDP_BYTES = 1232;

  private static final int INTERNET = 1;
  private static final int RESPONSE = 0x8000;
  private static final int AUTHORITATIVE = 0x0400;
  private static final int RECURSION_DESIRED = 0x0100;
  private static final int POINTER_TO_QUESTION = 0xc000 | DnsQuery.HEADER_BYTES;

  private final ByteArrayOutputStream records = new ByteArrayOutputStream();
  private final DataOutputStream out = new DataOutputStream(records);
  private final DnsQuery query;
  private int answers;
  private int authorities;

  DnsAnswer(DnsQuery query) {
    this.query = query;
  }

  /// The answer to something that is no proper query: a header alone.
  static byte[] toWrong(DnsQuery.Reading.Wrong wrong) {
    int flags =
        RESPONSE
            | wrong.opcode() << 11
            | (wrong.recursionDesired() ? RECURSION_DESIRED : 0)
            | wrong.code();
    byte[] header = new byte[DnsQuery.HEADER_BYTES];
    header[0] = (byte) (wrong.id() >>> 8);
    header[1] = (byte) wrong.id();
    header[2] = (byte) (flags >>> 8);
    header[3] = (byte) flags;
    return header;
  }

  /// Adds a record about the name in the question.
  DnsAnswer answer(int type, int ttlSeconds, byte[] data) {
    return writing(
        () -> {
          out.writeShort(POINTER_TO_QUESTION);
          record(type, ttlSeconds, data);
          answers++;
        });
  }

  /// Says in whose zone there is no more than was answered, and for how long to remember that (RFC
  /// 2308, section 3).
  DnsAnswer authority(String zone, int ttlSeconds, byte[] startOfAuthority) {
    return writing(
        () -> {
          out.write(name(zone));
          record(SOA, ttlSeconds, startOfAuthority);
          authorities++;
        });
  }

  /// The whole message.
  ///
  /// @param authoritative whether the name is in a zone of ours
  byte[] bytes(int code, boolean authoritative) {
    ByteArrayOutputStream whole = new ByteArrayOutputStream();
    DataOutputStream message = new DataOutputStream(whole);
    try {
      message.writeShort(query.id());
      message.writeShort(
          RESPONSE
              | (authoritative ? AUTHORITATIVE : 0)
              | (query.recursionDesired() ? RECURSION_DESIRED : 0)
              | (code & 0xf));
      message.writeShort(1);
      message.writeShort(answers);
      message.writeShort(authorities);
      message.writeShort(query.edns().isPresent() ? 1 : 0);
      byte[] question = new byte[query.question().remaining()];
      query.question().get(0, question);
      message.write(question);
      records.writeTo(message);
      if (query.edns().isPresent()) {
        message.write(0);
        message.writeShort(DnsQuery.OPT);
        message.writeShort(UDP_BYTES);
        message.writeInt(code >>> 4 << 24);
        message.writeShort(0);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return whole.toByteArray();
  }

  /// A name as it stands in a record: each label behind its length, and the root's at the end.
  static byte[] name(String dotted) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    for (String label : dotted.split("\\.", -1)) {
      byte[] text = label.getBytes(StandardCharsets.US_ASCII);
      bytes.write(text.length);
      bytes.writeBytes(text);
    }
    bytes.write(0);
    return bytes.toByteArray();
  }

  private void record(int type, int ttlSeconds, byte[] data) throws IOException {
    out.writeShort(type);
    out.writeShort(INTERNET);
    out.writeInt(ttlSeconds);
    out.writeShort(data.length);
    out.write(data);
  }

  private interface Writing {
    void run() throws IOException;
  }

  private DnsAnswer writing(Writing writing) {
    try {
      writing.run();
      return this;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
