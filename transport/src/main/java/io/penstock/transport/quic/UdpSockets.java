package io.penstock.transport.quic;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.FixedRecvByteBufAllocator;
import io.netty.channel.IoEventLoop;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.epoll.EpollChannelOption;
import io.netty.channel.epoll.EpollDatagramChannel;
import io.netty.channel.epoll.EpollIoHandle;
import io.netty.channel.socket.nio.NioDatagramChannel;
import io.netty.handler.codec.quic.EpollQuicUtils;
import io.netty.handler.codec.quic.QuicCodecBuilder;
import io.netty.handler.codec.quic.QuicCongestionControlAlgorithm;
import io.netty.handler.codec.quic.SegmentedDatagramPacketAllocator;
import java.util.concurrent.TimeUnit;

/// How the UDP sockets under QUIC are made, and what both ends of a connection agree on.
///
/// With epoll the system splits what is sent and joins what is received (UDP GSO and GRO), which is
/// worth a factor of three or more; elsewhere each datagram is a call of its own.
final class UdpSockets {

  /// Segments of one send; 32 full ones stay below the 65,507 bytes of a UDP payload.
  private static final int SEGMENTS_PER_SEND = 32;

  /// Holds the largest batch that the system joins.
  private static final int JOINED_BYTES = 65_535;

  private static final int READS_PER_TURN = 16;

  /// Costs nothing per buffer on an event loop, where the default of Netty makes objects.
  static final ByteBufAllocator ALLOCATOR = PooledByteBufAllocator.DEFAULT;

  /// How many addresses of one client a connection takes part in, from first to last.
  ///
  /// QUIC counts its paths against the connection ids that it accepts, and never forgets a path of
  /// a client that has no spare ids, so this is how often a NAT may change a client's port. A path
  /// costs some kilobytes, and whoever has finished a handshake may make as many.
  static final int MAX_PATHS = 256;

  private UdpSockets() {}

  static boolean isEpoll(EventLoop loop) {
    return loop instanceof IoEventLoop io && io.isCompatible(EpollIoHandle.class);
  }

  static Bootstrap bootstrap(EventLoop loop, QuicConfig config) {
    Bootstrap bootstrap =
        new Bootstrap()
            .group(loop)
            .option(ChannelOption.ALLOCATOR, ALLOCATOR)
            .option(ChannelOption.SO_RCVBUF, config.socketReceiveBytes())
            .option(ChannelOption.SO_SNDBUF, config.socketSendBytes())
            .option(ChannelOption.WRITE_BUFFER_WATER_MARK, waterMark(config.socketSendBytes()))
            .option(
                ChannelOption.RECVBUF_ALLOCATOR,
                new FixedRecvByteBufAllocator(JOINED_BYTES).maxMessagesPerRead(READS_PER_TURN));
    return isEpoll(loop)
        ? bootstrap.channel(EpollDatagramChannel.class).option(EpollChannelOption.UDP_GRO, true)
        : bootstrap.channel(NioDatagramChannel.class);
  }

  /// What waits for the system before connections are asked for no more: half of what the system
  /// itself holds, and they are asked again from an eighth on.
  private static WriteBufferWaterMark waterMark(int systemBytes) {
    return new WriteBufferWaterMark(systemBytes / 8, systemBytes / 2);
  }

  static SegmentedDatagramPacketAllocator segments(EventLoop loop) {
    return isEpoll(loop)
        ? EpollQuicUtils.newSegmentedAllocator(SEGMENTS_PER_SEND)
        : SegmentedDatagramPacketAllocator.NONE;
  }

  static <B extends QuicCodecBuilder<B>> B configure(B builder, QuicConfig config) {
    int queue = config.datagrams().quicQueueDatagrams();
    return builder
        .maxIdleTimeout(config.idleTimeout().toMillis(), TimeUnit.MILLISECONDS)
        .maxSendUdpPayloadSize(config.maxUdpPayloadBytes())
        .maxRecvUdpPayloadSize(config.maxUdpPayloadBytes())
        .discoverPmtu(true)
        .congestionControlAlgorithm(QuicCongestionControlAlgorithm.CUBIC)
        .localConnectionIdLength(ConnectionIds.LENGTH_BYTES)
        .datagram(queue, queue)
        .initialMaxStreamsBidirectional(config.maxStreams())
        .initialMaxStreamsUnidirectional(1)
        .initialMaxStreamDataBidirectionalLocal(config.streamWindowBytes())
        .initialMaxStreamDataBidirectionalRemote(config.streamWindowBytes())
        .initialMaxData(4L * config.streamWindowBytes());
  }
}
