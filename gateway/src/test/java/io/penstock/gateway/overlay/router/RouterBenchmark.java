package io.penstock.gateway.overlay.router;

import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/// What a packet costs from the tunnel that it comes out of to the one that it goes into: an
/// operation is one packet, with its buffer of the pooled allocator, and a turn of the loops brings
/// a batch of them.
///
/// Nothing of QUIC is in it. Both loops run on the benchmark's thread, so what it says of a packet
/// that crosses loops is what both together spend.
@State(Scope.Thread)
@Fork(1)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class RouterBenchmark {

  private static final int BATCH = 24;

  /// Of UDP's data; with the headers 40 and 1,228 bytes.
  @Param({"12", "1200"})
  private int dataBytes;

  private final SteadyRouter steady = new SteadyRouter(System::nanoTime);
  private byte[] toOwn = {};
  private byte[] toOther = {};
  private byte[] toNobody = {};
  private byte[] fromOther = {};

  @Setup
  public void packets() {
    toOwn = packet("10.64.0.2", "10.64.0.3");
    toOther = packet("10.64.0.2", "10.64.0.4");
    toNobody = packet("10.64.0.2", "10.64.0.99");
    fromOther = packet("10.64.0.4", "10.64.0.3");
  }

  private byte[] packet(String from, String to) {
    return SteadyRouter.udp(from, to, 1111, 53, dataBytes);
  }

  @TearDown
  public void close() {
    steady.close();
  }

  /// Between nodes of one user on one event loop.
  @Benchmark
  @OperationsPerInvocation(BATCH)
  public void oneLoop() {
    steady.turn(steady.a, toOwn, BATCH);
  }

  /// Between nodes of two users, to whom a rule applies, on two event loops.
  @Benchmark
  @OperationsPerInvocation(BATCH)
  public void twoLoopsAndARule() {
    steady.turn(steady.a, toOther, BATCH);
  }

  /// To an address that nobody has; most of the errors are beyond their limit.
  @Benchmark
  @OperationsPerInvocation(BATCH)
  public void noRoute() {
    steady.turn(steady.a, toNobody, BATCH);
  }

  /// To a node to which no rule leads; most of the errors are beyond their limit.
  @Benchmark
  @OperationsPerInvocation(BATCH)
  public void forbidden() {
    steady.turn(steady.other, fromOther, BATCH);
  }
}
