package io.penstock.transport.http2;

import io.netty.channel.Channel;
import io.netty.handler.codec.http2.DefaultHttp2WindowUpdateFrame;

/// The flow-control window of a whole HTTP/2 connection.
///
/// > Flow control operates at two levels: on each individual stream and on the entire connection.
/// > (RFC 9113 section 5.2.2)
///
/// A stream that nobody reads holds as much of it as its own window has; with the window that a
/// connection begins with, one such stream stops all the others.
public final class ConnectionWindow {

  /// What a stream may send ahead (RFC 9113 section 6.9.2), and so what it holds when nobody reads.
  public static final int STREAM_BYTES = 65_535;

  private ConnectionWindow() {}

  /// Gives a connection room for that many streams that nobody reads; to be called on its event
  /// loop, once its codec is there.
  ///
  /// The peer may make us hold [#STREAM_BYTES] for each of them.
  public static void openFor(int streams, Channel connection) {
    connection.writeAndFlush(new DefaultHttp2WindowUpdateFrame((streams - 1) * STREAM_BYTES));
  }
}
