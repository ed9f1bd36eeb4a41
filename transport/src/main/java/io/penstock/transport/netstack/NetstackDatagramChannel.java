package io.penstock.transport.netstack;

import io.netty.buffer.ByteBuf;
import io.netty.channel.AbstractChannel;
import io.netty.channel.ChannelConfig;
import io.netty.channel.ChannelMetadata;
import io.netty.channel.ChannelOption;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.ChannelPromise;
import io.netty.channel.EventLoop;
import io.netty.channel.socket.DatagramPacket;
import io.netty.util.internal.StringUtil;
import io.penstock.protocol.netstack.udp.UdpBind;
import io.penstock.protocol.netstack.udp.UdpDatagram;
import io.penstock.protocol.netstack.udp.UdpError;
import io.penstock.protocol.netstack.udp.UdpSend;
import io.penstock.protocol.netstack.udp.UdpSocket;
import io.penstock.protocol.netstack.wire.IpEndpoint;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.NoRouteToHostException;
import java.net.SocketAddress;
import java.net.SocketException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.NotYetConnectedException;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// A UDP socket of our own stack as a Netty channel: [DatagramPacket]s in and out, and plain
/// buffers out when it is connected.
///
/// It is made by [NetStackDriver#datagramChannels] and bound to an address of the stack or to the
/// unspecified one, or connected, or by [NetStackDriver#accept]. Datagrams that nobody reads wait
/// in the stack, within its bounds. Those that are written wait in the channel while the stack's
/// queue of packets is full, so `isWritable()` tells. A datagram that cannot be sent fails its
/// write alone. What ICMP reports about a connected socket comes through `exceptionCaught`. Nothing
/// is sent to more than one host. `SO_RCVBUF` says how much memory the datagrams may hold that
/// wait.
public final class NetstackDatagramChannel extends AbstractChannel {

  private static final ChannelMetadata METADATA = new ChannelMetadata(true, 16);

  private static final int DATAGRAMS_PER_READ = 16;

  private final NetStackDriver driver;
  private final BoundChannelConfig config;
  private final UdpDatagram view = new UdpDatagram();
  private final Runnable readTask = this::readQueued;
  private @Nullable UdpSocket socket;
  private boolean readPending;
  private boolean readQueued;
  private boolean awaitingRoom;
  private volatile boolean open = true;
  private volatile @Nullable InetSocketAddress local;
  private volatile @Nullable InetSocketAddress remote;

  NetstackDatagramChannel(NetStackDriver driver) {
    super(null);
    this.driver = driver;
    config =
        new BoundChannelConfig(
            this,
            Map.of(
                ChannelOption.SO_RCVBUF,
                driver.config().udp().receiveBufferBytes(),
                NetstackOption.OWNER,
                "a UDP socket"),
            () -> readPending = false,
            this::applyOptions);
  }

  NetstackDatagramChannel(NetStackDriver driver, UdpSocket accepted) {
    this(driver);
    take(accepted);
  }

  private void take(UdpSocket made) {
    made.attach(this);
    socket = made;
    applyOptions();
    updateAddresses(made);
    driver.ports().add(this);
  }

  private void applyOptions() {
    if (socket != null) {
      socket.setReceiveBufferBytes(config.receiveBufferBytes());
    }
  }

  private void updateAddresses(UdpSocket of) {
    local = SocketAddresses.of(of.local());
    remote = of.remote().map(SocketAddresses::of).orElse(null);
  }

  // ---- binding and connecting ----

  @Override
  protected void doBind(SocketAddress address) throws IOException {
    bind(SocketAddresses.endpoint(address));
  }

  private UdpSocket bind(IpEndpoint wanted) throws IOException {
    if (!driver.isOpen()) {
      throw new SocketException("Network is down");
    }
    UdpBind result =
        wanted.isUnspecified()
            ? driver.stack().udp().bindAny(wanted.port())
            : driver.stack().udp().bind(wanted);
    return switch (result) {
      case UdpBind.Bound(UdpSocket made) -> {
        take(made);
        yield made;
      }
      case UdpBind.Refused(UdpBind.Reason reason, IpEndpoint local) ->
          throw reason == UdpBind.Reason.ADDRESS_IN_USE
              ? driver.ports().inUse(BoundPorts.Protocol.UDP, local)
              : SocketFailures.of(reason);
    };
  }

  private void dial(SocketAddress to, @Nullable SocketAddress from) throws IOException {
    IpEndpoint far = SocketAddresses.endpoint(to);
    requireOneHost(far);
    UdpSocket of = socket;
    if (of == null) {
      of = bind(from == null ? IpEndpoint.of6(0, 0, 0) : SocketAddresses.endpoint(from));
    }
    if (!of.connect(far)) {
      throw new NoRouteToHostException("No route to host");
    }
    updateAddresses(of);
  }

  /// The stack has another address in place of one that this may have had.
  @SuppressWarnings("deprecation") // Netty remembers the address, and knows no other way to forget.
  void onAddressChanged() {
    if (socket != null) {
      updateAddresses(socket);
      invalidateLocalAddress();
    }
  }

  @Override
  protected void doDisconnect() {
    if (socket != null) {
      socket.disconnect();
      updateAddresses(socket);
    }
  }

  @Override
  protected void doClose() {
    open = false;
    if (socket != null && driver.eventLoop().inEventLoop()) {
      driver.ports().remove(this);
      socket.close();
    }
  }

  // ---- reading ----

  /// Datagrams or an error wait.
  void onReadable() {
    UdpSocket of = socket;
    UdpError error = of == null ? null : of.pollError();
    if (error != null) {
      pipeline().fireExceptionCaught(SocketFailures.of(error));
    }
    if (readPending && open) {
      deliver();
    }
  }

  @Override
  protected void doBeginRead() {
    readPending = true;
    if (socket != null && socket.waitingDatagrams() > 0 && !readQueued) {
      readQueued = true;
      eventLoop().execute(readTask);
    }
  }

  private void readQueued() {
    readQueued = false;
    if (readPending && open) {
      deliver();
    }
  }

  private void deliver() {
    UdpSocket of = socket;
    InetSocketAddress recipient = local;
    int delivered = 0;
    while (delivered < DATAGRAMS_PER_READ && of != null && open && of.receive(view)) {
      readPending = false;
      delivered++;
      pipeline()
          .fireChannelRead(
              new DatagramPacket(view.payload(), recipient, SocketAddresses.of(view.source())));
    }
    if (delivered > 0) {
      pipeline().fireChannelReadComplete();
    }
  }

  // ---- writing ----

  @Override
  protected Object filterOutboundMessage(Object msg) throws SocketException {
    if (msg instanceof DatagramPacket packet) {
      requireOneHost(SocketAddresses.endpoint(packet.recipient()));
      return msg;
    }
    if (msg instanceof ByteBuf) {
      if (remote == null) {
        throw new NotYetConnectedException();
      }
      return msg;
    }
    throw new UnsupportedOperationException(
        "unsupported message type: "
            + StringUtil.simpleClassName(msg)
            + " (expected: DatagramPacket, ByteBuf)");
  }

  private void requireOneHost(IpEndpoint to) throws SocketException {
    if (driver.stack().isMultiDestination(to)) {
      throw new SocketException("Network is unreachable: nothing is sent to a group");
    }
  }

  @Override
  protected void doWrite(ChannelOutboundBuffer in) throws IOException {
    UdpSocket of = socket;
    if (of == null) {
      throw new ClosedChannelException();
    }
    for (Object msg = in.current(); msg != null; msg = in.current()) {
      switch (send(of, msg)) {
        case SENT -> in.remove();
        case TOO_LONG -> in.remove(new SocketException("Message too long"));
        case NO_ROUTE -> in.remove(new NoRouteToHostException("No route to host"));
        case CLOSED -> in.remove(new ClosedChannelException());
        case QUEUE_FULL -> {
          if (!awaitingRoom) {
            awaitingRoom = true;
            driver.awaitRoom(this);
          }
          driver.changed();
          return;
        }
      }
    }
    driver.changed();
  }

  private UdpSend send(UdpSocket of, Object msg) {
    long now = driver.nowNanos();
    if (msg instanceof DatagramPacket packet) {
      IpEndpoint to = SocketAddresses.endpoint(packet.recipient());
      return of.send(packet.content().retainedDuplicate(), to, now);
    }
    return of.send(((ByteBuf) msg).retainedDuplicate(), now);
  }

  /// Packets have left the queue.
  void onRoom() {
    awaitingRoom = false;
    if (open) {
      ((DatagramUnsafe) unsafe()).flushPending();
    }
  }

  // ---- the rest of a channel ----

  @Override
  public ChannelConfig config() {
    return config;
  }

  @Override
  public boolean isOpen() {
    return open;
  }

  @Override
  public boolean isActive() {
    return open && local != null;
  }

  @Override
  public ChannelMetadata metadata() {
    return METADATA;
  }

  @Override
  protected boolean isCompatible(EventLoop loop) {
    return loop.equals(driver.eventLoop());
  }

  /// Another one while connected, when it is bound to any address.
  @Override
  public @Nullable SocketAddress localAddress() {
    return local;
  }

  @Override
  public @Nullable SocketAddress remoteAddress() {
    return remote;
  }

  @Override
  protected @Nullable SocketAddress localAddress0() {
    return local;
  }

  @Override
  protected @Nullable SocketAddress remoteAddress0() {
    return remote;
  }

  @Override
  protected AbstractUnsafe newUnsafe() {
    return new DatagramUnsafe();
  }

  private final class DatagramUnsafe extends AbstractUnsafe {

    @Override
    public void connect(SocketAddress to, @Nullable SocketAddress from, ChannelPromise promise) {
      if (!promise.setUncancellable() || !ensureOpen(promise)) {
        return;
      }
      boolean wasActive = isActive();
      try {
        dial(to, from);
      } catch (IOException | RuntimeException e) {
        promise.tryFailure(e);
        return;
      }
      promise.trySuccess();
      if (!wasActive && isActive()) {
        pipeline().fireChannelActive();
      }
    }

    /// Writes on what was flushed before and found the queue full.
    void flushPending() {
      flush0();
    }
  }
}
