package io.penstock.transport.netstack;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFactory;
import io.netty.channel.ChannelHandler;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;
import io.penstock.protocol.netstack.AcceptedFlow;
import io.penstock.protocol.netstack.NetStack;
import io.penstock.protocol.netstack.NetStackConfig;
import io.penstock.protocol.netstack.PacketTap;
import io.penstock.protocol.netstack.flow.FlowArrived;
import io.penstock.protocol.netstack.tcp.TcpConnection;
import io.penstock.protocol.netstack.tcp.TcpListener;
import io.penstock.protocol.netstack.udp.UdpSocket;
import io.penstock.protocol.netstack.wire.IpEndpoint;
import io.penstock.transport.EngineLoop;
import java.io.IOException;
import java.security.SecureRandom;
import java.util.ArrayDeque;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/// A TCP/IP stack at work: one [NetStack] on one event loop, with one [Link].
///
/// Channels are bootstrapped with [#channels], [#serverChannels] and [#datagramChannels] on
/// [#eventLoop] and no other; one that is given another event loop is refused.
///
/// Packets stay in the stack until the link takes them, so that the newest acknowledgment goes and
/// not an old one. The driver owns the link. It ends with [#close], or when the link ends; then all
/// its channels are closed and all memory is given back. Any thread may call the methods that do
/// not say otherwise.
public final class NetStackDriver {

  /// What is sent before events are looked at: a batch that no channel waits long for.
  private static final int PACKETS_PER_ROUND = 64;

  private final Link link;
  private final EventLoop eventLoop;
  private final NetStackConfig config;
  private final NetStack stack;
  private final EngineLoop loop;
  private final Promise<Void> closed;
  private final BoundPorts ports;
  private final ArrayDeque<NetstackDatagramChannel> awaitingRoom = new ArrayDeque<>();
  private final Set<NetstackChannel> outliving = new LinkedHashSet<>();
  private Consumer<FlowArrived> flows = _ -> {};
  private Consumer<NetstackChannel> connections = _ -> {};
  private boolean open = true;

  private NetStackDriver(Link link, NetStackConfig config, RandomGenerator random) {
    this.link = link;
    this.config = config;
    eventLoop = link.eventLoop();
    ports = new BoundPorts(config.tcp(), random);
    stack = new NetStack(config, link.traits(), PooledByteBufAllocator.DEFAULT, random, nowNanos());
    loop = new EngineLoop(eventLoop, stack, this::drain);
    closed = eventLoop.newPromise();
  }

  /// Starts a stack without addresses on a link, which it owns from now on.
  public static NetStackDriver start(Link link, NetStackConfig config) {
    return start(link, config, new SecureRandom());
  }

  /// The same with keys, ports and sequence numbers from a random source of the caller's, which
  /// nobody outside may be able to guess.
  public static NetStackDriver start(Link link, NetStackConfig config, RandomGenerator random) {
    NetStackDriver driver = new NetStackDriver(link, config, random);
    driver.eventLoop.execute(() -> link.start(driver.new FromLink()));
    return driver;
  }

  // ---- for users ----

  public EventLoop eventLoop() {
    return eventLoop;
  }

  public NetStackConfig config() {
    return config;
  }

  /// Makes connections, for a `Bootstrap`.
  public ChannelFactory<NetstackChannel> channels() {
    return () -> new NetstackChannel(this);
  }

  /// Makes listeners, for a `ServerBootstrap`.
  public ChannelFactory<NetstackServerChannel> serverChannels() {
    return () -> new NetstackServerChannel(this);
  }

  /// Makes UDP sockets, for a `Bootstrap`.
  public ChannelFactory<NetstackDatagramChannel> datagramChannels() {
    return () -> new NetstackDatagramChannel(this);
  }

  /// Makes an address the stack's own; its port is ignored.
  public Future<?> addAddress(IpEndpoint address, int prefixBits) {
    return call(
        stack -> {
          stack.addAddress(address, prefixBits);
          return true;
        });
  }

  /// Gives an address up for another of the same version: connections from it end, and channels
  /// that are bound to it alone are bound to the new one.
  public Future<?> replaceAddress(IpEndpoint before, IpEndpoint now, int prefixBits) {
    return call(
        stack -> {
          stack.replaceAddress(before, now, prefixBits);
          for (Channel channel : ports.all()) {
            switch (channel) {
              case NetstackServerChannel server -> server.onAddressChanged();
              case NetstackDatagramChannel socket -> socket.onAddressChanged();
              default -> {}
            }
          }
          return true;
        });
  }

  /// Does something with the stack on its event loop, and what follows from it.
  public <T> Future<T> call(Function<NetStack, T> task) {
    return eventLoop.submit(
        () -> {
          T result = task.apply(stack);
          changed();
          return result;
        });
  }

  /// Sets who is told of flows that nobody owns, on the event loop, and answers with [#accept] or
  /// through the [NetStack]. Until this is called they are refused.
  public void onFlow(Consumer<FlowArrived> consumer) {
    onLoop(
        () -> {
          flows = consumer;
          stack.wantFlows(true);
        });
  }

  /// Lets a tap see every packet from now on.
  public void tap(PacketTap tap) {
    onLoop(() -> stack.addTap(tap));
  }

  /// Shows a tap no more packets.
  public void untap(PacketTap tap) {
    onLoop(() -> stack.removeTap(tap));
  }

  private void onLoop(Runnable task) {
    try {
      eventLoop.execute(task);
    } catch (RejectedExecutionException _) {
      // The event loop has ended; nothing runs there any more.
    }
  }

  /// Sets who sees each connection on the event loop as it gets its channel: accepted ones before
  /// their handlers do, others when their SYN goes.
  public void onConnection(Consumer<NetstackChannel> consumer) {
    onLoop(() -> connections = consumer);
  }

  /// Refuses flows that nobody owns again, as before the first [#onFlow].
  public void refuseFlows() {
    onLoop(
        () -> {
          flows = _ -> {};
          stack.wantFlows(false);
        });
  }

  /// Refuses a flow that was told of, with a reset or "port unreachable"; harmless when it is no
  /// longer pending. Event loop only.
  public void refuse(FlowArrived flow) {
    assert eventLoop.inEventLoop();
    stack.refuse(flow, nowNanos());
    changed();
  }

  /// Takes a flow that was told of. Event loop only.
  ///
  /// @param handler the first of the channel's pipeline
  /// @return the connection, active once its handshake is complete, or the connected UDP socket;
  ///   empty when the flow is no longer pending or there is no room for it
  public Optional<Channel> accept(FlowArrived flow, ChannelHandler handler) {
    assert eventLoop.inEventLoop();
    Optional<Channel> accepted =
        switch (stack.accept(flow, nowNanos())) {
          case AcceptedFlow.Tcp(TcpConnection connection) ->
              Optional.of(NetstackChannel.pending(this, connection));
          case AcceptedFlow.Udp(UdpSocket socket) ->
              Optional.of(new NetstackDatagramChannel(this, socket));
          case AcceptedFlow.Gone() -> Optional.empty();
        };
    accepted.ifPresent(
        channel -> {
          channel.pipeline().addLast(handler);
          eventLoop.register(channel);
        });
    changed();
    return accepted;
  }

  /// Closes all listeners; connections that wait to be accepted are reset, all others go on.
  public void closeListeners() {
    onLoop(
        () -> {
          for (Channel channel : ports.all()) {
            if (channel instanceof NetstackServerChannel) {
              channel.close();
            }
          }
        });
  }

  /// Ends the stack with all its channels, and its link.
  public Future<Void> close() {
    if (eventLoop.inEventLoop()) {
      end(null);
      return closed;
    }
    onLoop(() -> end(null));
    return closed;
  }

  /// Succeeds when the stack has been closed, fails with the [IOException] of the link that ended.
  public Future<Void> closeFuture() {
    return closed;
  }

  // ---- for channels, on the event loop ----

  NetStack stack() {
    return stack;
  }

  long nowNanos() {
    return EngineLoop.nowNanos(eventLoop);
  }

  boolean isOpen() {
    return open;
  }

  /// A connection has its channel.
  void connected(NetstackChannel channel) {
    connections.accept(channel);
  }

  /// A channel is still open though its connection is over, for what is unread.
  void outlived(NetstackChannel channel) {
    outliving.add(channel);
  }

  /// A channel closes.
  void closed(NetstackChannel channel) {
    outliving.remove(channel);
  }

  /// The stack has been called.
  void changed() {
    if (open) {
      loop.runSoon();
    }
  }

  /// Who holds a local port; a channel in there is closed with the stack.
  BoundPorts ports() {
    return ports;
  }

  /// Tells a channel once packets have left, as its datagrams found the queue full.
  void awaitRoom(NetstackDatagramChannel channel) {
    awaitingRoom.add(channel);
  }

  // ---- the loop ----

  private boolean drain() {
    boolean moved = transmit();
    moved |= tellConnections();
    for (TcpListener listener = stack.tcp().pollAcceptable();
        listener != null;
        listener = stack.tcp().pollAcceptable()) {
      if (listener.attachment() instanceof NetstackServerChannel channel) {
        channel.onAcceptable();
      }
      moved = true;
    }
    for (UdpSocket socket = stack.udp().pollReadable();
        socket != null;
        socket = stack.udp().pollReadable()) {
      if (socket.attachment() instanceof NetstackDatagramChannel channel) {
        channel.onReadable();
      }
      moved = true;
    }
    for (FlowArrived flow = stack.pollFlow(); flow != null; flow = stack.pollFlow()) {
      flows.accept(flow);
      moved = true;
    }
    return moved;
  }

  private boolean transmit() {
    long now = nowNanos();
    int packets = 0;
    while (packets < PACKETS_PER_ROUND && open && link.isWritable()) {
      ByteBuf packet = stack.transmit(now);
      if (packet == null) {
        break;
      }
      link.send(packet, stack.lastSegmentBytes());
      packets++;
    }
    if (packets == 0) {
      return false;
    }
    link.flush();
    for (int waiting = awaitingRoom.size(); waiting > 0; waiting--) {
      awaitingRoom.remove().onRoom();
    }
    return true;
  }

  private boolean tellConnections() {
    boolean told = false;
    for (TcpConnection connection = stack.tcp().pollReady();
        connection != null;
        connection = stack.tcp().pollReady()) {
      if (connection.attachment() instanceof NetstackChannel channel) {
        channel.onReady();
      }
      told = true;
    }
    return told;
  }

  private void end(@Nullable IOException cause) {
    if (!open) {
      return;
    }
    open = false;
    loop.stop();
    link.close();
    ports.all().forEach(channel -> channel.unsafe().close(channel.voidPromise()));
    stack.close();
    tellConnections();
    List.copyOf(outliving).forEach(channel -> channel.unsafe().close(channel.voidPromise()));
    awaitingRoom.clear();
    if (cause == null) {
      closed.setSuccess(null);
    } else {
      closed.setFailure(cause);
    }
  }

  private final class FromLink implements LinkReceiver {

    @Override
    public void packet(ByteBuf packet, boolean checksumRight) {
      if (open) {
        stack.receive(packet, checksumRight, nowNanos());
      } else {
        packet.release();
      }
    }

    @Override
    public void batchEnd() {
      if (open) {
        loop.run();
      }
    }

    @Override
    public void writable() {
      batchEnd();
    }

    @Override
    public void mtuChanged(int mtuBytes) {
      if (open) {
        stack.setLinkMtu(mtuBytes);
        changed();
      }
    }

    @Override
    public void linkUp() {
      if (open) {
        stack.linkUp(nowNanos());
        changed();
      }
    }

    @Override
    public void closed(IOException cause) {
      end(cause);
    }
  }
}
