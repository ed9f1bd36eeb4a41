package io.penstock.it.snaptun;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufUtil;
import io.penstock.transport.snaptun.ConnectResult;
import io.penstock.transport.snaptun.SendResult;
import io.penstock.transport.snaptun.TunnelSender;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/// Sends numbered packets through a tunnel, a bounded number ahead of their echo, and checks every
/// byte and the order of what comes back.
///
/// Everything but [#run] happens on the tunnel's event loop.
final class EchoRun {

  /// So many packets fit into the smallest usual socket buffers several times.
  private static final int WINDOW = 32;

  private final TunnelSender sender;
  private final int packets;
  private final int sizeBytes;
  private final CompletableFuture<Void> done = new CompletableFuture<>();
  private int sent;
  private int echoed;

  private EchoRun(TunnelSender sender, int packets, int sizeBytes) {
    this.sender = sender;
    this.packets = packets;
    this.sizeBytes = sizeBytes;
  }

  /// Fails unless every packet comes back whole and in order.
  static void run(ConnectResult.Connected tunnel, int packets, int sizeBytes) throws Exception {
    EchoRun run = new EchoRun(tunnel.sender(), packets, sizeBytes);
    tunnel.receiver().onPacket(run::receive);
    run.sender.eventLoop().execute(run::start);
    try {
      run.done.get(60, TimeUnit.SECONDS);
    } catch (TimeoutException e) {
      throw new AssertionError(run.sent + " sent and only " + run.echoed + " came back", e);
    }
  }

  private void start() {
    sender.onRoom(this::send);
    send();
  }

  private void send() {
    while (sent < packets && sent - echoed < WINDOW) {
      ByteBuf packet = packet(sent);
      SendResult result = sender.write(packet);
      if (result == SendResult.Outcome.FULL) {
        packet.release();
        break;
      }
      if (result != SendResult.Outcome.SENT) {
        done.completeExceptionally(new AssertionError("packet " + sent + ": " + result));
        break;
      }
      sent++;
    }
    sender.flush();
  }

  private void receive(ByteBuf packet) {
    byte[] came = ByteBufUtil.getBytes(packet);
    packet.release();
    if (!Arrays.equals(came, bytes(echoed))) {
      done.completeExceptionally(new AssertionError("not the echo of packet " + echoed));
    }
    echoed++;
    if (echoed == packets) {
      done.complete(null);
    } else {
      send();
    }
  }

  private ByteBuf packet(int number) {
    return ByteBufAllocator.DEFAULT.buffer(sizeBytes).writeBytes(bytes(number));
  }

  /// Its number, then a pattern of it.
  private byte[] bytes(int number) {
    byte[] bytes = new byte[sizeBytes];
    for (int at = Long.BYTES; at < sizeBytes; at++) {
      bytes[at] = (byte) (number + at);
    }
    ByteBuffer.wrap(bytes).putLong(number);
    return bytes;
  }
}
