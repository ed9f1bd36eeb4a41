package io.penstock.transport.netstack;

import io.netty.buffer.ByteBuf;
import java.io.IOException;

/// Takes what a [Link] brings; called on its event loop.
public interface LinkReceiver {

  /// A packet has come; the receiver owns it.
  ///
  /// @param checksumRight the checksum of its TCP segment is known to be right
  void packet(ByteBuf packet, boolean checksumRight);

  /// All packets of this batch have come: the time to answer them.
  void batchEnd();

  /// The link takes packets again.
  void writable();

  /// The link carries packets of another size from now on.
  void mtuChanged(int mtuBytes);

  /// The link is back after an outage.
  void linkUp();

  /// The link has ended by itself.
  void closed(IOException cause);
}
