package io.penstock.transport.netstack.socket;

import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.penstock.transport.netstack.NetStackDriver;
import io.penstock.transport.netstack.NetstackChannel;
import io.penstock.transport.netstack.NetstackDatagramChannel;
import io.penstock.transport.netstack.NetstackServerChannel;
import java.io.IOException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.SocketException;
import java.net.UnknownHostException;
import java.net.spi.InetAddressResolver;
import java.net.spi.InetAddressResolver.LookupPolicy;
import java.util.Optional;
import java.util.stream.Stream;
import javax.net.ServerSocketFactory;
import javax.net.SocketFactory;

/// Makes the sockets of `java.net` over a TCP/IP stack of this process, for code that blocks.
///
/// They behave as the JDK's own, down to the exceptions, on virtual threads and on those of the
/// platform; `docs/protocol/sockets.md` lists the options and the differences. No socket of the
/// host is opened and no socket has a thread of its own. They must not be used on the event loop of
/// the stack, except to be closed. A socket holds its connection until it is closed.
///
/// **Names** are looked up by the resolver that was given, and never by the host. Without one, a
/// name is an [UnknownHostException].
///
/// Any thread. Instances share nothing but the stack.
public final class StackSockets {

  private static final String DEFAULT_OWNER = "a socket of this process";

  private static final LookupPolicy ANY_VERSION =
      LookupPolicy.of(LookupPolicy.IPV4 | LookupPolicy.IPV6);

  private final NetStackDriver driver;
  private final SocketLimits limits;
  private final Optional<InetAddressResolver> resolver;
  private final String owner;

  /// Makes sockets over a stack that look up no names.
  public StackSockets(NetStackDriver driver) {
    this(driver, SocketLimits.defaults(), Optional.empty(), DEFAULT_OWNER);
  }

  private StackSockets(
      NetStackDriver driver,
      SocketLimits limits,
      Optional<InetAddressResolver> resolver,
      String owner) {
    this.driver = driver;
    this.limits = limits;
    this.resolver = resolver;
    this.owner = owner;
  }

  public StackSockets withLimits(SocketLimits value) {
    return new StackSockets(driver, value, resolver, owner);
  }

  /// The same with somebody who looks up names; called on the thread that connects.
  public StackSockets withResolver(InetAddressResolver value) {
    return new StackSockets(driver, limits, Optional.of(value), owner);
  }

  /// The same with another name for who has a port, which is told to whoever wants it too.
  public StackSockets withOwner(String value) {
    return new StackSockets(driver, limits, resolver, value);
  }

  // ---- for users ----

  /// Makes a socket that is not connected yet.
  public Socket newSocket() throws IOException {
    return new StackSocket(new ConnectionCore(this));
  }

  /// Makes the socket of a connection that exists, such as one that a `ServerBootstrap` has
  /// accepted. Its auto-read is off, nothing was read from it yet, and no handler of its pipeline
  /// reads.
  public Socket newSocket(NetstackChannel connected) throws IOException {
    StreamBridge bridge = new StreamBridge(connected, driver.eventLoop(), limits);
    connected.pipeline().addLast(bridge);
    ConnectionCore core = new ConnectionCore(this);
    core.adopt(bridge);
    Socket socket = new StackSocket(core);
    socket.connect(connected.remoteAddress());
    return socket;
  }

  /// Makes a server socket that is not bound yet.
  public ServerSocket newServerSocket() throws IOException {
    return new StackServerSocket(this);
  }

  /// Makes a UDP socket that is not bound yet; it binds itself to a free port when it is used.
  public DatagramSocket newDatagramSocket() throws SocketException {
    return new StackDatagramSocket(this);
  }

  /// Makes a UDP socket that is bound.
  public DatagramSocket newDatagramSocket(SocketAddress local) throws SocketException {
    DatagramSocket socket = newDatagramSocket();
    try {
      socket.bind(local);
    } catch (SocketException | RuntimeException e) {
      socket.close();
      throw e;
    }
    return socket;
  }

  /// Makes the socket of a conversation that exists, such as one that [NetStackDriver#accept] gave.
  /// Its auto-read is off, nothing was read from it yet, and no handler of its pipeline reads; it
  /// stays connected for ever.
  public DatagramSocket newDatagramSocket(NetstackDatagramChannel connected)
      throws SocketException {
    DatagramSocket socket = new StackDatagramSocket(this, new DatagramCore(this, connected));
    try {
      socket.connect(connected.remoteAddress());
    } catch (SocketException | RuntimeException e) {
      socket.close();
      throw e;
    }
    return socket;
  }

  public SocketFactory socketFactory() {
    return new StackSocketFactory(this);
  }

  public ServerSocketFactory serverSocketFactory() {
    return new StackServerSocketFactory(this);
  }

  /// The connection under a socket, also after the socket was closed; empty for a socket of another
  /// kind, and for one that was never used. The channel is not to be read, written or changed.
  public static Optional<NetstackChannel> connectionOf(Socket socket) {
    return socket instanceof StackSocket ours ? ours.connection() : Optional.empty();
  }

  // ---- for the sockets ----

  EventLoop eventLoop() {
    return driver.eventLoop();
  }

  SocketLimits limits() {
    return limits;
  }

  String owner() {
    return owner;
  }

  NetstackChannel newChannel() {
    NetstackChannel channel = driver.channels().newChannel();
    // The thread that connects has its own limit, and the stack has one for all.
    channel.config().setOption(ChannelOption.CONNECT_TIMEOUT_MILLIS, 0);
    return channel;
  }

  NetstackServerChannel newServerChannel() {
    return driver.serverChannels().newChannel();
  }

  NetstackDatagramChannel newDatagramChannel() {
    return driver.datagramChannels().newChannel();
  }

  /// The address with its name looked up, if it has but a name.
  InetSocketAddress resolved(SocketAddress address) throws IOException {
    if (!(address instanceof InetSocketAddress inet)) {
      throw new SocketException("Unsupported address type");
    }
    return inet.isUnresolved()
        ? new InetSocketAddress(lookUp(inet.getHostString()), inet.getPort())
        : inet;
  }

  private InetAddress lookUp(String host) throws UnknownHostException {
    Optional<InetAddress> literal = Literals.parse(host);
    if (literal.isPresent()) {
      return literal.get();
    }
    if (resolver.isEmpty()) {
      throw new UnknownHostException(host + ": these sockets were given no resolver");
    }
    try (Stream<InetAddress> found = resolver.get().lookupByName(host, ANY_VERSION)) {
      InetAddress first = found.findFirst().orElseThrow(() -> new UnknownHostException(host));
      return Literals.named(host, first);
    }
  }
}
