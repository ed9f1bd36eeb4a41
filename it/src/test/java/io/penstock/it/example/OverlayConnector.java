package io.penstock.it.example;

import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.penstock.node.Node;
import org.eclipse.jetty.io.Connection;
import org.eclipse.jetty.io.EndPoint;
import org.eclipse.jetty.server.AbstractConnector;
import org.eclipse.jetty.server.ConnectionFactory;
import org.eclipse.jetty.server.Server;
import org.jspecify.annotations.Nullable;

/// A connector of Jetty on a TCP port of a node. It accepts on the node's event loop and has no
/// thread of its own; Jetty's handlers run on the threads of Jetty.
final class OverlayConnector extends AbstractConnector {

  private final Node node;
  private final int port;
  private volatile @Nullable Channel listener;

  /// @param port of all addresses of the node
  OverlayConnector(Server server, Node node, int port, ConnectionFactory... protocols) {
    super(server, null, null, null, 0, protocols);
    this.node = node;
    this.port = port;
  }

  @Override
  protected void doStart() throws Exception {
    super.doStart();
    listener =
        node.serverBootstrap()
            .childOption(ChannelOption.AUTO_READ, false)
            .childOption(ChannelOption.ALLOW_HALF_CLOSURE, true)
            .childHandler(
                new ChannelInitializer<>() {
                  @Override
                  protected void initChannel(Channel channel) {
                    accepted(channel);
                  }
                })
            .bind(port)
            .sync()
            .channel();
  }

  private void accepted(Channel channel) {
    OverlayEndPoint endPoint = new OverlayEndPoint(channel, this);
    endPoint.setIdleTimeout(getIdleTimeout());
    Connection connection = getDefaultConnectionFactory().newConnection(this, endPoint);
    endPoint.setConnection(connection);
    endPoint.onOpen();
    onEndPointOpened(endPoint);
    getExecutor().execute(connection::onOpen);
  }

  void closed(EndPoint endPoint) {
    onEndPointClosed(endPoint);
  }

  @Override
  protected void accept(int acceptor) {
    throw new IllegalStateException("there are no acceptors");
  }

  @Override
  public Object getTransport() {
    return node;
  }

  @Override
  protected void doStop() throws Exception {
    Channel bound = listener;
    if (bound != null) {
      bound.close().sync();
    }
    for (EndPoint each : getConnectedEndPoints()) {
      each.close();
    }
    super.doStop();
  }
}
