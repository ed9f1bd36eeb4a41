package io.penstock.transport.kcp;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.FixedRecvByteBufAllocator;
import io.netty.channel.IoEventLoop;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollChannelOption;
import io.netty.channel.epoll.EpollDatagramChannel;
import io.netty.channel.epoll.EpollIoHandle;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.DatagramChannel;
import io.netty.channel.socket.DatagramPacket;
import io.netty.channel.socket.nio.NioDatagramChannel;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.SingleThreadEventExecutor;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/// A UDP socket on an event loop: batches of datagrams in, datagrams out as long as there is room.
///
/// With epoll a batch is one `recvmmsg` and one `sendmmsg`. All methods run on the event loop.
///
/// A socket outlives the channels on it while their sessions linger, so nobody else may know of it
/// when the event loop is ended. It closes itself then: Netty closes what is registered with a loop
/// only if the loop takes another turn after it was asked to end.
final class UdpSocket {

  /// What happens at the socket, told on the event loop.
  interface Listener {

    /// A datagram has come; the listener owns it.
    void received(ByteBuf datagram, InetSocketAddress sender);

    /// The batch of datagrams is over.
    void batchEnded();

    /// The system reports an error; the socket goes on.
    void failed(Throwable cause);

    /// The socket was closed, by us or not, or its event loop ends; may be told more than once.
    void closed();
  }

  /// More than any KCP datagram: kcp-go sends at most 1500 bytes.
  private static final int MAX_DATAGRAM_BYTES = 2048;

  private static final int DATAGRAMS_PER_BATCH = 32;

  /// Holds a burst of several windows; the system may grant less.
  private static final int SYSTEM_BUFFER_BYTES = 4 * 1024 * 1024;

  /// What waits for the system before sessions stop handing out datagrams.
  private static final WriteBufferWaterMark WATER_MARK =
      new WriteBufferWaterMark(128 * 1024, 512 * 1024);

  private final DatagramChannel channel;
  private final Set<Runnable> waiting = new LinkedHashSet<>();

  private UdpSocket(DatagramChannel channel) {
    this.channel = channel;
  }

  /// Opens a socket on `local`; called on `loop`.
  static UdpSocket open(EventLoop loop, SocketAddress local, Listener listener) throws IOException {
    assert loop.inEventLoop();
    DatagramChannel channel = newChannel(loop);
    UdpSocket socket = new UdpSocket(channel);
    channel.pipeline().addLast(socket.new Inbound(listener));
    socket.closeAtEndOf(loop, listener);
    channel.config().setOption(ChannelOption.SO_RCVBUF, SYSTEM_BUFFER_BYTES);
    channel.config().setOption(ChannelOption.SO_SNDBUF, SYSTEM_BUFFER_BYTES);
    channel.config().setWriteBufferWaterMark(WATER_MARK);
    socket.complete(loop.register(channel));
    socket.complete(channel.bind(local));
    return socket;
  }

  private void closeAtEndOf(EventLoop loop, Listener listener) {
    if (loop instanceof SingleThreadEventExecutor executor) {
      Runnable end =
          () -> {
            listener.closed();
            close();
          };
      executor.addShutdownHook(end);
      channel.closeFuture().addListener(_ -> executor.removeShutdownHook(end));
    }
  }

  private static DatagramChannel newChannel(EventLoop loop) {
    if (loop instanceof IoEventLoop io) {
      if (Epoll.isAvailable() && io.isCompatible(EpollIoHandle.class)) {
        EpollDatagramChannel channel = new EpollDatagramChannel();
        channel
            .config()
            .setOption(EpollChannelOption.MAX_DATAGRAM_PAYLOAD_SIZE, MAX_DATAGRAM_BYTES);
        channel
            .config()
            .setRecvByteBufAllocator(
                new FixedRecvByteBufAllocator(MAX_DATAGRAM_BYTES * DATAGRAMS_PER_BATCH));
        return channel;
      }
      if (io.isIoType(NioIoHandler.class)) {
        NioDatagramChannel channel = new NioDatagramChannel();
        channel
            .config()
            .setRecvByteBufAllocator(
                new FixedRecvByteBufAllocator(MAX_DATAGRAM_BYTES)
                    .maxMessagesPerRead(DATAGRAMS_PER_BATCH));
        return channel;
      }
    }
    throw new IllegalStateException("KCP needs an event loop of epoll or NIO, not " + loop);
  }

  /// Takes datagrams from `remote` only, from now on.
  void connect(InetSocketAddress remote) throws IOException {
    complete(channel.connect(remote));
  }

  /// Called on the event loop, Netty completes these at once.
  private void complete(ChannelFuture future) throws IOException {
    if (future.isSuccess()) {
      return;
    }
    var _ = channel.close();
    throw new IOException("cannot open a UDP socket", future.cause());
  }

  boolean isWritable() {
    return channel.isWritable();
  }

  /// Calls `resume` once when the socket has room again.
  void whenWritable(Runnable resume) {
    waiting.add(resume);
  }

  /// Queues a datagram and owns it; [#flush] sends what is queued.
  void write(ByteBuf datagram, InetSocketAddress recipient) {
    var _ = channel.write(new DatagramPacket(datagram, recipient), channel.voidPromise());
  }

  void flush() {
    channel.flush();
  }

  InetSocketAddress localAddress() {
    return channel.localAddress();
  }

  void close() {
    var _ = channel.close();
  }

  private final class Inbound extends ChannelInboundHandlerAdapter {

    private final Listener listener;

    Inbound(Listener listener) {
      this.listener = listener;
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object msg) {
      if (msg instanceof DatagramPacket packet) {
        listener.received(packet.content(), packet.sender());
      } else {
        ReferenceCountUtil.release(msg);
      }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
      listener.batchEnded();
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
      if (ctx.channel().isWritable() && !waiting.isEmpty()) {
        List<Runnable> resumed = new ArrayList<>(waiting);
        waiting.clear();
        resumed.forEach(Runnable::run);
      }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      listener.failed(cause);
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
      listener.closed();
    }
  }
}
