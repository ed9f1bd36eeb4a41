package io.penstock.transport.netstack;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelOption;
import io.netty.channel.ChannelPromise;
import io.netty.channel.ConnectTimeoutException;
import io.netty.channel.EventLoop;
import io.penstock.protocol.netstack.tcp.TcpCloseReason;
import io.penstock.protocol.netstack.tcp.TcpConnection;
import io.penstock.protocol.netstack.tcp.TcpSnapshot;
import io.penstock.transport.EngineStreamChannel;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.channels.AlreadyBoundException;
import java.nio.channels.AlreadyConnectedException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ConnectionPendingException;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// A TCP connection of our own stack as a Netty channel, on the event loop of its [NetStackDriver].
///
/// It is made by [NetStackDriver#channels] and connected, accepted by a [NetstackServerChannel], or
/// by [NetStackDriver#accept]. It may be bound before it connects. Besides the options of every
/// channel it has `TCP_NODELAY`, `SO_KEEPALIVE`, `ALLOW_HALF_CLOSURE`, `SO_LINGER` with 0 (closing
/// resets) or -1, and those of [NetstackOption].
///
/// `close` ends the stream behind what the stack has taken; when received bytes are unread the peer
/// gets a reset instead. A connection that breaks gets the exception that a socket of the JDK would
/// throw, through `exceptionCaught`, and [#closeReason] says why.
public final class NetstackChannel extends EngineStreamChannel {

  private final NetStackDriver driver;
  private final ConnectionOptions options;
  private final Dialing dialing;
  private @Nullable TcpConnection connection;
  private volatile @Nullable InetSocketAddress local;
  private volatile @Nullable InetSocketAddress remote;
  private volatile @Nullable TcpCloseReason closeReason;

  NetstackChannel(NetStackDriver driver) {
    this(driver, null);
  }

  private NetstackChannel(NetStackDriver driver, @Nullable Channel parent) {
    super(parent);
    this.driver = driver;
    options = new ConnectionOptions(driver.config().tcp());
    dialing = new Dialing(driver);
  }

  /// The channel of a connection that a listener has accepted.
  static NetstackChannel accepted(NetstackServerChannel parent, TcpConnection connection) {
    NetstackChannel channel = new NetstackChannel(parent.driver(), parent);
    channel.activateOnRegistration();
    channel.take(connection);
    return channel;
  }

  /// The channel of a connection whose handshake is still to come.
  static NetstackChannel pending(NetStackDriver driver, TcpConnection connection) {
    NetstackChannel channel = new NetstackChannel(driver);
    channel.take(connection);
    return channel;
  }

  private void take(TcpConnection taken) {
    driver.ports().remove(this);
    connection = taken;
    local = SocketAddresses.of(taken.local());
    remote = SocketAddresses.of(taken.remote());
    options.apply(taken);
    taken.attach(this);
    driver.connected(this);
  }

  /// Why the connection is over; empty while it is not.
  public Optional<TcpCloseReason> closeReason() {
    return Optional.ofNullable(closeReason);
  }

  /// When the SYN of the connection came or went, by the clock of the event loop; 0 when there is
  /// no connection. Event loop only.
  public long openedNanos() {
    return connection == null ? 0 : connection.openedNanos();
  }

  /// What TCP knows about the connection; empty when there is none. Event loop only.
  public Optional<TcpSnapshot> snapshot() {
    return Optional.ofNullable(connection).map(TcpConnection::snapshot);
  }

  // ---- connecting ----

  /// Holds an address and port for the connection to come.
  @Override
  protected void doBind(SocketAddress address) throws IOException {
    if (local != null) {
      throw new AlreadyBoundException();
    }
    local = SocketAddresses.of(dialing.bind(address));
    driver.ports().add(this);
  }

  @Override
  protected void engineConnect(
      SocketAddress to, @Nullable SocketAddress from, ChannelPromise promise) {
    if (connection != null) {
      promise.tryFailure(
          dialing.isPending() ? new ConnectionPendingException() : new AlreadyConnectedException());
      return;
    }
    try {
      take(dialing.begin(to, from));
    } catch (IOException | RuntimeException e) {
      promise.tryFailure(e);
      unsafe().close(unsafe().voidPromise());
      return;
    }
    dialing.await(promise, eventLoop(), config().getConnectTimeoutMillis(), this::connectTimedOut);
    driver.changed();
  }

  private void connectTimedOut() {
    dialing.fail(new ConnectTimeoutException("connection timed out: " + remote));
    unsafe().close(unsafe().voidPromise());
  }

  // ---- news of the engine ----

  /// Looks at what is new about the connection.
  void onReady() {
    TcpConnection of = current();
    int news = of.takeReadiness();
    if ((news & TcpConnection.CONNECTED) != 0) {
      ChannelPromise waiting = dialing.end();
      activate(waiting == null ? newPromise() : waiting);
    }
    if ((news & TcpConnection.READABLE) != 0) {
      onReadable();
    }
    if ((news & TcpConnection.PEER_FINISHED) != 0) {
      onPeerFinished();
    }
    if ((news & TcpConnection.WRITABLE) != 0) {
      onWritable();
    }
    if ((news & TcpConnection.END_ACKNOWLEDGED) != 0 && isOpen()) {
      pipeline().fireUserEventTriggered(EndAcknowledged.INSTANCE);
    }
    TcpCloseReason reason = of.closeReason();
    if ((news & TcpConnection.CLOSED) != 0 && reason != null) {
      onConnectionOver(reason);
    }
  }

  private void onConnectionOver(TcpCloseReason reason) {
    if (isOpen()) {
      closeReason = reason;
    }
    if (dialing.isPending()) {
      dialing.fail(SocketFailures.of(reason));
      onEngineClosed(null);
    } else if (reason != TcpCloseReason.FINISHED) {
      onEngineClosed(SocketFailures.of(reason));
    } else if (isOpen()) {
      // It closes once its handlers have read to the end.
      driver.outlived(this);
    }
  }

  private TcpConnection current() {
    TcpConnection current = connection;
    if (current == null) {
      throw new IllegalStateException("the channel is not connected");
    }
    return current;
  }

  // ---- calls into the engine ----

  @Override
  protected int engineWritableBytes() {
    return current().writableBytes();
  }

  @Override
  protected void engineWrite(ByteBuf bytes) {
    current().write(bytes);
  }

  @Override
  protected @Nullable ByteBuf engineRead(int maxBytes) {
    return current().read(maxBytes);
  }

  @Override
  protected boolean engineHasBytes() {
    return connection != null && connection.readableBytes() > 0;
  }

  @Override
  protected void engineShutdownOutput() {
    current().finish();
  }

  @Override
  protected void engineClose() {
    dialing.fail(new ClosedChannelException());
    if (!driver.eventLoop().inEventLoop()) {
      return;
    }
    driver.ports().remove(this);
    driver.closed(this);
    if (connection != null) {
      if (options.abortOnClose()) {
        connection.abort();
      } else {
        connection.close();
      }
    }
  }

  @Override
  protected void engineChanged() {
    // False only for a channel that was given another event loop and is refused there.
    if (driver.eventLoop().inEventLoop()) {
      driver.changed();
    }
  }

  // ---- options and addresses ----

  @Override
  protected Map<ChannelOption<?>, Object> engineOptions() {
    return options.values();
  }

  @Override
  protected boolean setEngineOption(ChannelOption<?> option, Object value) {
    boolean set = options.set(option, value);
    if (set && isRegistered()) {
      driver.call(_ -> applyOptions());
    }
    return set;
  }

  private boolean applyOptions() {
    if (connection != null && isOpen()) {
      options.apply(connection);
    }
    return true;
  }

  @Override
  protected boolean isCompatible(EventLoop loop) {
    return loop.equals(driver.eventLoop());
  }

  /// Another one once connected, when it was bound to any address.
  @Override
  public @Nullable SocketAddress localAddress() {
    return local;
  }

  @Override
  protected @Nullable SocketAddress localAddress0() {
    return local;
  }

  @Override
  protected @Nullable SocketAddress remoteAddress0() {
    return remote;
  }
}
