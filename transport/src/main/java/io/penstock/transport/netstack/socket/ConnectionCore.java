package io.penstock.transport.netstack.socket;

import io.netty.channel.ChannelFuture;
import io.netty.channel.EventLoop;
import io.penstock.transport.netstack.NetstackChannel;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.SocketException;
import java.net.SocketImpl;
import java.net.SocketTimeoutException;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/// The core of a [StackSocket]: one connection of the stack, seen by threads that block.
///
/// It connects and keeps options; bytes go through its [StreamBridge]. Any thread but the event
/// loop.
final class ConnectionCore extends SocketCore {

  private enum State {
    NEW,
    UNCONNECTED,
    CONNECTING,
    /// Its connection exists, and the JDK's socket does not know yet.
    ADOPTED,
    CONNECTED,
    CLOSED
  }

  private final StackSockets sockets;
  private final EventLoop loop;
  private final AtomicReference<State> state = new AtomicReference<>(State.NEW);
  private volatile @Nullable StreamBridge bridge;
  private volatile @Nullable StreamOptions options;

  ConnectionCore(StackSockets sockets) {
    this.sockets = sockets;
    loop = sockets.eventLoop();
  }

  private StreamBridge bridge() {
    return Objects.requireNonNull(bridge, "the socket was never created");
  }

  private NetstackChannel channel() {
    return bridge().channel();
  }

  /// The connection, also after it was closed; empty before [#create].
  Optional<NetstackChannel> connection() {
    return Optional.ofNullable(bridge).map(StreamBridge::channel);
  }

  // ---- coming to be ----

  @Override
  protected void create(boolean stream) throws IOException {
    if (!stream) {
      throw new SocketException("Datagram socket creation not supported");
    }
    if (!state.compareAndSet(State.NEW, State.UNCONNECTED)) {
      return;
    }
    Failures.requireRunning(loop);
    NetstackChannel channel = sockets.newChannel();
    StreamBridge made = new StreamBridge(channel, loop, sockets.limits());
    take(made);
    channel.pipeline().addLast(made);
    loop.register(channel);
  }

  private void take(StreamBridge made) {
    options = new StreamOptions(made);
    bridge = made;
  }

  /// Takes a connection that exists; [#connect] then has nothing to do.
  void adopt(StreamBridge made) throws SocketException {
    InetSocketAddress remote = (InetSocketAddress) made.channel().remoteAddress();
    if (remote == null || !state.compareAndSet(State.NEW, State.ADOPTED)) {
      made.close(0);
      throw new SocketException("Not a connection, or not a newly created socket");
    }
    take(made);
    address = Literals.named(remote.getAddress());
    port = remote.getPort();
    localport = options().local().getPort();
  }

  @Override
  protected void bind(InetAddress host, int wantedPort) throws IOException {
    Gate.await(loop, channel().bind(new InetSocketAddress(host, wantedPort)));
    localport = options().local().getPort();
  }

  @Override
  protected void connect(String host, int remotePort) throws IOException {
    connect(InetSocketAddress.createUnresolved(host, remotePort), 0);
  }

  @Override
  protected void connect(InetAddress remote, int remotePort) throws IOException {
    connect(new InetSocketAddress(remote, remotePort), 0);
  }

  @Override
  protected void connect(SocketAddress remote, int timeoutMillis) throws IOException {
    if (state.compareAndSet(State.ADOPTED, State.CONNECTED)) {
      return;
    }
    long deadlineNanos = Gate.deadlineNanos(timeoutMillis);
    InetSocketAddress to = sockets.resolved(remote);
    if (!state.compareAndSet(State.UNCONNECTED, State.CONNECTING)) {
      throw state.get() == State.CLOSED
          ? Failures.closed()
          : new SocketException("Already connected, or connecting");
    }
    address = to.getAddress();
    port = to.getPort();
    ChannelFuture connected = channel().connect(to);
    Gate gate = new Gate(loop::inEventLoop);
    connected.addListener(_ -> gate.open());
    boolean timely;
    try {
      timely = gate.await(connected::isDone, deadlineNanos);
    } catch (InterruptedIOException _) {
      close();
      throw Failures.closedByInterrupt();
    }
    if (!timely) {
      close();
      throw new SocketTimeoutException("Connect timed out");
    }
    if (connected.isSuccess()) {
      localport = options().local().getPort();
    }
    if (state.get() == State.CLOSED) {
      throw Failures.closed();
    }
    if (!connected.isSuccess()) {
      close();
      throw Failures.of(Objects.requireNonNullElseGet(connected.cause(), ConnectException::new));
    }
    if (!state.compareAndSet(State.CONNECTING, State.CONNECTED)) {
      throw Failures.closed();
    }
  }

  @Override
  protected void listen(int backlog) throws IOException {
    throw new SocketException("a socket that connects does not listen");
  }

  @Override
  protected void accept(SocketImpl to) throws IOException {
    throw new SocketException("a socket that connects does not accept");
  }

  // ---- bytes ----

  @Override
  protected InputStream getInputStream() {
    return new InputStream() {
      @Override
      public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) > 0 ? one[0] & 0xff : -1;
      }

      @Override
      public int read(byte[] to, int offset, int length) throws IOException {
        Objects.checkFromIndexSize(offset, length, to.length);
        return length == 0
            ? 0
            : bridge().received().read(to, offset, length, options().timeoutMillis());
      }

      @Override
      public int available() throws IOException {
        return ConnectionCore.this.available();
      }
    };
  }

  @Override
  protected OutputStream getOutputStream() {
    return new OutputStream() {
      @Override
      public void write(int b) throws IOException {
        write(new byte[] {(byte) b}, 0, 1);
      }

      @Override
      public void write(byte[] from, int offset, int length) throws IOException {
        Objects.checkFromIndexSize(offset, length, from.length);
        if (length > 0) {
          bridge().write(from, offset, length);
        }
      }
    };
  }

  @Override
  protected int available() throws IOException {
    return bridge().received().available();
  }

  @Override
  protected void shutdownInput() throws IOException {
    bridge().shutdownInput();
  }

  @Override
  protected void shutdownOutput() throws IOException {
    bridge().shutdownOutput();
  }

  @Override
  protected void close() {
    StreamBridge ending = bridge;
    StreamOptions with = options;
    if (state.getAndSet(State.CLOSED) != State.CLOSED && ending != null && with != null) {
      ending.close(with.lingerSeconds());
    }
  }

  // ---- options ----

  @Override
  StreamOptions options() throws SocketException {
    if (state.get() == State.CLOSED) {
      throw Failures.closed();
    }
    return Objects.requireNonNull(options, "the socket was never created");
  }
}
