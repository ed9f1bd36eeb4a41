package io.penstock.protocol.netstack;

import io.netty.buffer.PooledByteBufAllocator;
import io.penstock.protocol.netstack.StackPair.Version;
import io.penstock.protocol.netstack.SteadyStream.Direction;
import io.penstock.protocol.netstack.tcp.TcpConfig;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
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

/// What a full segment costs from the writer's buffer to the reader's, both stacks included: an
/// operation is one segment with its share of the acknowledgments, and a turn writes a batch of
/// them.
@State(Scope.Thread)
@Fork(1)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class SegmentBenchmark {

  private static final int BATCH = 16;

  /// What the headers take of the MTU, with timestamps.
  private static final int HEADER_BYTES = 20 + 20 + 12;

  @Param({"1280", "1500", "65535"})
  private int mtuBytes;

  private @Nullable SteadyStream stream;

  /// JMH makes one, and calls [#connect].
  public SegmentBenchmark() {}

  @Setup
  public void connect() {
    int batchBytes = BATCH * (mtuBytes - HEADER_BYTES);
    TcpConfig tcp =
        TcpConfig.builder()
            // so that a batch is taken at once
            .initialSendBufferBytes(Math.max(batchBytes, TcpConfig.DEFAULT_INITIAL_BUFFER_BYTES))
            .build();
    stream =
        new SteadyStream(
            NetStackConfig.builder().tcp(tcp).build(),
            mtuBytes,
            Version.IPV4,
            Direction.TO_SERVER,
            batchBytes,
            PooledByteBufAllocator.DEFAULT,
            System::nanoTime);
  }

  @TearDown
  public void close() {
    Objects.requireNonNull(stream).close();
  }

  @Benchmark
  @OperationsPerInvocation(BATCH)
  public int segment() {
    return Objects.requireNonNull(stream).turn();
  }
}
