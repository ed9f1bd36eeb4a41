package io.penstock.it.bench;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.penstock.protocol.codervpn.HeaderChoice;
import io.penstock.protocol.codervpn.SpeakerConfig;
import io.penstock.protocol.codervpn.message.Log;
import io.penstock.protocol.codervpn.message.NetworkSettingsRequest;
import io.penstock.protocol.codervpn.message.NetworkSettingsResponse;
import io.penstock.protocol.codervpn.message.PeerUpdate;
import io.penstock.protocol.codervpn.message.StartRequest;
import io.penstock.protocol.codervpn.message.StartResponse;
import io.penstock.protocol.codervpn.message.StopResponse;
import io.penstock.transport.NativeSupport;
import io.penstock.transport.codervpn.Calls;
import io.penstock.transport.codervpn.ManagerConnection;
import io.penstock.transport.codervpn.ManagerHandler;
import io.penstock.transport.codervpn.TunnelConnection;
import io.penstock.transport.codervpn.TunnelHandler;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/// The measured ends of codervpn streams over Unix sockets.
///
/// A tunnel, which knows of no peers, awaits managers at the path that is its argument. Asked
/// `calls PATH COUNT`, a manager asks the tunnel at that path for its peers, one call after
/// another, and says how long they took.
final class CallProgram {

  private static final Duration LIMIT = Duration.ofSeconds(30);

  private CallProgram() {}

  static void main(String[] arguments) throws Exception {
    MeasuredProgram program = MeasuredProgram.begin();
    EventLoopGroup loops = NativeSupport.newEventLoops(1, "codervpn");
    listen(loops, address(arguments[0]));
    program.say(Map.of("ready", true));
    // Where whoever calls a manager and blocks should be.
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      program.serve(
          words ->
              threads
                  .submit(() -> calls(loops, address(words[1]), Integer.parseInt(words[2])))
                  .get());
    }
    loops.close();
  }

  private static SocketAddress address(String path) {
    return NativeSupport.unixAddress(UnixDomainSocketAddress.of(path));
  }

  private static void listen(EventLoopGroup loops, SocketAddress address)
      throws InterruptedException {
    new ServerBootstrap()
        .group(loops)
        .channel(NativeSupport.serverUnixSocketChannel())
        .childHandler(
            new ChannelInitializer<Channel>() {
              @Override
              protected void initChannel(Channel channel) {
                var tunnel = new TunnelConnection(SpeakerConfig.tunnel().build(), new Idle());
                channel.pipeline().addLast(tunnel.handler());
              }
            })
        .bind(address)
        .sync();
  }

  private static Map<String, ?> calls(EventLoopGroup loops, SocketAddress address, int count)
      throws Exception {
    SpeakerConfig config = SpeakerConfig.manager().header(HeaderChoice.CURRENT).build();
    var manager = new ManagerConnection(config, new Idle());
    new Bootstrap()
        .group(loops)
        .channel(NativeSupport.unixSocketChannel())
        .handler(manager.handler())
        .connect(address)
        .sync();
    manager.opened().toCompletableFuture().get(LIMIT.toSeconds(), TimeUnit.SECONDS);
    var start = StartRequest.newBuilder().setCoderUrl("https://a.test").setApiToken("token");
    var _ = Calls.await(manager.start(start.build(), LIMIT));
    Latencies latencies = new Latencies();
    for (int i = 0; i < count; i++) {
      long began = System.nanoTime();
      var _ = Calls.await(manager.peers(LIMIT));
      latencies.add(System.nanoTime() - began);
    }
    var _ = Calls.await(manager.stop(LIMIT));
    return Map.of("p50_us", latencies.micros(50), "p99_us", latencies.micros(99));
  }

  /// Has nothing and agrees to everything.
  private static final class Idle implements TunnelHandler, ManagerHandler {

    @Override
    public StartResponse start(StartRequest request) {
      return StartResponse.newBuilder().setSuccess(true).build();
    }

    @Override
    public StopResponse stop() {
      return StopResponse.newBuilder().setSuccess(true).build();
    }

    @Override
    public PeerUpdate peers() {
      return PeerUpdate.getDefaultInstance();
    }

    @Override
    public void wake() {}

    @Override
    public NetworkSettingsResponse networkSettings(NetworkSettingsRequest request) {
      return NetworkSettingsResponse.newBuilder().setSuccess(true).build();
    }

    @Override
    public void peersChanged(PeerUpdate update) {}

    @Override
    public void log(Log log) {}
  }
}
