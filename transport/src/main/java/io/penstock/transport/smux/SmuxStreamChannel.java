package io.penstock.transport.smux;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelOutboundBuffer;
import io.penstock.protocol.smux.SmuxStream;
import io.penstock.transport.EngineLoop;
import io.penstock.transport.EngineStreamChannel;
import java.net.SocketAddress;
import org.jspecify.annotations.Nullable;

/// One smux stream as a Netty channel, on the event loop of its connection.
///
/// `shutdownOutput` sends FIN and goes on reading; `close` sends FIN and drops what still comes.
/// The peer's FIN ends the input. A stream that is cut off, by the engine or with its session, gets
/// a [SmuxException] through `exceptionCaught` before it becomes inactive.
public final class SmuxStreamChannel extends EngineStreamChannel {

  private final SmuxConnection connection;
  private final SmuxStream stream;

  SmuxStreamChannel(SmuxConnection connection, SmuxStream stream) {
    super(connection.channel());
    this.connection = connection;
    this.stream = stream;
    stream.attach(this);
    activateOnRegistration();
  }

  /// The id of the stream in its session, an unsigned number of 32 bits.
  public int streamId() {
    return stream.id();
  }

  /// The connection that carries the stream.
  public SmuxConnection connection() {
    return connection;
  }

  /// How many written bytes are still here, in the channel's queue and in the engine. To close the
  /// channel gives them no more than the linger time. Event loop only.
  public long unsentBytes() {
    ChannelOutboundBuffer queued = unsafe().outboundBuffer();
    return stream.unsentBytes() + (queued == null ? 0 : queued.totalPendingWriteBytes());
  }

  /// Looks at what the engine says is new about the stream.
  void onReady() {
    if (stream.readableBytes() > 0) {
      onReadable();
    }
    if (stream.isPeerFinished()) {
      onPeerFinished();
    }
    if (stream.writableBytes() > 0) {
      onWritable();
    }
  }

  void onCut(SmuxException cause) {
    onEngineClosed(cause);
  }

  @Override
  protected int engineWritableBytes() {
    return stream.writableBytes();
  }

  @Override
  protected void engineWrite(ByteBuf bytes) {
    stream.write(bytes);
  }

  @Override
  protected @Nullable ByteBuf engineRead(int maxBytes) {
    return stream.read(maxBytes, EngineLoop.nowNanos());
  }

  @Override
  protected boolean engineHasBytes() {
    return stream.readableBytes() > 0;
  }

  @Override
  protected void engineShutdownOutput() {
    stream.shutdownOutput();
  }

  @Override
  protected void engineClose() {
    stream.close(EngineLoop.nowNanos());
  }

  @Override
  protected void engineChanged() {
    connection.engineChanged();
  }

  @Override
  protected SocketAddress localAddress0() {
    return parent().localAddress();
  }

  @Override
  protected SocketAddress remoteAddress0() {
    return parent().remoteAddress();
  }
}
