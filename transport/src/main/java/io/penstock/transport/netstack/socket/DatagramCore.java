package io.penstock.transport.netstack.socket;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoop;
import io.penstock.protocol.netstack.ip.HeldMemory;
import io.penstock.transport.netstack.NetstackDatagramChannel;
import io.penstock.transport.netstack.NetstackOption;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.DatagramPacket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.util.Arrays;
import java.util.Objects;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/// The core of a [StackDatagramSocket]: a UDP socket of the stack, seen by threads that block.
///
/// Datagrams wait in the stack until a thread waits for one; then up to 16 come at once. A datagram
/// that is sent goes to the event loop and back, so that the sender learns what became of it. Any
/// thread but the event loop.
final class DatagramCore extends GrouplessCore {

  private final StackSockets sockets;
  private final EventLoop loop;
  private final Intake<io.netty.channel.socket.DatagramPacket> received;
  private final PacketRooms rooms = new PacketRooms();
  private final AtomicReference<@Nullable Throwable> error = new AtomicReference<>();
  private final AtomicBoolean closed = new AtomicBoolean();
  private final @Nullable NetstackDatagramChannel adopted;
  private @Nullable NetstackDatagramChannel channel;
  private @Nullable DatagramOptions options;

  DatagramCore(StackSockets sockets) {
    this(sockets, null);
  }

  /// @param adopted a channel that is connected already, whose auto-read is off
  DatagramCore(StackSockets sockets, @Nullable NetstackDatagramChannel adopted) {
    this.sockets = sockets;
    this.adopted = adopted;
    loop = sockets.eventLoop();
    received =
        new Intake<>(
            loop::inEventLoop,
            packet -> HeldMemory.bytes(packet.content()),
            0,
            this::askForMore,
            io.netty.channel.socket.DatagramPacket::release);
  }

  private NetstackDatagramChannel channel() {
    return Objects.requireNonNull(channel, "the socket was never created");
  }

  private void requireOpen() throws SocketException {
    if (closed.get()) {
      throw Failures.closed();
    }
  }

  // ---- the port ----

  @Override
  protected void create() throws SocketException {
    if (adopted != null) {
      take(adopted);
      adopted.pipeline().addLast(new Receiving());
      return;
    }
    Failures.requireRunning(loop);
    NetstackDatagramChannel made = sockets.newDatagramChannel();
    take(made);
    made.config().setAutoRead(false);
    made.config().setOption(NetstackOption.OWNER, sockets.owner());
    made.pipeline().addLast(new Receiving());
    loop.register(made);
  }

  private void take(NetstackDatagramChannel made) {
    options = new DatagramOptions(made);
    channel = made;
  }

  @Override
  protected void bind(int port, InetAddress address) throws SocketException {
    requireOpen();
    if (adopted == null) {
      await(channel().bind(new InetSocketAddress(address, port)));
    }
    localPort = options().local().getPort();
  }

  @Override
  protected void connect(InetAddress address, int port) throws SocketException {
    requireOpen();
    if (adopted != null) {
      requireSame(adopted, address, port);
      return;
    }
    ChannelFuture connected = channel().connect(new InetSocketAddress(address, port));
    // What came before may be of others; on the event loop nothing comes in between.
    connected.addListener(_ -> received.discardWaiting());
    await(connected);
    error.set(null);
  }

  private static void requireSame(NetstackDatagramChannel adopted, InetAddress address, int port)
      throws SocketException {
    if (!new InetSocketAddress(address, port).equals(adopted.remoteAddress())) {
      throw new SocketException("the socket is connected to " + adopted.remoteAddress());
    }
  }

  @Override
  protected void disconnect() {
    try {
      await(channel().disconnect());
    } catch (SocketException e) {
      throw new UncheckedIOException(e);
    }
    error.set(null);
  }

  private void await(ChannelFuture done) throws SocketException {
    try {
      Gate.await(loop, done);
    } catch (SocketException e) {
      throw e;
    } catch (IOException e) {
      throw new SocketException(e.getMessage(), e);
    }
  }

  /// The JDK calls this also when a port could not be had, after which another may be tried; so
  /// nothing is closed before there is one. [StackDatagramSocket#close] calls [#end].
  @Override
  protected void close() {
    if (localPort != 0) {
      end();
    }
  }

  /// Ends the socket for good.
  void end() {
    if (!closed.compareAndSet(false, true)) {
      return;
    }
    received.close();
    if (channel != null) {
      channel.close();
    }
  }

  // ---- sending ----

  @Override
  protected void send(DatagramPacket packet) throws IOException {
    requireOpen();
    throwError();
    int length = packet.getLength();
    int limitBytes = options().sendBufferBytes();
    if (length > limitBytes) {
      throw new SocketException("Message too long: SO_SNDBUF is " + limitBytes);
    }
    int start = packet.getOffset();
    ByteBuf payload =
        Unpooled.wrappedBuffer(Arrays.copyOfRange(packet.getData(), start, start + length));
    InetSocketAddress to = new InetSocketAddress(packet.getAddress(), packet.getPort());
    ChannelFuture sent =
        channel().writeAndFlush(new io.netty.channel.socket.DatagramPacket(payload, to));
    Gate gate = new Gate(loop::inEventLoop);
    sent.addListener(_ -> gate.open());
    int limitMillis = sockets.limits().sendMillis();
    if (!gate.awaitUninterruptibly(sent::isDone, Gate.deadlineNanos(limitMillis))) {
      throw new SocketException(
          "No buffer space available: the link has taken no packets for " + limitMillis + " ms");
    }
    if (!sent.isSuccess()) {
      throw Failures.of(sent.cause());
    }
  }

  /// What ICMP said about a connected socket is told once, to whoever comes first.
  private void throwError() throws IOException {
    Throwable told = error.getAndSet(null);
    if (told != null) {
      throw Failures.of(told);
    }
  }

  // ---- receiving ----

  private void askForMore() {
    try {
      loop.execute(() -> channel().read());
    } catch (RejectedExecutionException _) {
      received.end();
    }
  }

  @Override
  protected void receive(DatagramPacket packet) throws IOException {
    long deadlineNanos = Gate.deadlineNanos(options().timeoutMillis());
    if (!received.enter(deadlineNanos)) {
      throw new SocketTimeoutException("Receive timed out");
    }
    try {
      io.netty.channel.socket.DatagramPacket next = take(deadlineNanos);
      try {
        rooms.fill(packet, next.content());
        packet.setSocketAddress(
            new InetSocketAddress(
                Literals.named(next.sender().getAddress()), next.sender().getPort()));
      } finally {
        next.release();
      }
    } finally {
      received.exit();
    }
  }

  private io.netty.channel.socket.DatagramPacket take(long deadlineNanos) throws IOException {
    while (true) {
      boolean timely = received.await(() -> error.get() != null, deadlineNanos);
      requireOpen();
      throwError();
      if (!timely) {
        throw new SocketTimeoutException("Receive timed out");
      }
      io.netty.channel.socket.DatagramPacket next = received.poll();
      if (next != null) {
        return next;
      }
      if (received.isEnded()) {
        throw new SocketException("Network is down");
      }
    }
  }

  /// Brings datagrams and errors, on the event loop.
  private final class Receiving extends ChannelInboundHandlerAdapter {

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
      received.add((io.netty.channel.socket.DatagramPacket) message);
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
      received.answered();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      error.set(cause);
      received.wake();
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
      received.end();
    }
  }

  @Override
  DatagramOptions options() {
    return Objects.requireNonNull(options, "the socket was never created");
  }
}
