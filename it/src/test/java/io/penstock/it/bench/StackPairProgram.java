package io.penstock.it.bench;

import io.netty.channel.EventLoop;
import io.penstock.transport.NativeSupport;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// The measured pair of stacks, both on one event loop.
///
/// Asked `stream MTU SECONDS` it says how fast one stream is, asked `churn WAY SECONDS` how many
/// connections are opened and closed, and `idle WAY COUNT` opens so many that stay; a way is
/// `engine` or `channels`.
final class StackPairProgram {

  private static final String CHANNELS = "channels";

  private final EventLoop loop = NativeSupport.newEventLoops(1, "stacks").next();

  /// What stays open.
  private final List<AutoCloseable> kept = new ArrayList<>();

  private StackPairProgram() {}

  static void main() throws Exception {
    MeasuredProgram program = MeasuredProgram.begin();
    StackPairProgram pair = new StackPairProgram();
    program.say(Map.of("ready", true));
    program.serve(pair::answer);
    for (AutoCloseable each : pair.kept) {
      each.close();
    }
  }

  private Map<String, ?> answer(String[] words) throws Exception {
    return switch (words[0]) {
      case "stream" -> {
        int mtu = Integer.parseInt(words[1]);
        double seconds = Double.parseDouble(words[2]);
        yield Map.of("gbit", loop.submit(() -> EngineFigures.gbit(mtu, seconds)).get());
      }
      case "churn" -> {
        double seconds = Double.parseDouble(words[2]);
        double rate =
            words[1].equals(CHANNELS)
                ? ChannelFigures.connectionsPerSecond(loop, seconds)
                : loop.submit(() -> EngineFigures.connectionsPerSecond(seconds)).get();
        yield Map.of("per_second", rate);
      }
      case "idle" -> {
        int count = Integer.parseInt(words[2]);
        kept.add(
            words[1].equals(CHANNELS)
                ? ChannelFigures.idle(loop, count)
                : loop.submit(() -> EngineFigures.idle(count)).get());
        yield Map.of("open", count);
      }
      default -> throw new IllegalArgumentException("unknown question " + words[0]);
    };
  }
}
