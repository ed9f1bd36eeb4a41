package io.penstock.protocol.netstack;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;

/// The lines of `/vectors/netstack/NAME.txt`, each cut at its bars.
public final class Vectors {

  private Vectors() {}

  public static List<List<String>> read(String name) {
    try (InputStream in = Vectors.class.getResourceAsStream("/vectors/netstack/" + name + ".txt");
        BufferedReader reader =
            new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8))) {
      return reader
          .lines()
          .filter(line -> !line.startsWith("#"))
          .map(line -> Arrays.stream(line.split("\\|", -1)).map(String::trim).toList())
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// The packet of this name that the kernel sent.
  public static ByteBuf kernelPacket(String name) {
    return read("ip-packets").stream()
        .filter(line -> line.getFirst().equals(name))
        .map(line -> bytes(line.get(1)))
        .findFirst()
        .orElseThrow();
  }

  public static ByteBuf bytes(String hex) {
    return Unpooled.wrappedBuffer(ByteBufUtil.decodeHexDump(hex));
  }
}
