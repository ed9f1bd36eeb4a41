package io.penstock.it.snaptun;

import io.netty.buffer.ByteBuf;
import io.penstock.transport.snaptun.SendResult;
import io.penstock.transport.snaptun.TunnelSender;
import java.util.function.Consumer;

/// Sends every packet back as soon as there is room, also under an address that came later.
final class Echo implements Consumer<ByteBuf> {

  private TunnelSender sender;

  Echo(TunnelSender sender) {
    this.sender = sender;
  }

  @Override
  public void accept(ByteBuf packet) {
    sender.sendWhenWritable(packet).thenAccept(result -> settle(packet, result));
  }

  private void settle(ByteBuf packet, SendResult result) {
    switch (result) {
      case SendResult.NewAssignedAddress(TunnelSender newer) -> {
        sender = newer;
        accept(packet);
      }
      case SendResult.Outcome outcome -> {
        if (outcome == SendResult.Outcome.FULL) {
          packet.release();
        }
      }
      case SendResult.ClosedTunnel _ -> {
        // The packet is gone with the tunnel.
      }
    }
  }
}
