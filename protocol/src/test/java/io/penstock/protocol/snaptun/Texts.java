package io.penstock.protocol.snaptun;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.penstock.testkit.GoldenVectors;
import java.nio.charset.StandardCharsets;

/// Requests and responses as bytes, written out so that a test shows what is on the wire.
final class Texts {

  static final long ISD_AS = IsdAs.parse("1-ff00:0:110");
  static final AddressRange V4 = AddressRange.ipv4(ISD_AS, 0xc0a80001);
  static final AddressRange V6 = AddressRange.ipv6(ISD_AS, 0x2001_0db8_0000_0000L, 1);

  static final String RENEW = "POST /connectrpc.v1.snaptun/renew_session HTTP/1.1\r\n";
  static final String ASSIGN = "POST /connectrpc.v1.snaptun/assign_addresses HTTP/1.1\r\n";

  /// A header that no client but ours sends.
  static final String TELL = "Penstock-Tell: refused\r\n";

  static final String TOKEN = "Authorization: Bearer secret\r\n\r\n";

  private static final GoldenVectors VECTORS = GoldenVectors.read("/vectors/snaptun.txt");

  private Texts() {}

  /// The golden bytes of `vectors/snaptun.txt`, by name.
  static byte[] vector(String name) {
    return VECTORS.bytes(name);
  }

  static ByteBuf bytes(String text) {
    return Unpooled.copiedBuffer(text, StandardCharsets.ISO_8859_1);
  }

  static ByteBuf bytes(String head, byte[] body) {
    return Unpooled.wrappedBuffer(head.getBytes(StandardCharsets.ISO_8859_1), body);
  }

  /// The text of a buffer, which is released.
  static String text(ByteBuf buffer) {
    String text = buffer.toString(StandardCharsets.ISO_8859_1);
    buffer.release();
    return text;
  }

  static ControlRequestReader.Outcome readRequest(ByteBuf whole) {
    var reader = new ControlRequestReader();
    reader.receive(whole);
    return reader.finish();
  }

  static ControlResponseReader.Outcome readResponse(
      ControlResponseReader.Expected expected, ByteBuf whole) {
    var reader = new ControlResponseReader(expected);
    reader.receive(whole);
    return reader.finish();
  }
}
