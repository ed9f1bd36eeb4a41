package io.penstock.transport.netstack;

import io.netty.buffer.ByteBuf;
import io.netty.channel.EventLoop;
import io.penstock.protocol.netstack.ip.LinkTraits;

/// What carries the packets of one stack.
///
/// A link belongs to the [NetStackDriver] that it is given to, which starts it, sends over it and
/// closes it. All methods but [#eventLoop] and [#traits] are called on its event loop.
public interface Link {

  /// The event loop on which the link, and so the stack, lives.
  EventLoop eventLoop();

  /// What the link does by itself, as it stands before it is started.
  LinkTraits traits();

  /// Begins to carry packets; called once, before anything else happens.
  void start(LinkReceiver receiver);

  /// Whether a packet would go now. After `false` the link calls [LinkReceiver#writable].
  boolean isWritable();

  /// Sends a packet, and owns it. It may leave with [#flush] only, and is dropped when the link is
  /// not writable.
  ///
  /// @param segmentBytes the payload of each packet that a TCP super packet is to be cut into, 0
  ///   for one that is small enough
  void send(ByteBuf packet, int segmentBytes);

  /// Ends a batch of packets.
  void flush();

  /// Ends the link and gives back what it holds; harmless when it has ended. The receiver is not
  /// called any more.
  void close();
}
