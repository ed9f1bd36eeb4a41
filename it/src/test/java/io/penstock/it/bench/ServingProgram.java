package io.penstock.it.bench;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.penstock.node.serve.HttpHandler;
import io.penstock.node.serve.ServeConfig;
import io.penstock.node.serve.ServeException;
import io.penstock.node.serve.ServeManager;
import io.penstock.node.serve.TcpPortHandler;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.Map;

/// The measured node that is visited: a [StreamServer] on it and another on the machine's own
/// stack, and 100 served ports, each a proxy to an app.
///
/// Its arguments are `GATEWAY FINGERPRINT TOKEN STATE APP APP`, the apps each `HOST:PORT`. It says
/// where it is visited, and answers `set CONFIG` with how long that took; the configs are in
/// [#config].
final class ServingProgram {

  static final String NAME = "web";
  static final int STREAM_PORT = 7000;
  static final int FIRST_PORT = 8000;
  static final int PORTS = 100;
  private static final int FIRST_MORE = FIRST_PORT + PORTS;
  private static final double NANOS_PER_MILLI = 1e6;

  private final ServeManager serve;
  private final String host;
  private final String app;
  private final String otherApp;

  private ServingProgram(ServeManager serve, String host, String app, String otherApp) {
    this.serve = serve;
    this.host = host;
    this.app = app;
    this.otherApp = otherApp;
  }

  static void main(String[] arguments) throws Exception {
    MeasuredProgram program = MeasuredProgram.begin();
    BenchNode joined = BenchNode.join(arguments, NAME, Path.of(arguments[BenchNode.ARGUMENTS]));
    listen(joined.node().serverBootstrap(), new InetSocketAddress(STREAM_PORT));
    Channel direct =
        listen(
            joined.directServerBootstrap(),
            new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
    String host = joined.node().domainName().orElseThrow();
    ServingProgram serving =
        new ServingProgram(
            joined.node().serve(),
            host,
            "http://" + arguments[BenchNode.ARGUMENTS + 1],
            "http://" + arguments[BenchNode.ARGUMENTS + 2]);
    serving.set("first");
    program.say(Map.of("direct", address(direct), "host", host));
    program.serve(words -> serving.set(words[1]));
    joined.node().close();
  }

  private static Channel listen(ServerBootstrap bootstrap, InetSocketAddress at)
      throws InterruptedException {
    return bootstrap
        .childOption(ChannelOption.ALLOW_HALF_CLOSURE, true)
        .childOption(ChannelOption.WRITE_BUFFER_WATER_MARK, StreamLoad.WATER_MARK)
        .childHandler(
            new ChannelInitializer<>() {
              @Override
              protected void initChannel(Channel channel) {
                channel.pipeline().addLast(new StreamServer());
              }
            })
        .bind(at)
        .sync()
        .channel();
  }

  private static String address(Channel listener) {
    return "127.0.0.1:" + ((InetSocketAddress) listener.localAddress()).getPort();
  }

  private Map<String, ?> set(String name) throws ServeException {
    ServeConfig next = config(name);
    long began = System.nanoTime();
    serve.set(next);
    return Map.of("millis", (System.nanoTime() - began) / NANOS_PER_MILLI);
  }

  /// `first` has 100 ports, `other` has the same with another app behind all of them, and `more`
  /// has 100 ports beside those.
  private ServeConfig config(String name) {
    return switch (name) {
      case "first" -> with(ServeConfig.EMPTY, FIRST_PORT, app);
      case "other" -> with(ServeConfig.EMPTY, FIRST_PORT, otherApp);
      case "more" -> with(config("other"), FIRST_MORE, app);
      default -> throw new IllegalArgumentException("unknown config " + name);
    };
  }

  private ServeConfig with(ServeConfig before, int firstPort, String target) {
    ServeConfig config = before;
    for (int port = firstPort; port < firstPort + PORTS; port++) {
      config =
          config
              .withPort(port, TcpPortHandler.toHttp())
              .withHandler(host, port, "/", HttpHandler.proxyTo(target));
    }
    return config;
  }
}
