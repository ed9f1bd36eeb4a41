package io.penstock.node.demo;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.util.Base64;

/// A WebSocket client of the fewest lines that can tell whether an echo is right (RFC 6455).
final class WebSocketVisitor {

  static final int TEXT = 0x1;
  static final int BINARY = 0x2;
  static final int CLOSE = 0x8;

  private static final String GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  private static final int FIN = 0x80;
  private static final int MASKED = 0x80;
  private static final int LENGTH_16 = 126;
  private static final int LENGTH_64 = 127;
  private static final int NONCE_BYTES = 16;
  private static final int MASK_BYTES = 4;

  private final DataInputStream in;
  private final DataOutputStream out;
  private final SecureRandom random;

  private WebSocketVisitor(DemoVisitor visitor, SecureRandom random) {
    this.in = new DataInputStream(visitor.rawIn());
    this.out = new DataOutputStream(visitor.rawOut());
    this.random = random;
  }

  /// A frame as it came: its opcode and its payload.
  record Frame(int opcode, ByteBuffer payload) {}

  /// Upgrades the visitor's connection and verifies that the other end speaks WebSocket.
  static WebSocketVisitor upgrade(DemoVisitor visitor, String path) throws IOException {
    SecureRandom random = new SecureRandom();
    byte[] nonce = new byte[NONCE_BYTES];
    random.nextBytes(nonce);
    String key = Base64.getEncoder().encodeToString(nonce);
    visitor.send(
        "GET",
        path,
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: " + key);
    DemoVisitor.Head head = visitor.head();
    if (head.status() != 101) {
      throw new IOException("the answer to the upgrade was " + head.status() + ", not 101");
    }
    if (!head.header("sec-websocket-accept").equals(accept(key))) {
      throw new IOException("Sec-WebSocket-Accept does not belong to the key");
    }
    return new WebSocketVisitor(visitor, random);
  }

  void send(int opcode, byte[] payload) throws IOException {
    byte[] mask = new byte[MASK_BYTES];
    random.nextBytes(mask);
    out.writeByte(FIN | opcode);
    if (payload.length < LENGTH_16) {
      out.writeByte(MASKED | payload.length);
    } else if (payload.length <= 0xFFFF) {
      out.writeByte(MASKED | LENGTH_16);
      out.writeShort(payload.length);
    } else {
      out.writeByte(MASKED | LENGTH_64);
      out.writeLong(payload.length);
    }
    out.write(mask);
    byte[] masked = payload.clone();
    for (int i = 0; i < masked.length; i++) {
      masked[i] ^= mask[i % MASK_BYTES];
    }
    out.write(masked);
    out.flush();
  }

  Frame receive(int largestBytes) throws IOException {
    int opcode = in.readUnsignedByte() & 0x0F;
    int shortLength = in.readUnsignedByte();
    long length =
        switch (shortLength) {
          case LENGTH_16 -> in.readUnsignedShort();
          case LENGTH_64 -> in.readLong();
          default -> shortLength;
        };
    if (length < 0 || length > largestBytes) {
      throw new IOException("a frame of " + length + " bytes came back");
    }
    byte[] payload = new byte[(int) length];
    in.readFully(payload);
    return new Frame(opcode, ByteBuffer.wrap(payload));
  }

  private static String accept(String key) {
    try {
      byte[] sha1 = MessageDigest.getInstance("SHA-1").digest((key + GUID).getBytes(ISO_8859_1));
      return Base64.getEncoder().encodeToString(sha1);
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every Java platform has SHA-1", e);
    }
  }
}
