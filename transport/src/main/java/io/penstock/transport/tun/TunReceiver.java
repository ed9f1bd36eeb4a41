package io.penstock.transport.tun;

import io.netty.buffer.ByteBuf;
import io.penstock.protocol.netstack.offload.PacketMeta;

/// Takes what comes over a [TunLink]; called on its event loop. A call may send, and may close the
/// link; one that throws ends it.
public interface TunReceiver {

  /// A packet came from the kernel: one IP packet in the readable bytes of `packet`, or a super
  /// packet, as `meta` says. The receiver owns the buffer, in front of which are
  /// [TunLink#HEADROOM_BYTES] that nobody else uses; `meta` is valid during the call.
  void packet(TunLink link, ByteBuf packet, PacketMeta meta);

  /// All packets of this wake-up have come: the time to send what follows from them.
  void batchEnd(TunLink link);

  /// The queue of packets that the kernel did not take at once is empty again.
  void writable(TunLink link);
}
