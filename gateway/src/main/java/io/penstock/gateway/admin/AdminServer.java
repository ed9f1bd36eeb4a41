package io.penstock.gateway.admin;

import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.channel.socket.SocketChannel;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.concurrent.GlobalEventExecutor;
import io.penstock.api.HostPort;
import io.penstock.api.web.Endpoint;
import io.penstock.api.web.WebApi;
import io.penstock.api.web.WebConnection;
import io.penstock.api.web.WebHandler;
import io.penstock.gateway.config.AdminSettings;
import io.penstock.gateway.store.Storage;
import io.penstock.transport.NativeSupport;
import java.io.IOException;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;

/// The admin listener of a gateway, from its start to its end.
public final class AdminServer implements AutoCloseable {

  /// What the listener needs from the gateway around it; the server closes none of it.
  ///
  /// @param storage tokens and routes
  /// @param operations the running gateway
  /// @param overlay its overlay, if it has one
  /// @param metrics what `/metrics` shows
  /// @param eventLoops where the connections live
  public record Surroundings(
      Storage storage,
      Operations operations,
      Optional<OverlayOperations> overlay,
      PrometheusMeterRegistry metrics,
      EventLoopGroup eventLoops) {}

  private static final int BACKLOG = 128;

  private final ChannelGroup connections = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE);
  private final ExecutorService blocking =
      Executors.newThreadPerTaskExecutor(Thread.ofVirtual().name("admin-", 0).factory());
  private final AdminSettings settings;
  private final Optional<SslContext> tls;
  private final WebApi api;
  private final Channel listener;

  private AdminServer(
      AdminSettings settings,
      Optional<SslContext> tls,
      Surroundings surroundings,
      Set<String> hostnames)
      throws IOException {
    this.settings = settings;
    this.tls = tls;
    InetSocketAddress address = address(settings, tls.isPresent());
    this.api = api(settings, surroundings, hostnames, address.getAddress().isLoopbackAddress());
    this.listener = bind(surroundings.eventLoops(), address);
  }

  /// Starts to listen without TLS.
  ///
  /// @param hostnames under which the listener may be addressed, besides those in the settings
  /// @throws IOException when the address cannot be bound, or is not of the loopback
  public static AdminServer start(
      AdminSettings settings, Surroundings surroundings, Set<String> hostnames) throws IOException {
    return new AdminServer(settings, Optional.empty(), surroundings, hostnames);
  }

  /// Starts to listen with TLS.
  ///
  /// @param hostnames under which the listener may be addressed, besides those in the settings
  /// @throws IOException when the address cannot be bound
  public static AdminServer startSecure(
      AdminSettings settings, SslContext tls, Surroundings surroundings, Set<String> hostnames)
      throws IOException {
    return new AdminServer(settings, Optional.of(tls), surroundings, hostnames);
  }

  /// Where it listens.
  public HostPort address() {
    InetSocketAddress bound = (InetSocketAddress) listener.localAddress();
    return new HostPort(bound.getAddress().getHostAddress(), bound.getPort());
  }

  /// What it can do.
  List<Endpoint> endpoints() {
    return api.endpoints();
  }

  /// Stops to listen, lets no request wait, and closes the connections.
  @Override
  public void close() {
    listener.close().syncUninterruptibly();
    blocking.shutdown();
    try {
      // Requests take milliseconds; one that waits for a database is given up.
      if (!blocking.awaitTermination(1, TimeUnit.SECONDS)) {
        blocking.shutdownNow();
      }
    } catch (InterruptedException _) {
      blocking.shutdownNow();
      Thread.currentThread().interrupt();
    }
    connections.close().syncUninterruptibly();
  }

  private static InetSocketAddress address(AdminSettings settings, boolean secure)
      throws IOException {
    InetSocketAddress address = settings.listen().resolve();
    if (!secure && !address.getAddress().isLoopbackAddress()) {
      throw new IOException(
          ("admin.listen is %s, allowed is an address of the loopback such as 127.0.0.1:7070: admin"
               + " tokens could be read on the way; for another address set admin.certificate and"
               + " admin.key")
              .formatted(settings.listen()));
    }
    return address;
  }

  private static WebApi api(
      AdminSettings settings, Surroundings surroundings, Set<String> hostnames, boolean loopback) {
    Set<String> hosts = new HashSet<>(hostnames);
    hosts.addAll(settings.hosts());
    if (!settings.listen().host().isEmpty()) {
      hosts.add(settings.listen().host());
    }
    AdminGate gate = new AdminGate(surroundings.storage(), hosts);
    UnaryOperator<WebHandler> guard =
        handler ->
            loopback
                ? handler
                : request -> {
                  gate.admin(request);
                  return handler.handle(request);
                };
    List<Endpoint> endpoints =
        new ArrayList<>(
            new AdminApi(gate, surroundings.storage(), surroundings.operations()).endpoints());
    endpoints.addAll(new OverlayAdminApi(gate, surroundings.overlay()).endpoints());
    endpoints.addAll(
        new Observability(surroundings.storage(), surroundings.operations(), surroundings.metrics())
            .endpoints(guard));
    return new WebApi(WebApi.Words.GATEWAY, gate, endpoints);
  }

  private Channel bind(EventLoopGroup eventLoops, InetSocketAddress address) throws IOException {
    var bound =
        new ServerBootstrap()
            .group(eventLoops)
            .channel(NativeSupport.serverSocketChannel())
            .option(ChannelOption.SO_BACKLOG, BACKLOG)
            .childHandler(
                new ChannelInitializer<SocketChannel>() {
                  @Override
                  protected void initChannel(SocketChannel channel) {
                    accept(channel);
                  }
                })
            .bind(address)
            .awaitUninterruptibly();
    if (!bound.isSuccess()) {
      blocking.shutdown();
      var taken =
          new BindException(
              "cannot listen on admin.listen %s: %s"
                  .formatted(settings.listen(), bound.cause().getMessage()));
      taken.initCause(bound.cause());
      throw taken;
    }
    return bound.channel();
  }

  private void accept(SocketChannel channel) {
    if (connections.size() >= settings.maxConnections()) {
      channel.close();
      return;
    }
    connections.add(channel);
    tls.ifPresent(
        context -> {
          SslHandler handler = context.newHandler(channel.alloc());
          handler.setHandshakeTimeout(
              settings.limits().requestLimit().toMillis(), TimeUnit.MILLISECONDS);
          channel.pipeline().addLast(handler);
        });
    WebConnection.install(channel.pipeline(), api, settings.limits(), blocking);
  }
}
