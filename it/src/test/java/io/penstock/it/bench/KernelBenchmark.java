package io.penstock.it.bench;

import io.penstock.it.bench.Samples.Figure;
import io.penstock.it.bench.Samples.Way;
import io.penstock.transport.tun.TunOffload;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import tools.jackson.databind.JsonNode;

/// Measures one TCP stream between our stack and the Linux kernel over a TUN device, each way, with
/// the device's offloads and without, beside one between two kernels over veth without offloads.
/// Everywhere the MTU is 1500 and `iperf3` measures.
final class KernelBenchmark implements AutoCloseable {

  private static final long START_SECONDS = 60;
  private static final double WARM_UP_SECONDS = 3;
  private static final int WARM_UPS = 4;

  private final BenchmarkOptions options;
  private final Path directory;
  private final PrintStream out;
  private final Samples samples;
  private final Map<Way, Child> stacks = new EnumMap<>(Way.class);

  KernelBenchmark(BenchmarkOptions options, Path directory, PrintStream out) {
    this.options = options;
    this.directory = directory;
    this.out = out;
    samples = new Samples(out);
  }

  void run() throws Exception {
    try (VethPair veth = VethPair.open()) {
      start(Way.TUN, TunOffload.NONE);
      start(Way.TUN_OFFLOAD, TunOffload.TCP);
      warmUp();
      for (int round = 1; round <= options.rounds(); round++) {
        for (Way way : stacks.keySet()) {
          measure(round, way);
        }
        samples.add(round, Figure.FROM_KERNEL, Way.VETH, veth.gbit("up", options.seconds()));
        samples.add(round, Figure.TO_KERNEL, Way.VETH, veth.gbit("down", options.seconds()));
      }
    }
    out.println();
    out.print(new Report(samples).text());
  }

  private void start(Way way, TunOffload offload) throws IOException, InterruptedException {
    String name = "stack-" + offload.name().toLowerCase(Locale.ROOT);
    Child stack = Child.startJava(directory, name, StackProgram.class, List.of(offload.name()));
    stacks.put(way, stack);
    stack.next("ready", START_SECONDS);
  }

  private void warmUp() throws IOException, InterruptedException {
    for (Way way : stacks.keySet()) {
      for (int i = 0; i < WARM_UPS; i++) {
        double up = ask(way, "up", WARM_UP_SECONDS);
        double down = ask(way, "down", WARM_UP_SECONDS);
        out.printf(Locale.ROOT, "warming up %s: %.2f and %.2f Gbit/s%n", way.label(), up, down);
      }
    }
  }

  private Child stack(Way way) {
    Child stack = stacks.get(way);
    if (stack == null) {
      throw new IllegalStateException(way + " was not started");
    }
    return stack;
  }

  private double ask(Way way, String direction, double seconds)
      throws IOException, InterruptedException {
    Child stack = stack(way);
    stack.say(direction + " " + seconds);
    JsonNode said = stack.next("gbit", (long) seconds + START_SECONDS);
    return said.get("gbit").asDouble();
  }

  private void measure(int round, Way way) throws IOException, InterruptedException {
    measure(round, way, "up", Figure.FROM_KERNEL, Figure.FROM_KERNEL_PROCESSOR);
    measure(round, way, "down", Figure.TO_KERNEL, Figure.TO_KERNEL_PROCESSOR);
  }

  private void measure(int round, Way way, String direction, Figure rate, Figure processor)
      throws IOException, InterruptedException {
    double before = stack(way).processorSeconds();
    double gbit = ask(way, direction, options.seconds());
    double gigabytes = gbit * options.seconds() / 8;
    samples.add(round, rate, way, gbit);
    samples.add(round, processor, way, (stack(way).processorSeconds() - before) / gigabytes);
  }

  @Override
  public void close() {
    stacks.values().forEach(Child::close);
  }
}
