package io.penstock.transport.netstack.socket;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.penstock.transport.netstack.NetstackChannel;
import io.penstock.transport.netstack.NetstackOption;
import io.penstock.transport.netstack.NetstackServerChannel;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.SocketException;
import java.net.SocketImpl;
import java.net.SocketTimeoutException;
import java.util.Objects;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/// The core of a [StackServerSocket]: a port of the stack, on which threads block for connections.
///
/// A connection is asked for when a thread waits for one, so all others wait in the stack, where
/// the backlog counts them. Any thread but the event loop.
final class ListenerCore extends SocketCore {

  private final StackSockets sockets;
  private final EventLoop loop;
  private final Intake<StreamBridge> accepted;
  private final AtomicBoolean closed = new AtomicBoolean();
  private @Nullable NetstackServerChannel channel;
  private @Nullable ListenerOptions options;

  ListenerCore(StackSockets sockets) {
    this.sockets = sockets;
    loop = sockets.eventLoop();
    accepted = new Intake<>(loop::inEventLoop, _ -> 1, 0, this::askForOne, ListenerCore::reset);
  }

  private NetstackServerChannel channel() {
    return Objects.requireNonNull(channel, "the socket was never created");
  }

  // ---- the port ----

  @Override
  protected void create(boolean stream) throws IOException {
    Failures.requireRunning(loop);
    NetstackServerChannel made = sockets.newServerChannel();
    channel = made;
    options = new ListenerOptions(made, sockets.limits().receiveBufferBytes());
    made.config().setAutoRead(false);
    made.config().setOption(NetstackOption.OWNER, sockets.owner());
    made.pipeline().addLast(new Accepting(options));
    loop.register(made);
  }

  /// The JDK listens at once, which is when the port is taken.
  @Override
  protected void bind(InetAddress host, int port) throws IOException {
    address = host;
    localport = port;
  }

  @Override
  protected void listen(int backlog) throws IOException {
    channel().config().setOption(ChannelOption.SO_BACKLOG, backlog);
    Gate.await(loop, channel().bind(new InetSocketAddress(address, localport)));
    localport = options().local().getPort();
  }

  @Override
  protected void close() throws IOException {
    if (!closed.compareAndSet(false, true)) {
      return;
    }
    accepted.close();
    if (loop.inEventLoop() || loop.isShuttingDown()) {
      channel().close();
    } else {
      Gate.await(loop, channel().close());
    }
  }

  // ---- connections ----

  private void askForOne() {
    try {
      loop.execute(() -> channel().read());
    } catch (RejectedExecutionException _) {
      accepted.end();
    }
  }

  private static void reset(StreamBridge connection) {
    connection.close(0);
  }

  @Override
  protected void accept(SocketImpl to) throws IOException {
    ((ConnectionCore) to).adopt(take());
  }

  private StreamBridge take() throws IOException {
    long deadlineNanos = Gate.deadlineNanos(options().timeoutMillis());
    if (!accepted.enter(deadlineNanos)) {
      throw new SocketTimeoutException("Accept timed out");
    }
    try {
      boolean timely = accepted.await(() -> false, deadlineNanos);
      if (closed.get()) {
        throw Failures.closed();
      }
      if (!timely) {
        throw new SocketTimeoutException("Accept timed out");
      }
      StreamBridge connection = accepted.poll();
      if (connection == null) {
        throw new SocketException("Network is down");
      }
      return connection;
    } finally {
      accepted.exit();
    }
  }

  /// Gives each connection its bridge, on the event loop.
  private final class Accepting extends ChannelInboundHandlerAdapter {

    private final ListenerOptions with;

    Accepting(ListenerOptions with) {
      this.with = with;
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
      NetstackChannel connection = (NetstackChannel) message;
      StreamBridge bridge =
          new StreamBridge(
              connection, loop, sockets.limits().withReceiveBufferBytes(with.receiveBufferBytes()));
      connection.pipeline().addLast(bridge);
      loop.register(connection);
      accepted.add(bridge);
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
      accepted.answered();
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
      accepted.end();
    }
  }

  @Override
  ListenerOptions options() throws SocketException {
    if (closed.get()) {
      throw Failures.closed();
    }
    return Objects.requireNonNull(options, "the socket was never created");
  }

  // ---- what only a socket that connects does ----

  private static SocketException notForListeners() {
    return new SocketException("a socket that listens does not connect, read or write");
  }

  @Override
  protected void connect(String host, int port) throws IOException {
    throw notForListeners();
  }

  @Override
  protected void connect(InetAddress remote, int port) throws IOException {
    throw notForListeners();
  }

  @Override
  protected void connect(SocketAddress remote, int timeout) throws IOException {
    throw notForListeners();
  }

  @Override
  protected InputStream getInputStream() throws IOException {
    throw notForListeners();
  }

  @Override
  protected OutputStream getOutputStream() throws IOException {
    throw notForListeners();
  }

  @Override
  protected int available() throws IOException {
    throw notForListeners();
  }
}
