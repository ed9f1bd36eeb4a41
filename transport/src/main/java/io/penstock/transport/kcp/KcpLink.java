package io.penstock.transport.kcp;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.EventLoop;
import io.penstock.protocol.kcp.KcpCloseReason;
import io.penstock.protocol.kcp.KcpConfig;
import io.penstock.protocol.kcp.KcpEvent;
import io.penstock.protocol.kcp.KcpInput;
import io.penstock.protocol.kcp.KcpSession;
import io.penstock.transport.EngineLoop;
import java.net.InetSocketAddress;
import java.security.SecureRandom;
import java.util.function.Consumer;

/// A session on its socket: what goes on below a channel, also for a while after it was closed.
///
/// It lives until its session ends, which it tells its owner once. All methods run on the event
/// loop of the socket.
final class KcpLink implements EngineLoop.Driver {

  private static final SecureRandom RANDOM = new SecureRandom();

  private final KcpSession session;
  private final UdpSocket socket;
  private final InetSocketAddress remote;
  private final EngineLoop loop;
  private final Consumer<KcpCloseReason> whenEnded;
  private final Runnable resume = this::run;

  private KcpLink(
      KcpSession session,
      UdpSocket socket,
      EventLoop eventLoop,
      InetSocketAddress remote,
      Consumer<KcpCloseReason> whenEnded) {
    this.session = session;
    this.socket = socket;
    this.remote = remote;
    this.whenEnded = whenEnded;
    loop = new EngineLoop(eventLoop, session, this);
  }

  /// Draws the number of a new conversation.
  static int newConv() {
    return RANDOM.nextInt();
  }

  static KcpSession newSession(int conv, KcpConfig config, ByteBufAllocator allocator) {
    return new KcpSession(conv, config, RANDOM.nextInt(), allocator, EngineLoop.nowNanos());
  }

  static KcpLink open(
      KcpSession session,
      UdpSocket socket,
      EventLoop eventLoop,
      InetSocketAddress remote,
      Consumer<KcpCloseReason> whenEnded) {
    return new KcpLink(session, socket, eventLoop, remote, whenEnded);
  }

  KcpInput receive(ByteBuf datagram) {
    return session.receive(datagram, EngineLoop.nowNanos());
  }

  void write(ByteBuf bytes) {
    session.write(bytes, EngineLoop.nowNanos());
  }

  /// Ends the session for its user; it goes on until what was written is delivered.
  void close() {
    session.close(EngineLoop.nowNanos());
  }

  void abort(KcpCloseReason reason) {
    session.abort(reason);
    run();
  }

  /// Sends what the session has to send and arms its timer.
  void run() {
    loop.run();
  }

  @Override
  public boolean drain() {
    boolean sent = transmit();
    if (sent) {
      socket.flush();
    }
    if (session.pollEvent() instanceof KcpEvent.Ended(KcpCloseReason reason)) {
      loop.stop();
      whenEnded.accept(reason);
      return false;
    }
    return sent;
  }

  private boolean transmit() {
    long nowNanos = EngineLoop.nowNanos();
    boolean sent = false;
    while (socket.isWritable()) {
      ByteBuf datagram = session.transmit(nowNanos);
      if (datagram == null) {
        return sent;
      }
      socket.write(datagram, remote);
      sent = true;
    }
    socket.whenWritable(resume);
    return sent;
  }

  KcpSession session() {
    return session;
  }

  UdpSocket socket() {
    return socket;
  }

  InetSocketAddress remote() {
    return remote;
  }
}
