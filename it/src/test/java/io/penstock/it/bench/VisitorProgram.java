package io.penstock.it.bench;

import io.penstock.api.HostPort;
import io.penstock.it.bench.HttpLoad.Habit;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/// The measured node that visits, and measures.
///
/// Its arguments are `GATEWAY FINGERPRINT TOKEN STATE HOST STREAMS APP`: the name of the served
/// host, and where its streams and its app are without an overlay in between. It answers `connect
/// WAY COUNT`, `ping WAY SECONDS`, `down WAY SECONDS`, `up WAY SECONDS` and `requests WAY
/// CONNECTIONS SECONDS`, where the way is `nodes` or `direct`, and for connections that stay `run
/// COUNT`, `rest COUNT` and `finish`.
final class VisitorProgram {

  private static final String NAME = "visitor";
  private static final long LIMIT_SECONDS = 60;

  /// How one gets to the streams and the app.
  private record Road(StreamLoad streams, Supplier<HttpLoad> visitors) {}

  private final Road nodes;
  private final Road direct;
  private @Nullable HttpLoad staying;

  private VisitorProgram(Road nodes, Road direct) {
    this.nodes = nodes;
    this.direct = direct;
  }

  static void main(String[] arguments) throws Exception {
    MeasuredProgram program = MeasuredProgram.begin();
    BenchNode joined = BenchNode.join(arguments, NAME, Path.of(arguments[BenchNode.ARGUMENTS]));
    String host = arguments[BenchNode.ARGUMENTS + 1];
    InetSocketAddress streams = HostPort.parse(arguments[BenchNode.ARGUMENTS + 2]).resolve();
    InetSocketAddress app = HostPort.parse(arguments[BenchNode.ARGUMENTS + 3]).resolve();
    VisitorProgram visitor = new VisitorProgram(over(joined, host), beside(joined, streams, app));
    program.say(Map.of("ready", true));
    program.serve(visitor::answer);
    joined.node().close();
  }

  private static Road over(BenchNode joined, String host) throws Exception {
    InetAddress web = joined.node().resolve(host);
    var bootstrap = joined.node().bootstrap();
    var loop = bootstrap.config().group().next();
    List<InetSocketAddress> served =
        IntStream.range(0, ServingProgram.PORTS)
            .mapToObj(i -> new InetSocketAddress(web, ServingProgram.FIRST_PORT + i))
            .toList();
    return new Road(
        new StreamLoad(loop, bootstrap, new InetSocketAddress(web, ServingProgram.STREAM_PORT)),
        () -> new HttpLoad(loop, bootstrap, served, host));
  }

  private static Road beside(BenchNode joined, InetSocketAddress streams, InetSocketAddress app) {
    var bootstrap = joined.directBootstrap();
    return new Road(
        new StreamLoad(joined.direct(), bootstrap, streams),
        () -> new HttpLoad(joined.direct(), bootstrap, List.of(app), "localhost"));
  }

  private Map<String, ?> answer(String[] words) throws Exception {
    return switch (words[0]) {
      case "connect" -> road(words[1]).streams().connect(Integer.parseInt(words[2]));
      case "ping" -> road(words[1]).streams().ping(Double.parseDouble(words[2]));
      case "down" -> road(words[1]).streams().down(Double.parseDouble(words[2]));
      case "up" -> road(words[1]).streams().up(Double.parseDouble(words[2]));
      case "requests" ->
          requests(road(words[1]), Integer.parseInt(words[2]), Double.parseDouble(words[3]));
      case "run" -> await(staying().open(Integer.parseInt(words[1]), Habit.ASK_AGAIN), 0);
      case "rest" -> await(staying().open(Integer.parseInt(words[1]), Habit.REST), 0);
      case "finish" -> {
        HttpLoad last = staying();
        staying = null;
        yield await(last.finish(LIMIT_SECONDS / 2), 0);
      }
      default -> throw new IllegalArgumentException("unknown line " + words[0]);
    };
  }

  private Road road(String way) {
    return switch (way) {
      case "nodes" -> nodes;
      case "direct" -> direct;
      default -> throw new IllegalArgumentException("unknown way " + way);
    };
  }

  private HttpLoad staying() {
    HttpLoad load = staying;
    if (load == null) {
      load = nodes.visitors().get();
      staying = load;
    }
    return load;
  }

  private static Map<String, ?> requests(Road road, int connections, double seconds)
      throws Exception {
    HttpLoad load = road.visitors().get();
    await(load.open(connections, Habit.ASK_AGAIN), 0);
    Map<String, ?> measured = await(load.measure(seconds), seconds);
    Map<String, ?> end = await(load.finish(LIMIT_SECONDS / 2), 0);
    if (!Objects.equals(end.get("broken"), 0)) {
      throw new IllegalStateException(end.get("broken") + " connections were broken");
    }
    return measured;
  }

  private static Map<String, ?> await(CompletionStage<Map<String, ?>> asked, double seconds)
      throws Exception {
    return asked.toCompletableFuture().get((long) seconds + LIMIT_SECONDS, TimeUnit.SECONDS);
  }
}
