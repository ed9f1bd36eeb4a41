package io.penstock.it.example;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.penstock.transport.relay.Closing;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.Executor;
import org.eclipse.jetty.io.AbstractEndPoint;
import org.eclipse.jetty.io.Connection;
import org.eclipse.jetty.io.EofException;
import org.eclipse.jetty.util.BufferUtil;
import org.jspecify.annotations.Nullable;

/// A connection of the overlay as Jetty reads and writes it.
///
/// Jetty's threads fill from what one read of the channel has brought, and ask for the next when
/// that is used up; they write while the channel is writable, and wait while it is not. So neither
/// direction holds more than the channel does. Jetty is called on its own threads, as it may block.
final class OverlayEndPoint extends AbstractEndPoint {

  /// What goes into the channel at once.
  private static final int PIECE_BYTES = 64 * 1024;

  private final Channel channel;
  private final OverlayConnector connector;
  private final Executor executor;

  // Guarded by itself.
  private final Deque<ByteBuf> received = new ArrayDeque<>();
  // Guarded by received.
  private Input input = Input.OPEN;

  private enum Input {
    OPEN,
    /// The peer has ended its stream; what it sent before may still be read.
    ENDED,
    /// Nobody reads any more.
    CLOSED
  }

  /// Takes the reading of a channel over, whose auto-read is off.
  OverlayEndPoint(Channel channel, OverlayConnector connector) {
    super(connector.getScheduler());
    this.channel = channel;
    this.connector = connector;
    this.executor = connector.getExecutor();
    channel.pipeline().addLast(new FromChannel());
  }

  // ---- reading ----

  @Override
  public int fill(ByteBuffer buffer) throws EofException {
    int filled;
    synchronized (received) {
      if (input == Input.CLOSED) {
        throw new EofException("the connection was closed");
      }
      ByteBuf first = received.peek();
      filled = first == null ? (input == Input.ENDED ? -1 : 0) : append(buffer, first);
      if (first != null && !first.isReadable()) {
        received.remove().release();
      }
    }
    if (filled > 0) {
      notIdle();
    } else if (filled < 0) {
      shutdownInput();
    }
    return filled;
  }

  private static int append(ByteBuffer to, ByteBuf from) {
    int start = BufferUtil.flipToFill(to);
    int bytes = Math.min(to.remaining(), from.readableBytes());
    int limit = to.limit();
    to.limit(to.position() + bytes);
    from.readBytes(to);
    to.limit(limit);
    BufferUtil.flipToFlush(to, start);
    return bytes;
  }

  @Override
  protected void needsFillInterest() {
    boolean fillable;
    synchronized (received) {
      fillable = !received.isEmpty() || input != Input.OPEN;
    }
    if (fillable) {
      tellFillable();
    } else {
      channel.read();
    }
  }

  private void tellFillable() {
    executor.execute(() -> getFillInterest().fillable());
  }

  // ---- writing ----

  @Override
  public boolean flush(ByteBuffer... buffers) throws EofException {
    if (!channel.isActive() || isOutputShutdown()) {
      throw new EofException("the connection has ended");
    }
    boolean all = true;
    for (ByteBuffer buffer : buffers) {
      while (buffer.hasRemaining() && channel.isWritable()) {
        write(buffer, Math.min(buffer.remaining(), PIECE_BYTES));
      }
      all &= !buffer.hasRemaining();
    }
    channel.flush();
    return all;
  }

  private void write(ByteBuffer from, int bytes) {
    ByteBuf piece = channel.alloc().buffer(bytes);
    piece.writeBytes(from.slice(from.position(), bytes));
    from.position(from.position() + bytes);
    channel.write(piece).addListener(ChannelFutureListener.FIRE_EXCEPTION_ON_FAILURE);
    notIdle();
  }

  /// The channel may have become writable before Jetty began to wait.
  @Override
  protected void onIncompleteFlush() {
    channel.eventLoop().execute(this::tellWritable);
  }

  private void tellWritable() {
    if (channel.isWritable()) {
      executor.execute(() -> getWriteFlusher().completeWrite());
    }
  }

  // ---- the end ----

  @Override
  protected void doShutdownOutput() {
    Closing.outputAfterWrites(channel);
  }

  @Override
  protected void doClose() {
    synchronized (received) {
      input = Input.CLOSED;
      received.forEach(ByteBuf::release);
      received.clear();
    }
    channel.eventLoop().execute(() -> Closing.afterWrites(channel));
  }

  @Override
  public void onClose(@Nullable Throwable cause) {
    Connection connection = getConnection();
    if (connection != null) {
      connection.onClose(cause);
    }
    super.onClose(cause);
    connector.closed(this);
  }

  // ---- about it ----

  @Override
  public SocketAddress getLocalSocketAddress() {
    return channel.localAddress();
  }

  @Override
  public SocketAddress getRemoteSocketAddress() {
    return channel.remoteAddress();
  }

  @Override
  public Object getTransport() {
    return channel;
  }

  /// Passes on what the channel tells, on its event loop.
  private final class FromChannel extends ChannelInboundHandlerAdapter {

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
      ByteBuf bytes = (ByteBuf) message;
      synchronized (received) {
        if (input == Input.OPEN && bytes.isReadable()) {
          received.add(bytes);
          return;
        }
      }
      bytes.release();
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
      tellFillable();
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
      if (event == ChannelInputShutdownEvent.INSTANCE) {
        end();
      }
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
      tellWritable();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      executor.execute(() -> close(cause));
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
      end();
      executor.execute(
          () -> getWriteFlusher().onFail(new EofException("the connection has ended")));
    }

    private void end() {
      synchronized (received) {
        if (input == Input.OPEN) {
          input = Input.ENDED;
        }
      }
      tellFillable();
    }
  }
}
