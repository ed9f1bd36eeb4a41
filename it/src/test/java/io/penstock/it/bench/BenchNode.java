package io.penstock.it.bench;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.EventLoop;
import io.penstock.api.IpFamily;
import io.penstock.node.Node;
import io.penstock.node.NodeConfig;
import io.penstock.node.NodeStatus;
import io.penstock.node.OverlayMember;
import io.penstock.transport.NativeSupport;
import io.penstock.transport.tls.Fingerprint;
import io.penstock.transport.tls.Trust;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/// A measured node at its place: joined, over a path that is known to carry all that it is to
/// carry, and beside it an event loop for sockets of this machine, for comparison.
///
/// @param direct the loop for the machine's sockets
record BenchNode(Node node, EventLoop direct) {

  /// Of the packets within the tunnels of a run: the least that IPv6 asks for.
  static final int MTU_BYTES = 1280;

  private static final Duration LIMIT = Duration.ofSeconds(60);

  /// What every node of a run is told in its first arguments.
  static final int ARGUMENTS = 3;

  /// Joins as the first arguments say, which are `GATEWAY FINGERPRINT TOKEN`, with the defaults of
  /// a node.
  ///
  /// @param state the node's directory
  static BenchNode join(String[] arguments, String name, Path state) throws Exception {
    Node node = Node.start(config(arguments, name).state(state).build());
    awaitWhole(node);
    return new BenchNode(node, NativeSupport.newEventLoops(1, "direct").next());
  }

  /// A node with the defaults that joins as the first arguments say.
  static NodeConfig.Builder config(String[] arguments, String name) {
    return NodeConfig.builder(arguments[0], name)
        .trust(new Trust.Pinned(Fingerprint.parse(arguments[1])))
        .token(arguments[2])
        .nameLimit(LIMIT);
  }

  /// Waits until a node has all of its addresses and its path is known to carry all that it is to
  /// carry.
  static void awaitWhole(OverlayMember node) throws Exception {
    CompletableFuture<Void> ready = new CompletableFuture<>();
    var _ = node.onStatus(status -> completeWhenWhole(ready, status));
    completeWhenWhole(ready, node.status());
    ready.get(LIMIT.toSeconds(), TimeUnit.SECONDS);
  }

  private static void completeWhenWhole(CompletableFuture<Void> ready, NodeStatus status) {
    if (status instanceof NodeStatus.Running running
        && running.addresses().size() == IpFamily.values().length
        && running.mtu() >= MTU_BYTES) {
      ready.complete(null);
    }
  }

  /// Makes connections over the kernel's stack.
  Bootstrap directBootstrap() {
    return new Bootstrap().group(direct).channel(NativeSupport.socketChannel());
  }

  /// Makes listeners on the kernel's stack.
  ServerBootstrap directServerBootstrap() {
    return new ServerBootstrap().group(direct).channel(NativeSupport.serverSocketChannel());
  }
}
