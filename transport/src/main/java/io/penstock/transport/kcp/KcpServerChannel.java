package io.penstock.transport.kcp;

import io.netty.buffer.ByteBuf;
import io.netty.channel.AbstractChannel;
import io.netty.channel.ChannelConfig;
import io.netty.channel.ChannelFactory;
import io.netty.channel.ChannelMetadata;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.ChannelPromise;
import io.netty.channel.DefaultChannelConfig;
import io.netty.channel.EventLoop;
import io.netty.channel.ServerChannel;
import io.netty.util.concurrent.Future;
import io.penstock.protocol.kcp.KcpCloseReason;
import io.penstock.protocol.kcp.KcpConfig;
import io.penstock.protocol.kcp.KcpHeader;
import io.penstock.protocol.kcp.KcpInput;
import io.penstock.protocol.kcp.KcpSession;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/// A UDP socket that accepts KCP conversations, as a Netty server channel.
///
/// Bootstrap it with [#factory] and **one** event loop for itself and its children, for instance
/// `new ServerBootstrap().group(loops.next())`: all sessions of a socket run on the loop of the
/// socket, and a child that is given another one is refused.
///
/// A conversation opens with its segment 0 from an address that has none. From an address that has
/// one, another conversation replaces it if it is unproven; a proven one goes on beside it until
/// the newcomer has proven itself too, so that a forged datagram ends nothing. What unproven
/// sessions may cost, and proven ones before they are admitted, is set by [KcpServerLimits].
///
/// Closing the channel ends the accepting of new conversations. Those that are open go on, and the
/// socket is closed after the last of them.
///
/// Deviates from kcp-go: there any segment opens a conversation, so that a dead one's repetitions
/// open it again, and any segment numbered 0 replaces one.
public final class KcpServerChannel extends AbstractChannel implements ServerChannel {

  private static final ChannelMetadata METADATA = new ChannelMetadata(false, 16);

  private enum Stage {
    NEW,
    BOUND,
    CLOSED
  }

  private final ChannelConfig config = new DefaultChannelConfig(this);
  private final KcpConfig kcpConfig;
  private final KcpServerLimits limits;
  private final UnprovenPeers unproven;
  private final Conversations conversations = new Conversations();
  private final Map<KcpChannel, Future<?>> proveTimers = new HashMap<>();
  private final Set<KcpChannel> touched = new LinkedHashSet<>();
  private final Map<KcpDrop, LongAdder> drops = new EnumMap<>(KcpDrop.class);
  private volatile Stage stage = Stage.NEW;
  private @Nullable UdpSocket socket;

  /// Makes a server with default knobs and limits.
  public KcpServerChannel() {
    this(KcpConfig.defaults(), KcpServerLimits.defaults());
  }

  public KcpServerChannel(KcpConfig config, KcpServerLimits limits) {
    super(null);
    kcpConfig = config;
    this.limits = limits;
    unproven = new UnprovenPeers(limits);
    for (KcpDrop drop : KcpDrop.values()) {
      drops.put(drop, new LongAdder());
    }
  }

  /// Makes channels for a server's bootstrap.
  public static ChannelFactory<KcpServerChannel> factory(KcpConfig config, KcpServerLimits limits) {
    return () -> new KcpServerChannel(config, limits);
  }

  /// How many datagrams were dropped for this reason. Callable from any thread.
  public long dropped(KcpDrop reason) {
    LongAdder count = drops.get(reason);
    return count == null ? 0 : count.sum();
  }

  /// How many sessions are unproven. Event loop only.
  public int unprovenPeers() {
    return unproven.size();
  }

  /// What unproven sessions hold in all. Event loop only.
  public long unprovenBytes() {
    return unproven.heldBytes();
  }

  // ---- datagrams ----

  private void received(ByteBuf datagram, InetSocketAddress sender) {
    if (datagram.readableBytes() < KcpHeader.BYTES) {
      drop(datagram, KcpDrop.REJECTED);
      return;
    }
    int conv = KcpHeader.conv(datagram, datagram.readerIndex());
    KcpChannel channel = conversations.find(sender, conv);
    if (channel != null) {
      feed(channel, datagram);
    } else {
      openOrDrop(datagram, sender, conv);
    }
  }

  private void feed(KcpChannel channel, ByteBuf datagram) {
    if (unproven.contains(channel) && !unproven.admitsBytes(channel)) {
      drop(datagram, KcpDrop.UNPROVEN_BYTES);
      return;
    }
    if (channel.receive(datagram) != KcpInput.ACCEPTED) {
      count(KcpDrop.REJECTED);
    }
    touched.add(channel);
    changed(channel);
  }

  private void openOrDrop(ByteBuf datagram, InetSocketAddress sender, int conv) {
    UdpSocket bound = socket;
    if (!KcpHeader.opensConversation(datagram)) {
      boolean known = conversations.isKnown(sender);
      drop(datagram, known ? KcpDrop.OTHER_CONVERSATION : KcpDrop.NO_CONVERSATION);
    } else if (stage != Stage.BOUND || bound == null || !config.isAutoRead()) {
      drop(datagram, KcpDrop.NOT_ACCEPTING);
    } else if (!unproven.admitsBytes(null)) {
      drop(datagram, KcpDrop.UNPROVEN_BYTES);
    } else if (!unproven.admitsPeer()) {
      drop(datagram, KcpDrop.UNPROVEN_PEERS);
    } else {
      KcpChannel channel = open(bound, sender, conv);
      if (channel.isOpen()) {
        feed(channel, datagram);
      } else {
        drop(datagram, KcpDrop.NOT_ACCEPTING);
      }
    }
  }

  private KcpChannel open(UdpSocket bound, InetSocketAddress sender, int conv) {
    KcpSession session = KcpLink.newSession(conv, kcpConfig, config.getAllocator());
    session.confine(limits.unprovenSegments());
    KcpChannel channel = new KcpChannel(this, bound, session, kcpConfig, sender);
    enter(channel, sender);
    unproven.add(channel);
    proveTimers.put(
        channel,
        eventLoop()
            .schedule(
                () -> channel.abort(KcpCloseReason.UNPROVEN),
                limits.proveWithin().toNanos(),
                TimeUnit.NANOSECONDS));
    pipeline().fireChannelRead(channel);
    if (!channel.isRegistered()) {
      channel.abort(KcpCloseReason.SOCKET_CLOSED);
    }
    return channel;
  }

  private void enter(KcpChannel channel, InetSocketAddress sender) {
    KcpChannel current = conversations.current(sender);
    boolean replaceable = current == null || (current.isOpen() && unproven.contains(current));
    KcpChannel replaced =
        replaceable ? conversations.put(sender, channel) : conversations.putBeside(sender, channel);
    if (replaced != null) {
      replaced.abort(KcpCloseReason.REPLACED);
    }
  }

  private void batchEnded() {
    if (touched.isEmpty()) {
      return;
    }
    List<KcpChannel> batch = new ArrayList<>(touched);
    touched.clear();
    pipeline().fireChannelReadComplete();
    for (KcpChannel channel : batch) {
      channel.afterInput();
      changed(channel);
    }
  }

  private void drop(ByteBuf datagram, KcpDrop reason) {
    datagram.release();
    count(reason);
  }

  private void count(KcpDrop reason) {
    LongAdder counter = drops.get(reason);
    if (counter != null) {
      counter.increment();
    }
  }

  // ---- what children tell ----

  /// The session has changed what it holds.
  void changed(KcpChannel channel) {
    KcpSession session = channel.session();
    unproven.update(channel, session.heldBytes(), session.isReturnProven());
  }

  void proven(KcpChannel channel) {
    if (!unproven.contains(channel)) {
      return;
    }
    forgetProof(channel);
    KcpChannel replaced = conversations.promote(remoteOf(channel), channel);
    if (replaced != null) {
      replaced.abort(KcpCloseReason.REPLACED);
    }
  }

  void admitted(KcpChannel channel) {
    proven(channel);
    if (channel.isOpen()) {
      channel.session().liftConfinement();
      channel.afterInput();
    }
  }

  void ended(KcpChannel channel) {
    forgetProof(channel);
    touched.remove(channel);
    conversations.remove(remoteOf(channel), channel);
    closeSocketWhenIdle();
  }

  private void forgetProof(KcpChannel channel) {
    unproven.remove(channel);
    Future<?> timer = proveTimers.remove(channel);
    if (timer != null) {
      timer.cancel(false);
    }
  }

  private static InetSocketAddress remoteOf(KcpChannel channel) {
    if (channel.remoteAddress() instanceof InetSocketAddress address) {
      return address;
    }
    throw new IllegalStateException("an accepted channel without an address");
  }

  private void closeSocketWhenIdle() {
    UdpSocket bound = socket;
    if (stage == Stage.CLOSED && conversations.isEmpty() && bound != null) {
      bound.close();
    }
  }

  // ---- the rest of a server channel ----

  @Override
  protected void doBind(SocketAddress local) throws IOException {
    socket = UdpSocket.open(eventLoop(), local, new ServerSocket());
    stage = Stage.BOUND;
  }

  @Override
  protected void doClose() {
    stage = Stage.CLOSED;
    closeSocketWhenIdle();
  }

  @Override
  protected @Nullable SocketAddress localAddress0() {
    UdpSocket bound = socket;
    return bound == null ? null : bound.localAddress();
  }

  @Override
  protected @Nullable SocketAddress remoteAddress0() {
    return null;
  }

  @Override
  public ChannelConfig config() {
    return config;
  }

  @Override
  public boolean isOpen() {
    return stage != Stage.CLOSED;
  }

  @Override
  public boolean isActive() {
    return stage == Stage.BOUND;
  }

  @Override
  public ChannelMetadata metadata() {
    return METADATA;
  }

  @Override
  protected boolean isCompatible(EventLoop loop) {
    return true;
  }

  /// Conversations are accepted while `autoRead` is on.
  @Override
  protected void doBeginRead() {}

  @Override
  protected void doDisconnect() {
    throw new UnsupportedOperationException("a server channel is not connected");
  }

  @Override
  protected void doWrite(ChannelOutboundBuffer in) {
    throw new UnsupportedOperationException("nothing is written to a server channel");
  }

  @Override
  protected AbstractUnsafe newUnsafe() {
    return new ServerUnsafe();
  }

  private final class ServerUnsafe extends AbstractUnsafe {

    @Override
    public void connect(
        SocketAddress remote, @Nullable SocketAddress local, ChannelPromise promise) {
      promise.tryFailure(new UnsupportedOperationException("a server channel does not connect"));
    }
  }

  private final class ServerSocket implements UdpSocket.Listener {

    @Override
    public void received(ByteBuf datagram, InetSocketAddress sender) {
      KcpServerChannel.this.received(datagram, sender);
    }

    @Override
    public void batchEnded() {
      KcpServerChannel.this.batchEnded();
    }

    /// On a socket without a peer of its own an error concerns one datagram, which KCP repeats.
    @Override
    public void failed(Throwable cause) {}

    @Override
    public void closed() {
      for (KcpChannel channel : conversations.all()) {
        channel.abort(KcpCloseReason.SOCKET_CLOSED);
      }
      if (stage == Stage.BOUND) {
        unsafe().close(unsafe().voidPromise());
      }
    }
  }
}
