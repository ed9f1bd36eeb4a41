package io.penstock.node.serve;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelOption;
import io.penstock.api.IpAddress;
import io.penstock.api.PeerInfo;
import io.penstock.node.overlay.OverlayPort;
import io.penstock.node.overlay.OverlayPorts;
import io.penstock.node.overlay.PortRequest;
import io.penstock.transport.netstack.NetStackDriver;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;

/// The ports of a node that has a stack and nothing else: no tunnel, no gateway.
final class StackPorts implements OverlayPorts {

  private final NetStackDriver stack;
  private final List<IpAddress> addresses;
  private final Map<InetAddress, PeerInfo> peers = new ConcurrentHashMap<>();
  private final AtomicInteger requests = new AtomicInteger();

  StackPorts(NetStackDriver stack, List<IpAddress> addresses) {
    this.stack = stack;
    this.addresses = addresses;
  }

  /// Lets the stack's event loop do nothing until the latch is down.
  void keepBusyUntil(CountDownLatch latch) {
    stack
        .eventLoop()
        .execute(
            () -> {
              try {
                latch.await();
              } catch (InterruptedException _) {
                Thread.currentThread().interrupt();
              }
            });
  }

  void forget() {
    peers.clear();
  }

  /// How many ports have been asked for.
  int requests() {
    return requests.get();
  }

  void knows(PeerInfo peer) {
    peer.addresses().forEach(address -> peers.put(address.inet(), peer));
  }

  @Override
  public CompletionStage<OverlayPort> listen(PortRequest request, ChannelHandler child) {
    requests.incrementAndGet();
    CompletableFuture<OverlayPort> bound = new CompletableFuture<>();
    new ServerBootstrap()
        .group(stack.eventLoop())
        .channelFactory(stack.serverChannels())
        .option(ChannelOption.SO_BACKLOG, request.backlog())
        .childHandler(child)
        .bind(new InetSocketAddress(request.port()))
        .addListener(
            (ChannelFuture done) -> {
              if (done.isSuccess()) {
                bound.complete(new Port(done.channel()));
              } else {
                bound.completeExceptionally(done.cause());
              }
            });
    return bound;
  }

  @Override
  public Optional<PeerInfo> whoIs(Channel accepted) {
    InetSocketAddress from = (InetSocketAddress) accepted.remoteAddress();
    return Optional.ofNullable(peers.get(from.getAddress()));
  }

  @Override
  public List<IpAddress> addresses() {
    return addresses;
  }

  @Override
  public String name() {
    return "web";
  }

  @Override
  public Optional<String> domainName() {
    return Optional.of("web.penstock.internal");
  }

  private record Port(Channel channel) implements OverlayPort {

    @Override
    public InetSocketAddress localAddress() {
      return (InetSocketAddress) channel.localAddress();
    }

    @Override
    public void accepting(boolean accepting) {
      channel.config().setAutoRead(accepting);
    }

    @Override
    public CompletionStage<Void> close() {
      CompletableFuture<Void> closed = new CompletableFuture<>();
      channel.close().addListener(_ -> closed.complete(null));
      return closed;
    }
  }
}
