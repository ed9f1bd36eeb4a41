package io.penstock.transport.quic;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.DatagramPacket;
import io.netty.handler.codec.quic.QuicConnectionIdGenerator;
import java.nio.ByteBuffer;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/// Brings each packet to the event loop that has its connection, whichever socket it came through.
///
/// The system picks one of the sockets that share a port by the sender's address. When that
/// changes, because a NAT forgot its binding or the client moved, packets of an old connection come
/// through another socket. So the first byte of each connection id that we give out is the number
/// of its socket, and what came through a wrong one goes over to the right one: copied, in one task
/// per batch, and no more than [#MAX_UNDERWAY] at a time towards each.
///
/// ```
/// short header  0|1|......|  id: socket, 19 random bytes | ...      (RFC 9000, section 17.3)
/// Handshake     1|1|10....|  version 4 | length | id ... | ...      (RFC 9000, section 17.2.4)
/// ```
///
/// Only these two are steered: a client's first packets name ids of its own choice.
final class Steering {

  /// More sockets than this cannot be told apart in one byte.
  static final int MAX_SOCKETS = 256;

  /// Packets on their way to a socket's loop; a loop that is that far behind drops them anyway.
  private static final int MAX_UNDERWAY = 1024;

  private static final int LONG_HEADER = 0x80;
  private static final int LONG_TYPE = 0xb0;
  private static final int HANDSHAKE = 0xa0;
  private static final int LONG_ID_LENGTH_AT = 5;

  private final AtomicReferenceArray<@Nullable Lane> lanes;
  private final LongAdder steered = new LongAdder();
  private final LongAdder dropped = new LongAdder();

  Steering(int sockets) {
    lanes = new AtomicReferenceArray<>(sockets);
  }

  /// Makes the handler of a socket, which belongs before its QUIC codec.
  Lane lane(int socket) {
    return new Lane(socket);
  }

  /// Makes the ids of a socket's connections.
  QuicConnectionIdGenerator ids(int socket) {
    return new SocketIds((byte) socket);
  }

  /// How many packets came through another socket than their connection's.
  long steered() {
    return steered.sum();
  }

  /// How many of those were dropped because too many were under way.
  long dropped() {
    return dropped.sum();
  }

  /// The number of the socket that the packet's connection belongs to, or -1 when it does not say.
  static int socketOf(ByteBuf packet) {
    int at = packet.readerIndex();
    if (packet.readableBytes() <= LONG_ID_LENGTH_AT + ConnectionIds.LENGTH_BYTES) {
      return -1;
    }
    int first = packet.getUnsignedByte(at);
    if ((first & LONG_HEADER) == 0) {
      return packet.getUnsignedByte(at + 1);
    }
    boolean handshake = (first & LONG_TYPE) == HANDSHAKE;
    boolean ours = packet.getUnsignedByte(at + LONG_ID_LENGTH_AT) == ConnectionIds.LENGTH_BYTES;
    return handshake && ours ? packet.getUnsignedByte(at + LONG_ID_LENGTH_AT + 1) : -1;
  }

  /// The handler of one socket. Its methods run on the socket's event loop.
  final class Lane extends ChannelInboundHandlerAdapter {

    private final int socket;
    private final AtomicInteger underway = new AtomicInteger();
    private final List<DatagramPacket>[] outgoing;
    private boolean anyOutgoing;
    private @Nullable ChannelHandlerContext context;

    @SuppressWarnings({"unchecked", "rawtypes"})
    private Lane(int socket) {
      this.socket = socket;
      outgoing = new List[lanes.length()];
      for (int at = 0; at < outgoing.length; at++) {
        outgoing[at] = new ArrayList<>();
      }
    }

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
      context = ctx;
      lanes.set(socket, this);
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext ctx) {
      lanes.set(socket, null);
      for (List<DatagramPacket> packets : outgoing) {
        packets.forEach(DatagramPacket::release);
        packets.clear();
      }
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object msg) {
      if (msg instanceof DatagramPacket packet) {
        int target = socketOf(packet.content());
        if (target != socket && target >= 0 && target < outgoing.length) {
          steer(ctx, packet, target);
          return;
        }
      }
      ctx.fireChannelRead(msg);
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
      if (anyOutgoing) {
        anyOutgoing = false;
        for (int target = 0; target < outgoing.length; target++) {
          if (!outgoing[target].isEmpty()) {
            List<DatagramPacket> batch = List.copyOf(outgoing[target]);
            outgoing[target].clear();
            hand(batch, target);
          }
        }
      }
      ctx.fireChannelReadComplete();
    }

    /// Copies the packet: a small slice would keep a whole receive buffer alive on another loop.
    private void steer(ChannelHandlerContext ctx, DatagramPacket packet, int target) {
      steered.increment();
      Lane lane = lanes.get(target);
      if (lane == null || lane.underway.get() >= MAX_UNDERWAY) {
        dropped.increment();
        packet.release();
        return;
      }
      lane.underway.incrementAndGet();
      ByteBuf content = packet.content();
      ByteBuf copy = ctx.alloc().directBuffer(content.readableBytes()).writeBytes(content);
      outgoing[target].add(new DatagramPacket(copy, packet.recipient(), packet.sender()));
      packet.release();
      anyOutgoing = true;
    }

    private void hand(List<DatagramPacket> batch, int target) {
      Lane lane = lanes.get(target);
      ChannelHandlerContext there = lane == null ? null : lane.context;
      if (lane == null || there == null) {
        batch.forEach(DatagramPacket::release);
        return;
      }
      try {
        there.executor().execute(() -> lane.take(batch));
      } catch (RejectedExecutionException e) {
        // The loop is shutting down, and the connection with it.
        batch.forEach(DatagramPacket::release);
      }
    }

    private void take(List<DatagramPacket> batch) {
      underway.addAndGet(-batch.size());
      ChannelHandlerContext here = context;
      if (here == null || here.isRemoved()) {
        batch.forEach(DatagramPacket::release);
        return;
      }
      batch.forEach(here::fireChannelRead);
      here.fireChannelReadComplete();
    }
  }

  private static final class SocketIds implements QuicConnectionIdGenerator {

    private final byte socket;
    private final SecureRandom random = new SecureRandom();

    SocketIds(byte socket) {
      this.socket = socket;
    }

    @Override
    public ByteBuffer newId(int length) {
      byte[] id = new byte[length];
      random.nextBytes(id);
      id[0] = socket;
      return ByteBuffer.wrap(id);
    }

    @Override
    public ByteBuffer newId(ByteBuffer input, int length) {
      return newId(length);
    }

    @Override
    public int maxConnectionIdLength() {
      return ConnectionIds.LENGTH_BYTES;
    }

    @Override
    public boolean isIdempotent() {
      return false;
    }
  }
}
