package io.penstock.protocol.netstack.tcp;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.penstock.protocol.Deadlines;
import io.penstock.protocol.netstack.ip.LinkTraits;
import io.penstock.protocol.netstack.ip.OutputQueue;
import io.penstock.protocol.netstack.ip.PathMtuTable;
import io.penstock.protocol.netstack.wire.IpEndpoint;
import io.penstock.protocol.netstack.wire.IpPacket;
import io.penstock.protocol.netstack.wire.IpProtocol;
import io.penstock.protocol.netstack.wire.PacketFault;
import io.penstock.testkit.SimulatedEndpoint;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/// One end of a simulated link with nothing but TCP on it, and the programs that use it.
final class TcpHost implements SimulatedEndpoint, AutoCloseable {

  private static final int OUTPUT_BYTES = 1 << 20;
  private static final int BEYOND_WINDOW = 3;

  final IpEndpoint address;
  final TcpConfig config;
  final TcpLayer tcp;
  final List<Conversation> conversations = new ArrayList<>();
  private final OutputQueue output;
  private final IpPacket view = new IpPacket();
  private Acceptor acceptor = connection -> null;
  int faultyPackets;
  int flowsWithoutOwner;

  /// What a host does with a connection that it accepts.
  interface Acceptor {
    @Nullable Conversation accept(TcpConnection connection);
  }

  TcpHost(
      IpEndpoint address,
      TcpConfig config,
      LinkTraits link,
      ByteBufAllocator allocator,
      long seed) {
    this(address, config, link, allocator, seed, 0);
  }

  TcpHost(
      IpEndpoint address,
      TcpConfig config,
      LinkTraits link,
      ByteBufAllocator allocator,
      long seed,
      long nowNanos) {
    this.address = address;
    this.config = config;
    output = new OutputQueue(allocator, 0, OUTPUT_BYTES);
    tcp =
        new TcpLayer(
            config,
            link,
            output,
            allocator,
            new PathMtuTable(link.mtuBytes(), seed),
            new SplittableRandom(seed),
            nowNanos);
  }

  void listen(int port, Acceptor onAccept) {
    if (tcp.listen(port, 128).isEmpty()) {
      throw new IllegalStateException("port " + port + " is taken");
    }
    acceptor = onAccept;
  }

  TcpConnection connect(IpEndpoint to, long nowNanos) {
    return tcp.connect(address, to, nowNanos).orElseThrow();
  }

  void add(Conversation conversation) {
    conversations.add(conversation);
    conversation.connection().attach(conversation);
  }

  @Override
  public void receive(ByteBuf datagram, long nowNanos) {
    if (view.parse(datagram) != PacketFault.NONE || view.protocol() != IpProtocol.TCP) {
      faultyPackets++;
    } else {
      switch (tcp.receive(view, datagram, true, false, nowNanos)) {
        case HANDLED -> {}
        case NO_OWNER -> {
          flowsWithoutOwner++;
          tcp.refuseFlow(view, datagram);
        }
        case STRAY -> tcp.refuseFlow(view, datagram);
      }
    }
    datagram.release();
  }

  @Override
  public @Nullable ByteBuf transmit(long nowNanos) {
    ByteBuf reply = output.poll();
    if (reply != null) {
      return reply;
    }
    int before = pipeBytes();
    ByteBuf sent = tcp.transmit(nowNanos);
    if (pipeBytes() > before) {
      checkCongestionWindows();
    }
    return sent;
  }

  private int pipeBytes() {
    int bytes = 0;
    for (Conversation conversation : conversations) {
      bytes += conversation.connection().sender().losses().pipeBytes();
    }
    return bytes;
  }

  /// What was just sent is no more than RFC 5681 allows, with the two segments of limited transmit
  /// (RFC 3042) and that of a tail loss probe (RFC 8985 section 7.3).
  private void checkCongestionWindows() {
    for (Conversation conversation : conversations) {
      Sender sender = conversation.connection().sender();
      long allowed = sender.congestion().cwnd() + (long) BEYOND_WINDOW * sender.size().mss();
      if (sender.losses().pipeBytes() > allowed) {
        throw new AssertionError("more was sent than the congestion window has room for");
      }
    }
  }

  @Override
  public long nextDeadlineNanos() {
    long deadline = tcp.nextDeadlineNanos();
    return deadline == Deadlines.NONE ? NO_DEADLINE : deadline;
  }

  @Override
  public void onDeadline(long nowNanos) {
    tcp.onDeadline(nowNanos);
  }

  @Override
  public boolean work(long nowNanos) {
    boolean any = false;
    for (TcpListener listener = tcp.pollAcceptable();
        listener != null;
        listener = tcp.pollAcceptable()) {
      for (TcpConnection accepted = listener.accept();
          accepted != null;
          accepted = listener.accept()) {
        Conversation conversation = acceptor.accept(accepted);
        if (conversation != null) {
          add(conversation);
        }
        any = true;
      }
    }
    for (TcpConnection ready = tcp.pollReady(); ready != null; ready = tcp.pollReady()) {
      int news = ready.takeReadiness();
      if (ready.attachment() instanceof Conversation conversation) {
        conversation.on(news);
      }
      any = true;
    }
    return any;
  }

  @Override
  public void close() {
    tcp.close();
    conversations.forEach(conversation -> conversation.connection().close());
    output.close();
  }
}
