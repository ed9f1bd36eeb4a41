package io.penstock.protocol.smux;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.Objects;

/// The golden frames of `vectors/smux-frames.txt`, by name.
final class Vectors {

  private Vectors() {}

  static byte[] bytes(String name) {
    var in = Objects.requireNonNull(Vectors.class.getResourceAsStream("/vectors/smux-frames.txt"));
    try (var lines = new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8))) {
      String line =
          lines
              .lines()
              .filter(l -> l.startsWith(name + " "))
              .findFirst()
              .orElseThrow(() -> new IllegalArgumentException("no vector " + name));
      return HexFormat.of().parseHex(line.substring(name.length()).replace(" ", ""));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static ByteBuf buffer(String name) {
    return Unpooled.wrappedBuffer(bytes(name));
  }
}
