package io.penstock.transport.kcp;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelFactory;
import io.netty.channel.ChannelPromise;
import io.netty.channel.EventLoop;
import io.penstock.protocol.kcp.KcpCloseReason;
import io.penstock.protocol.kcp.KcpConfig;
import io.penstock.protocol.kcp.KcpInput;
import io.penstock.protocol.kcp.KcpSession;
import io.penstock.transport.EngineStreamChannel;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.PortUnreachableException;
import java.net.SocketAddress;
import java.nio.channels.AlreadyConnectedException;
import java.nio.channels.UnresolvedAddressException;
import java.util.Optional;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/// A KCP session as a Netty channel: a stream of bytes, like a TCP connection.
///
/// A client bootstraps it with [#factory] and connects; it binds a UDP socket of its own and hears
/// only the address that it dialled. KCP has no handshake, so connecting succeeds at once, and a
/// peer that is not there shows in the failure of what runs on top, or in [KcpCloseReason]. A
/// [KcpServerChannel] makes accepted ones.
///
/// KCP does not tell its peer of an end either. Closing delivers what was written before, for a
/// bounded time after the channel is closed; shutting down the output only forbids further writes.
/// A dead peer ends the channel with a [KcpException].
public final class KcpChannel extends EngineStreamChannel {

  private final KcpConfig kcpConfig;
  private final @Nullable KcpServerChannel server;
  private @Nullable KcpLink link;
  private volatile @Nullable KcpCloseReason closeReason;
  private volatile @Nullable InetSocketAddress remote;

  /// Makes a client's channel with default knobs.
  public KcpChannel() {
    this(KcpConfig.defaults());
  }

  /// Makes a client's channel.
  public KcpChannel(KcpConfig config) {
    super(null);
    kcpConfig = config;
    server = null;
  }

  /// Makes an accepted channel on the socket of its server.
  KcpChannel(
      KcpServerChannel server,
      UdpSocket socket,
      KcpSession session,
      KcpConfig config,
      InetSocketAddress remote) {
    super(server);
    this.server = server;
    this.remote = remote;
    kcpConfig = config;
    link = KcpLink.open(session, socket, server.eventLoop(), remote, this::sessionEnded);
    activateOnRegistration();
  }

  /// Makes channels for a client's bootstrap.
  public static ChannelFactory<KcpChannel> factory(KcpConfig config) {
    return () -> new KcpChannel(config);
  }

  /// Says that the peer's address is not forged, as a rule because it has finished its TLS
  /// handshake: from now on it is not ended for a newcomer nor for its age, but still gets the few
  /// segments of somebody unknown. Callable from any thread, without effect on a client's channel.
  public void markProven() {
    tell(KcpServerChannel::proven);
  }

  /// Says that the owner knows who the peer is and serves it: from now on it has the windows of the
  /// config. It counts as proven too. Callable as [#markProven].
  public void markAdmitted() {
    tell(KcpServerChannel::admitted);
  }

  private void tell(BiConsumer<KcpServerChannel, KcpChannel> what) {
    KcpServerChannel owner = server;
    if (owner == null) {
      return;
    }
    if (owner.eventLoop().inEventLoop()) {
      what.accept(owner, this);
    } else {
      owner.eventLoop().execute(() -> what.accept(owner, this));
    }
  }

  /// Why the session ended; empty while it goes on, which it may after the channel is closed.
  public Optional<KcpCloseReason> closeReason() {
    return Optional.ofNullable(closeReason);
  }

  /// The smoothed round-trip time in nanoseconds, 0 before it is known. Event loop only.
  public long smoothedRttNanos() {
    KcpLink current = link;
    return current == null ? 0 : current.session().smoothedRttNanos();
  }

  // ---- connecting ----

  @Override
  protected void engineConnect(
      SocketAddress remoteAddress, @Nullable SocketAddress local, ChannelPromise promise) {
    if (link != null || server != null) {
      promise.tryFailure(new AlreadyConnectedException());
      return;
    }
    if (!(remoteAddress instanceof InetSocketAddress address) || address.isUnresolved()) {
      promise.tryFailure(new UnresolvedAddressException());
      return;
    }
    try {
      SocketAddress bound = local == null ? new InetSocketAddress(0) : local;
      UdpSocket socket = UdpSocket.open(eventLoop(), bound, new ClientSocket());
      socket.connect(address);
      KcpSession session =
          KcpLink.newSession(KcpLink.newConv(), kcpConfig, config().getAllocator());
      remote = address;
      link = KcpLink.open(session, socket, eventLoop(), address, this::sessionEnded);
    } catch (IOException e) {
      promise.tryFailure(e);
      unsafe().close(unsafe().voidPromise());
      return;
    }
    activate(promise);
  }

  // ---- between the session and the channel ----

  /// Takes a datagram; [#afterInput] ends the batch.
  KcpInput receive(ByteBuf datagram) {
    return current().receive(datagram);
  }

  void afterInput() {
    KcpLink current = current();
    if (isOpen()) {
      onReadable();
      if (current.session().writableBytes() > 0) {
        onWritable();
      }
    }
    current.run();
  }

  void abort(KcpCloseReason reason) {
    current().abort(reason);
  }

  KcpSession session() {
    return current().session();
  }

  private KcpLink current() {
    KcpLink current = link;
    if (current == null) {
      throw new IllegalStateException("the channel is not connected");
    }
    return current;
  }

  private void sessionEnded(KcpCloseReason reason) {
    closeReason = reason;
    KcpLink current = current();
    if (server != null) {
      server.ended(this);
    } else {
      current.socket().close();
    }
    onEngineClosed(new KcpException(reason));
  }

  @Override
  protected int engineWritableBytes() {
    return current().session().writableBytes();
  }

  @Override
  protected void engineWrite(ByteBuf bytes) {
    current().write(bytes);
  }

  @Override
  protected @Nullable ByteBuf engineRead(int maxBytes) {
    return current().session().read(maxBytes);
  }

  @Override
  protected boolean engineHasBytes() {
    return current().session().readableBytes() > 0;
  }

  /// KCP has no word for the end of a stream.
  @Override
  protected void engineShutdownOutput() {}

  @Override
  protected void engineClose() {
    KcpLink current = link;
    if (current != null && isOnLoopOfSocket()) {
      current.close();
    }
  }

  @Override
  protected void engineChanged() {
    KcpLink current = link;
    if (current != null && isOnLoopOfSocket()) {
      current.run();
      if (server != null) {
        server.changed(this);
      }
    }
  }

  /// False only for a child that was given another event loop: Netty closes it on that one, and the
  /// server, which has seen that it was refused, ends its session.
  private boolean isOnLoopOfSocket() {
    return server == null || server.eventLoop().inEventLoop();
  }

  // ---- addresses ----

  @Override
  protected @Nullable SocketAddress localAddress0() {
    KcpLink current = link;
    return current == null ? null : current.socket().localAddress();
  }

  @Override
  protected @Nullable SocketAddress remoteAddress0() {
    return remote;
  }

  /// An accepted channel shares the socket of its server and so its event loop.
  @Override
  protected boolean isCompatible(EventLoop loop) {
    return server == null || loop.equals(server.eventLoop());
  }

  private final class ClientSocket implements UdpSocket.Listener {

    @Override
    public void received(ByteBuf datagram, InetSocketAddress sender) {
      if (link == null) {
        datagram.release();
      } else {
        receive(datagram);
      }
    }

    @Override
    public void batchEnded() {
      if (link != null) {
        afterInput();
      }
    }

    /// "Nobody listens there" may be forged or pass, so it only counts before the peer has spoken.
    @Override
    public void failed(Throwable cause) {
      KcpLink current = link;
      boolean unreachable =
          cause instanceof PortUnreachableException || cause instanceof ConnectException;
      if (unreachable && current != null && !current.session().heardFromPeer()) {
        current.abort(KcpCloseReason.UNREACHABLE);
      }
    }

    @Override
    public void closed() {
      KcpLink current = link;
      if (current != null) {
        current.abort(KcpCloseReason.SOCKET_CLOSED);
      }
    }
  }
}
