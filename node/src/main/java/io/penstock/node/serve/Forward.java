package io.penstock.node.serve;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.handler.codec.haproxy.HAProxyCommand;
import io.netty.handler.codec.haproxy.HAProxyMessage;
import io.netty.handler.codec.haproxy.HAProxyMessageEncoder;
import io.netty.handler.codec.haproxy.HAProxyProtocolVersion;
import io.netty.handler.codec.haproxy.HAProxyProxiedProtocol;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;
import io.penstock.node.backend.BackendConnections;
import io.penstock.transport.relay.ByteRelay;
import java.net.Inet6Address;
import java.net.InetSocketAddress;
import java.time.Duration;

/// Passes the bytes of connections on to a backend, each on a connection of its own.
///
/// A backend that cannot be dialled closes the visitor's connection. Runs on its event loop.
final class Forward {

  private final BackendConnections to;
  private final ServeTarget.TcpForward target;

  Forward(BackendConnections to, ServeTarget.TcpForward target) {
    this.to = to;
    this.target = target;
  }

  void begin(Channel visitor, Duration idle) {
    Promise<Channel> opened = visitor.eventLoop().newPromise();
    opened.addListener(
        (Future<Channel> dialled) -> {
          if (dialled.isSuccess()) {
            join(visitor, dialled.getNow(), idle);
          } else {
            visitor.close();
          }
        });
    to.open(visitor.eventLoop(), new Nothing(), opened);
  }

  private void join(Channel visitor, Channel backend, Duration idle) {
    backend.config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
    if (target.proxyProtocol() != 0
        && visitor.remoteAddress() instanceof InetSocketAddress from
        && visitor.localAddress() instanceof InetSocketAddress own
        && backend.remoteAddress() instanceof InetSocketAddress at) {
      backend.pipeline().addLast(HAProxyMessageEncoder.INSTANCE);
      backend.writeAndFlush(header(from, own, at.getPort()));
      backend.pipeline().remove(HAProxyMessageEncoder.INSTANCE);
    }
    ByteRelay.join(visitor, backend, idle.toNanos());
  }

  /// As in the original, the destination is the node's own address with the port of the backend.
  private HAProxyMessage header(InetSocketAddress from, InetSocketAddress own, int port) {
    boolean v6 = from.getAddress() instanceof Inet6Address;
    return new HAProxyMessage(
        target.proxyProtocol() == 1 ? HAProxyProtocolVersion.V1 : HAProxyProtocolVersion.V2,
        HAProxyCommand.PROXY,
        v6 ? HAProxyProxiedProtocol.TCP6 : HAProxyProxiedProtocol.TCP4,
        Visitor.text(from.getAddress()),
        Visitor.text(own.getAddress()),
        from.getPort(),
        port);
  }

  /// Stands last until the connection is joined.
  @ChannelHandler.Sharable
  private static final class Nothing extends ChannelInboundHandlerAdapter {}
}
