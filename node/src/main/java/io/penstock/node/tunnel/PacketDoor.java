package io.penstock.node.tunnel;

import io.netty.buffer.ByteBuf;
import io.netty.util.ReferenceCountUtil;
import io.penstock.transport.snaptun.ConnectResult;
import io.penstock.transport.snaptun.SendResult;
import io.penstock.transport.snaptun.TunnelSender;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Where packets enter and leave a tunnel, the same over all its reconnects.
///
/// Attached and detached on the event loop; everything else may be called from any thread.
final class PacketDoor {

  private final AtomicReference<@Nullable TunnelSender> sender = new AtomicReference<>();
  private volatile Consumer<ByteBuf> consumer = ReferenceCountUtil::release;
  private volatile Runnable onRoom = () -> {};

  void attach(ConnectResult.Connected tunnel) {
    tunnel.receiver().onPacket(packet -> consumer.accept(packet));
    tunnel.sender().onRoom(() -> onRoom.run());
    sender.set(tunnel.sender());
  }

  void detach() {
    sender.set(null);
  }

  void onPacket(Consumer<ByteBuf> consumer) {
    this.consumer = consumer;
  }

  void onRoom(Runnable listener) {
    onRoom = listener;
  }

  Sent send(ByteBuf packet) {
    while (true) {
      TunnelSender now = sender.get();
      if (now == null) {
        packet.release();
        return Sent.NOT_CONNECTED;
      }
      SendResult result = now.send(packet);
      if (!(result instanceof SendResult.NewAssignedAddress(TunnelSender next))) {
        return told(result);
      }
      sender.compareAndSet(now, next);
    }
  }

  CompletionStage<Sent> sendWhenWritable(ByteBuf packet) {
    TunnelSender now = sender.get();
    if (now == null) {
      packet.release();
      return CompletableFuture.completedStage(Sent.NOT_CONNECTED);
    }
    return now.sendWhenWritable(packet)
        .thenCompose(
            result -> {
              if (result instanceof SendResult.NewAssignedAddress(TunnelSender next)) {
                sender.compareAndSet(now, next);
                return sendWhenWritable(packet);
              }
              return CompletableFuture.completedStage(told(result));
            });
  }

  private static Sent told(SendResult result) {
    return switch (result) {
      case SendResult.Outcome.SENT -> Sent.SENT;
      case SendResult.Outcome.FULL -> Sent.FULL;
      case SendResult.Outcome.TOO_BIG -> Sent.TOO_BIG;
      case SendResult.ClosedTunnel _ -> Sent.NOT_CONNECTED;
      case SendResult.NewAssignedAddress _ -> throw new IllegalStateException("not sent yet");
    };
  }
}
