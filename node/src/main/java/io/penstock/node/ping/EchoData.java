package io.penstock.node.ping;

import io.netty.buffer.ByteBuf;

/// The data of one echo request: bytes that follow from a random number, so that an answer shows
/// that its sender has seen the request and nothing has changed on the way.
record EchoData(long nonce, int bytes) {

  void writeTo(ByteBuf out) {
    for (int i = 0; i < bytes; i++) {
      out.writeByte(at(i));
    }
  }

  boolean isAt(ByteBuf buf, int from, int length) {
    if (length != bytes) {
      return false;
    }
    for (int i = 0; i < bytes; i++) {
      if (buf.getByte(from + i) != at(i)) {
        return false;
      }
    }
    return true;
  }

  private byte at(int index) {
    return (byte) ((nonce >>> (index % Long.BYTES * Byte.SIZE)) + index / Long.BYTES);
  }
}
