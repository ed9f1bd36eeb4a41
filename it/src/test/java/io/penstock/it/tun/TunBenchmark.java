package io.penstock.it.tun;

import com.sun.management.ThreadMXBean;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.IoEventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.util.ResourceLeakDetector;
import io.penstock.protocol.netstack.offload.PacketMeta;
import io.penstock.protocol.netstack.wire.InternetChecksum;
import io.penstock.protocol.netstack.wire.IpProtocol;
import io.penstock.protocol.netstack.wire.Ipv4Header;
import io.penstock.protocol.netstack.wire.UdpHeader;
import io.penstock.transport.NativeSupport;
import io.penstock.transport.tun.TunConfig;
import io.penstock.transport.tun.TunCounters;
import io.penstock.transport.tun.TunLink;
import io.penstock.transport.tun.TunOffload;
import io.penstock.transport.tun.TunReceiver;
import java.lang.management.ManagementFactory;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Measures a TUN device of ours: packets per second in each direction, and what `iperf3` moves
/// between two kernels over two devices and a [Relay].
///
/// A program, not a test; it fails on no time. It takes root and `iperf3`; an argument is the
/// seconds of each measurement, 5 without one.
public final class TunBenchmark {

  private static final int DATA_BYTES = 1200;
  private static final int BURST = 64;
  private static final long WARM_UP_SECONDS = 2;
  private static final ByteBufAllocator ALLOCATOR = PooledByteBufAllocator.DEFAULT;
  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  private final long seconds;
  private final MultiThreadIoEventLoopGroup loops = NativeSupport.newEventLoops(1, "tun");
  private final IoEventLoop loop = loops.next();

  private TunBenchmark(long seconds) {
    this.seconds = seconds;
  }

  /// Runs all measurements and prints what came out.
  public static void main(String[] arguments) throws Exception {
    ResourceLeakDetector.setLevel(ResourceLeakDetector.Level.DISABLED);
    TunBenchmark benchmark =
        new TunBenchmark(arguments.length == 0 ? 5 : Long.parseLong(arguments[0]));
    try {
      for (TunOffload offload : List.of(TunOffload.NONE, TunOffload.TCP)) {
        benchmark.measureWriting(offload);
        benchmark.measureReading(offload);
      }
      for (Relay.Work work : Relay.Work.values()) {
        benchmark.measureRelay(TunOffload.NONE, TunOffload.NONE, work);
        benchmark.measureRelay(TunOffload.TCP, TunOffload.NONE, work);
        benchmark.measureRelay(TunOffload.NONE, TunOffload.TCP, work);
        benchmark.measureRelay(TunOffload.TCP, TunOffload.TCP, work);
      }
    } finally {
      NativeSupport.endEventLoops(benchmark.loops, Duration.ofSeconds(5)).sync();
    }
  }

  /// Datagrams to a socket of the kernel that nobody reads.
  private void measureWriting(TunOffload offload) throws Exception {
    try (NetworkNamespace kernel = NetworkNamespace.create();
        DatagramSocket _ = kernel.call(() -> new DatagramSocket(5000))) {
      TunLink link = link(kernel, offload);
      Runnable burst =
          () -> {
            PacketMeta meta = new PacketMeta();
            for (int i = 0; i < BURST; i++) {
              link.send(datagram(), meta);
            }
          };
      writeFor(WARM_UP_SECONDS, burst);
      report("write", offload, link, () -> writeFor(seconds, burst));
      link.close();
      link.closeFuture().sync();
    }
  }

  private void writeFor(long seconds, Runnable burst) throws Exception {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
    while (System.nanoTime() - end < 0) {
      for (int i = 0; i < 100; i++) {
        loop.execute(burst);
      }
      loop.submit(burst).sync();
    }
  }

  private static ByteBuf datagram() {
    int headroom = TunLink.HEADROOM_BYTES;
    int length = Ipv4Header.MIN_BYTES + UdpHeader.BYTES + DATA_BYTES;
    ByteBuf out = ALLOCATOR.directBuffer(headroom + length);
    out.setIndex(headroom, headroom);
    int from = 0x0a4d_0002;
    int to = 0x0a4d_0001;
    Ipv4Header.write(out, 0, length, 0, Ipv4Header.DONT_FRAGMENT, 64, IpProtocol.UDP, from, to);
    UdpHeader.write(out, 40_000, 5000, UdpHeader.BYTES + DATA_BYTES);
    out.writeZero(DATA_BYTES);
    int transport = headroom + Ipv4Header.MIN_BYTES;
    int bytes = UdpHeader.BYTES + DATA_BYTES;
    long pseudo = InternetChecksum.pseudoHeader4(from, to, IpProtocol.UDP, bytes);
    UdpHeader.writeChecksum(out, transport, bytes, pseudo);
    return out;
  }

  /// Datagrams that one thread sends as fast as it can through a socket of the kernel.
  private void measureReading(TunOffload offload) throws Exception {
    try (NetworkNamespace kernel = NetworkNamespace.create();
        DatagramSocket socket = kernel.call(() -> new DatagramSocket())) {
      TunLink link = link(kernel, offload);
      DatagramPacket packet =
          new DatagramPacket(
              new byte[DATA_BYTES], DATA_BYTES, InetAddress.getByName("10.77.0.2"), 5000);
      Thread sender =
          Thread.ofPlatform()
              .start(
                  () -> {
                    try {
                      while (!Thread.currentThread().isInterrupted()) {
                        socket.send(packet);
                      }
                    } catch (Exception _) {
                      // It was closed from the other thread.
                    }
                  });
      TimeUnit.SECONDS.sleep(WARM_UP_SECONDS);
      report("read", offload, link, () -> TimeUnit.SECONDS.sleep(seconds));
      sender.interrupt();
      sender.join();
      link.close();
      link.closeFuture().sync();
    }
  }

  private TunLink link(NetworkNamespace kernel, TunOffload offload) throws Exception {
    TunConfig config = TunConfig.builder().offload(offload).build();
    return TunLink.start(loop, kernel.tun(config, "10.77.0.1/24"), config, ALLOCATOR, new Discard())
        .sync()
        .getNow();
  }

  private interface Measured {
    void run() throws Exception;
  }

  private void report(String what, TunOffload offload, TunLink link, Measured measured)
      throws Exception {
    long thread = loop.submit(() -> Thread.currentThread().threadId()).get();
    TunCounters before = loop.submit(link::counters).get();
    long allocated = THREADS.getThreadAllocatedBytes(thread);
    long busy = THREADS.getThreadCpuTime(thread);
    long began = System.nanoTime();
    measured.run();
    double nanos = System.nanoTime() - began;
    busy = THREADS.getThreadCpuTime(thread) - busy;
    allocated = THREADS.getThreadAllocatedBytes(thread) - allocated;
    TunCounters after = loop.submit(link::counters).get();
    double packets =
        after.packetsIn() + after.packetsOut() - before.packetsIn() - before.packetsOut();
    System.out.printf(
        "%-5s %-4s %,9.0f packets/s of %d bytes, %.2f us of processor and %.1f bytes of heap each,"
            + " loop busy %.0f %%%n",
        what,
        offload,
        packets / nanos * 1e9,
        DATA_BYTES + UdpHeader.BYTES + Ipv4Header.MIN_BYTES,
        busy / packets / 1e3,
        allocated / packets,
        100 * busy / nanos);
  }

  /// TCP between two kernels, with whatever congestion control CUBIC makes of it.
  private void measureRelay(TunOffload leftOffload, TunOffload rightOffload, Relay.Work work)
      throws Exception {
    try (NetworkNamespace left = NetworkNamespace.create();
        NetworkNamespace right = NetworkNamespace.create()) {
      TunConfig leftConfig = TunConfig.builder().offload(leftOffload).build();
      TunConfig rightConfig = TunConfig.builder().offload(rightOffload).build();
      Relay relay =
          Relay.start(
              loop,
              ALLOCATOR,
              left.tun(leftConfig, "10.77.0.1/24"),
              right.tun(rightConfig, "10.77.0.2/24"),
              work);
      NetworkNamespace.requireProgram("iperf3");
      Process server = right.start(new ProcessBuilder("iperf3", "-s", "-1", "--forceflush"));
      server.inputReader().readLine();
      server.inputReader().readLine();
      String command = "iperf3 -C cubic -f m -t " + seconds + " -c 10.77.0.2";
      NetworkThread.Result result = left.execute(List.of(command.split(" ", -1)));
      server.destroyForcibly().waitFor();
      Matcher rate = Pattern.compile("([0-9.]+) Mbits/sec +receiver").matcher(result.output());
      TunCounters in = Relay.counters(loop, relay.left());
      TunCounters out = Relay.counters(loop, relay.right());
      System.out.printf(
          "relay %-4s to %-4s %-12s %s Mbit/s, %,d packets read and %,d written per second%n",
          leftOffload,
          rightOffload,
          work,
          rate.find() ? rate.group(1) : result.output(),
          (in.packetsIn() + out.packetsIn()) / seconds,
          (in.packetsOut() + out.packetsOut()) / seconds);
      for (TunLink link : List.of(relay.left(), relay.right())) {
        link.close();
        link.closeFuture().sync();
      }
    }
  }

  /// Drops what comes.
  private static final class Discard implements TunReceiver {

    @Override
    public void packet(TunLink link, ByteBuf packet, PacketMeta meta) {
      packet.release();
    }

    @Override
    public void batchEnd(TunLink link) {}

    @Override
    public void writable(TunLink link) {}
  }
}
