package io.penstock.node.agent.app;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.WriteBufferWaterMark;
import io.penstock.node.backend.BackendConnections;
import io.penstock.transport.relay.HttpHead;
import javax.net.ssl.SSLException;

/// Makes every accepted stream a way to the local app: one HTTP/1.1 request on each.
///
/// One proxy serves all streams of all connections of an agent. It keeps idle connections to the
/// app per event loop, which end by themselves after [AppConfig#maxIdle].
@ChannelHandler.Sharable
public final class AppProxy extends ChannelInitializer<Channel> {

  private static final WriteBufferWaterMark WATER_MARK =
      new WriteBufferWaterMark(64 * 1024, 256 * 1024);

  private final AppConfig config;
  private final BackendConnections connections;
  private final AppHeadWriter heads;
  private final RequestReaders readers;
  private final RequestLog log;

  /// A proxy that tells nobody of the requests.
  ///
  /// @throws SSLException when the trust of an `https` target cannot be set up
  public AppProxy(AppConfig config) throws SSLException {
    this(config, RequestLog.NONE);
  }

  /// @throws SSLException when the trust of an `https` target cannot be set up
  public AppProxy(AppConfig config, RequestLog log) throws SSLException {
    this.config = config;
    this.connections = new BackendConnections(config.backend());
    this.heads = new AppHeadWriter(config);
    this.readers = new RequestReaders(config);
    this.log = log;
  }

  @Override
  protected void initChannel(Channel stream) {
    stream.config().setAutoRead(false).setWriteBufferWaterMark(WATER_MARK);
    stream.pipeline().addLast(new StreamHandler(stream, config, readers, this::exchange));
  }

  private AppExchange exchange(Channel stream, AppExchange.Outlet outlet, HttpHead head) {
    return new AppExchange(stream, connections, heads, outlet, log, head);
  }
}
