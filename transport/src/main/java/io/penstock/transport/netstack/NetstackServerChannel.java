package io.penstock.transport.netstack;

import io.netty.channel.AbstractServerChannel;
import io.netty.channel.ChannelConfig;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.penstock.protocol.netstack.NetStackConfig;
import io.penstock.protocol.netstack.tcp.TcpConnection;
import io.penstock.protocol.netstack.tcp.TcpListener;
import io.penstock.protocol.netstack.wire.IpEndpoint;
import java.io.IOException;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.SocketException;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// A TCP port of our own stack on which connections are accepted, as a Netty channel.
///
/// It is made by [NetStackDriver#serverChannels] and bound to an address of the stack, or to the
/// unspecified one for all of them, of both versions; port 0 picks a free port. `SO_BACKLOG` says
/// how many connections may wait to be accepted. Without auto-read they wait until somebody reads.
/// The children live on the same event loop; one that is given another is closed.
public final class NetstackServerChannel extends AbstractServerChannel {

  /// What Linux allows.
  private static final int DEFAULT_BACKLOG = 4096;

  /// Connections that one read accepts.
  private static final int ACCEPTS_PER_READ = 16;

  private final NetStackDriver driver;
  private final BoundChannelConfig config =
      new BoundChannelConfig(
          this,
          Map.of(
              ChannelOption.SO_BACKLOG,
              DEFAULT_BACKLOG,
              NetstackOption.OWNER,
              "a listener",
              NetstackOption.EXCLUSIVE,
              false),
          () -> readPending = false,
          () -> {});
  private final Runnable acceptTask = this::acceptQueued;
  private @Nullable TcpListener listener;
  private boolean readPending;
  private boolean acceptQueued;
  private boolean mayWait;
  private volatile boolean open = true;
  private volatile @Nullable InetSocketAddress local;

  NetstackServerChannel(NetStackDriver driver) {
    this.driver = driver;
  }

  NetStackDriver driver() {
    return driver;
  }

  @Override
  protected void doBind(SocketAddress address) throws IOException {
    if (!driver.isOpen()) {
      throw new SocketException("Network is down");
    }
    IpEndpoint wanted = SocketAddresses.endpoint(address);
    boolean any = wanted.isUnspecified();
    if (!any
        && !driver.stack().hasAddress(wanted)
        && driver.config().destinations() != NetStackConfig.Destinations.ANY) {
      throw new BindException("Cannot assign requested address: " + wanted.addressText());
    }
    if (driver.ports().overlapping(BoundPorts.Protocol.TCP, wanted).orElse(this)
        instanceof NetstackChannel) {
      throw driver.ports().inUse(BoundPorts.Protocol.TCP, wanted);
    }
    driver.ports().requireSharing(this, wanted);
    int backlog = Math.max(1, config.backlog());
    Optional<TcpListener> made =
        any
            ? driver.stack().tcp().listen(wanted.port(), backlog)
            : driver.stack().tcp().listen(wanted, backlog);
    TcpListener bound =
        made.orElseThrow(() -> driver.ports().inUse(BoundPorts.Protocol.TCP, wanted));
    bound.attach(this);
    listener = bound;
    local = SocketAddresses.of(wanted.withPort(bound.port()));
    driver.ports().add(this);
  }

  /// The stack has another address in place of one that this may have had.
  @SuppressWarnings("deprecation") // Netty remembers the address, and knows no other way to forget.
  void onAddressChanged() {
    TcpListener of = listener;
    if (of != null && !of.isWildcard()) {
      local = SocketAddresses.of(of.local());
      invalidateLocalAddress();
    }
  }

  /// Connections wait.
  void onAcceptable() {
    mayWait = true;
    if (readPending) {
      accept();
    }
  }

  @Override
  protected void doBeginRead() {
    readPending = true;
    if (mayWait && !acceptQueued) {
      acceptQueued = true;
      eventLoop().execute(acceptTask);
    }
  }

  private void acceptQueued() {
    acceptQueued = false;
    if (readPending && open) {
      accept();
    }
  }

  private void accept() {
    TcpListener of = listener;
    // Without auto-read those that are not asked for wait where the backlog counts them.
    int most = config.isAutoRead() ? ACCEPTS_PER_READ : 1;
    int accepted = 0;
    while (accepted < most && of != null && open) {
      TcpConnection connection = of.accept();
      if (connection == null) {
        mayWait = false;
        break;
      }
      readPending = false;
      accepted++;
      pipeline().fireChannelRead(NetstackChannel.accepted(this, connection));
    }
    if (accepted > 0) {
      pipeline().fireChannelReadComplete();
      driver.changed();
    }
  }

  @Override
  protected void doClose() {
    open = false;
    TcpListener of = listener;
    if (of != null && driver.eventLoop().inEventLoop()) {
      listener = null;
      driver.ports().remove(this);
      of.close();
      driver.changed();
    }
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
  public ChannelConfig config() {
    return config;
  }

  @Override
  protected boolean isCompatible(EventLoop loop) {
    return loop.equals(driver.eventLoop());
  }

  @Override
  protected @Nullable SocketAddress localAddress0() {
    return local;
  }
}
