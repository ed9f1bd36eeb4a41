package io.penstock.node;

import io.netty.channel.EventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.penstock.api.IpAddress;
import io.penstock.api.OverlayNetwork;
import io.penstock.api.PeerInfo;
import io.penstock.api.PeerSnapshot;
import io.penstock.node.peer.PeerBook;
import io.penstock.node.stack.NodeStack;
import io.penstock.node.stack.OwnAddresses;
import io.penstock.protocol.netstack.NetStackConfig;
import io.penstock.protocol.netstack.ip.LinkTraits;
import io.penstock.transport.EngineLoop;
import io.penstock.transport.NativeSupport;
import io.penstock.transport.netstack.Link;
import io.penstock.transport.netstack.MemoryLink;
import io.penstock.transport.netstack.NetStackDriver;
import java.net.InetAddress;
import java.net.spi.InetAddressResolver;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Stream;

/// A client and a server: the stacks of two nodes with a link in memory between them, their
/// sockets, and what the server's gateway has told it of its peers, which the test decides.
final class LinkedStacks implements AutoCloseable {

  static final IpAddress CLIENT = IpAddress.parse("10.86.0.1");
  static final IpAddress SERVER = IpAddress.parse("10.86.0.2");

  private static final int MTU_BYTES = 1280;
  private static final Duration LIMIT = Duration.ofSeconds(30);

  private final MultiThreadIoEventLoopGroup loops = NativeSupport.newEventLoops(2, "linked");
  final PeerBook peers = new PeerBook(EngineLoop::nowNanos);
  final NodeStack clientStack;
  final NodeStack serverStack;
  final NodeSockets client;
  final NodeSockets server;

  LinkedStacks() throws Exception {
    this(LIMIT);
  }

  /// @param handshakeLimit of the server
  LinkedStacks(Duration handshakeLimit) throws Exception {
    EventLoop clientLoop = loops.next();
    EventLoop serverLoop = loops.next();
    MemoryLink.Pair link = MemoryLink.pair(clientLoop, serverLoop, LinkTraits.plain(MTU_BYTES));
    clientStack = stack(link.first(), clientLoop, CLIENT, new PeerBook(EngineLoop::nowNanos));
    serverStack = stack(link.second(), serverLoop, SERVER, peers);
    client = new NodeSockets(clientStack, new NoNames(), LIMIT);
    server = new NodeSockets(serverStack, new NoNames(), handshakeLimit);
  }

  private static NodeStack stack(Link link, EventLoop loop, IpAddress own, PeerBook book)
      throws InterruptedException {
    OwnAddresses addresses = new OwnAddresses(Optional::<OverlayNetwork>empty);
    NodeStack stack =
        NodeStack.on(
            NetStackDriver.start(link, NetStackConfig.defaults()),
            addresses,
            book,
            "node",
            Optional::empty);
    loop.submit(() -> addresses.assigned(List.of(own))).sync();
    stack.settle(LIMIT);
    return stack;
  }

  /// A peer at the client's address.
  static PeerInfo at(UUID id, String name, long generation) {
    return new PeerInfo(
        id, name, "ann", List.of(CLIENT), true, Map.of(CLIENT, generation), Optional.empty());
  }

  /// The gateway tells the server of all its peers.
  void tell(PeerInfo... all) {
    peers.snapshot(new PeerSnapshot(1, List.of(all)));
  }

  private static final class NoNames implements InetAddressResolver {

    @Override
    public Stream<InetAddress> lookupByName(String host, LookupPolicy policy) {
      throw new AssertionError("nobody looks up names");
    }

    @Override
    public String lookupByAddress(byte[] address) {
      throw new AssertionError("nobody looks up addresses");
    }
  }

  @Override
  public void close() {
    clientStack.close().awaitUninterruptibly();
    serverStack.close().awaitUninterruptibly();
    NativeSupport.endEventLoops(loops, Duration.ofSeconds(1)).awaitUninterruptibly();
  }
}
