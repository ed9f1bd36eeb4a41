package io.penstock.transport.snaptun;

import io.netty.buffer.ByteBuf;
import io.netty.channel.EventLoop;
import io.penstock.protocol.snaptun.AddressRange;
import io.penstock.protocol.snaptun.TunnelEnd;
import io.penstock.protocol.snaptun.TunnelState;
import io.penstock.protocol.snaptun.TunnelStates;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.IntConsumer;

/// Sends packets to the peer of a tunnel, for as long as the tunnel has the addresses that this
/// sender was made for.
///
/// Each call looks at the tunnel's state version first, so it tells at once that the tunnel is over
/// or that its addresses have changed, however often.
///
/// Deviates from the original, whose sender goes on as before once it has told of a new address: an
/// outdated sender keeps telling so, and never sends.
public final class TunnelSender {

  private final PacketPath path;
  private final TunnelStates states;
  private final long version;
  private final List<AddressRange> addresses;

  TunnelSender(PacketPath path, TunnelStates states, long version, List<AddressRange> addresses) {
    this.path = path;
    this.states = states;
    this.version = version;
    this.addresses = addresses;
  }

  /// Makes a sender for the addresses that the tunnel has now.
  static TunnelSender current(PacketPath path, TunnelStates states) {
    var now = states.current();
    return new TunnelSender(
        path,
        states,
        now.version(),
        now.state() instanceof TunnelState.Assigned(_, var addresses) ? addresses : List.of());
  }

  /// The addresses that packets sent here are for.
  public List<AddressRange> addresses() {
    return addresses;
  }

  /// Sends a packet as one datagram; it leaves at the end of this turn of the event loop.
  ///
  /// May be called from any thread. On the tunnel's event loop the answer is final; from another
  /// thread [SendResult.Outcome#SENT] says that the packet was handed to the event loop, where it
  /// waits for room.
  ///
  /// @param packet still the caller's after [SendResult.Outcome#FULL] and
  ///   [SendResult.NewAssignedAddress]
  public SendResult send(ByteBuf packet) {
    return states.version() == version ? path.send(packet) : outdated(packet);
  }

  /// Sends a packet as soon as there is room, in the order of the calls; completes on the event
  /// loop.
  ///
  /// May be called from any thread. With too many bytes waiting, or after the limit of
  /// [PacketConfig], the answer is [SendResult.Outcome#FULL].
  ///
  /// @param packet still the caller's after [SendResult.Outcome#FULL] and
  ///   [SendResult.NewAssignedAddress]
  public CompletionStage<SendResult> sendWhenWritable(ByteBuf packet) {
    return states.version() == version
        ? path.sendWhenWritable(packet)
        : CompletableFuture.completedStage(outdated(packet));
  }

  // For one who sends many packets in a turn, on the event loop alone.

  /// Hands a packet over as [#send] does, but leaves it to [#flush].
  public SendResult write(ByteBuf packet) {
    return states.version() == version ? path.write(packet) : outdated(packet);
  }

  /// Sends what was written.
  public void flush() {
    path.flush();
  }

  /// Sets the one listener that runs each time there is room again after [SendResult.Outcome#FULL],
  /// and when the tunnel ends.
  public void onRoom(Runnable listener) {
    path.onRoom(listener);
  }

  /// The largest packet that the path carries right now.
  public int maxPayloadBytes() {
    return path.datagrams().maxPayloadBytes();
  }

  /// Sets the one listener that runs each time [#maxPayloadBytes] changes.
  public void onMaxPayload(IntConsumer listener) {
    path.datagrams().onMaxPayload(listener);
  }

  /// How the tunnel ended, once it has.
  public Optional<TunnelEnd> end() {
    return states.current().state() instanceof TunnelState.Closed(var end)
        ? Optional.of(end)
        : Optional.empty();
  }

  /// The event loop of the tunnel.
  public EventLoop eventLoop() {
    return path.loop();
  }

  private SendResult outdated(ByteBuf packet) {
    return switch (states.current().state()) {
      case TunnelState.Closed(var end) -> {
        packet.release();
        yield new SendResult.ClosedTunnel(end);
      }
      case TunnelState.Unassigned _, TunnelState.SessionEstablished _, TunnelState.Assigned _ ->
          new SendResult.NewAssignedAddress(current(path, states));
    };
  }
}
