package io.penstock.transport.snaptun;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.handler.codec.quic.QuicChannel;
import io.penstock.protocol.PeerText;
import io.penstock.protocol.snaptun.TunnelEnd;
import io.penstock.transport.quic.QuicEnd;

/// The end of a connection and the end of its tunnel, each told in the other's words.
final class Ends {

  private static final int MAX_REASON_CHARS = 200;

  private Ends() {}

  /// What the end of the connection means for the tunnel, if it was not the tunnel that ended it.
  static TunnelEnd of(QuicEnd end) {
    return switch (end) {
      case QuicEnd.ByPeer(long code, String reason) ->
          new TunnelEnd.PeerClosed(code, printable(reason));
      case QuicEnd.ErrorAtPeer(long code, String reason) ->
          new TunnelEnd.ConnectionLost(
              "the peer found error " + code + " (" + printable(reason) + ")");
      case QuicEnd.ErrorHere(String what) -> new TunnelEnd.ConnectionLost(printable(what));
      case QuicEnd.Lost() -> new TunnelEnd.ConnectionLost("the peer has forgotten it");
      case QuicEnd.IdleTimeout() -> new TunnelEnd.ConnectionLost("idle timeout");
      case QuicEnd.ByUs() -> new TunnelEnd.ClosedHere(0, "");
    };
  }

  /// Closes the connection with the code and words of the tunnel's end, unless it is closed.
  static void close(QuicChannel channel, TunnelEnd end) {
    if (!channel.isOpen()) {
      return;
    }
    ByteBuf reason = ByteBufUtil.writeUtf8(channel.alloc(), end.peerText());
    channel.close(true, (int) end.closeCode(), reason);
  }

  private static String printable(String text) {
    return PeerText.printable(text, MAX_REASON_CHARS);
  }
}
