package io.penstock.transport.netstack.socket;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.penstock.protocol.netstack.NetStackConfig;
import io.penstock.protocol.netstack.ip.LinkTraits;
import io.penstock.protocol.netstack.wire.IpEndpoint;
import io.penstock.transport.NativeSupport;
import io.penstock.transport.netstack.MemoryLink;
import io.penstock.transport.netstack.NetStackDriver;
import io.penstock.transport.netstack.SocketAddresses;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.FutureTask;
import java.util.concurrent.Semaphore;
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

/// What a KiB costs on one connection between two stacks in memory, each on an event loop of its
/// own: through the channels of the stacks, and through sockets, whose virtual threads write and
/// read. The difference is what blocking costs.
@State(Scope.Benchmark)
@Fork(1)
@Warmup(iterations = 5, time = 2)
@Measurement(iterations = 5, time = 2)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class SocketBenchmark {

  private static final IpEndpoint CLIENT = IpEndpoint.of4(0x0a000001, 0);
  private static final IpEndpoint SERVER = IpEndpoint.of4(0x0a000002, 0);

  private static final int TRANSFER_KIB = 16 * 1024;
  private static final int TRANSFER_BYTES = TRANSFER_KIB * 1024;

  /// What is written, and read, at once.
  @Param({"1024", "65536"})
  private int chunkBytes;

  private final MultiThreadIoEventLoopGroup loops = NativeSupport.newEventLoops(2, "stacks");
  private final Counter counter = new Counter();
  private final NetStackDriver client;
  private final NetStackDriver server;
  private final Channel channel;
  private final Socket writing;
  private final Socket reading;
  private byte[] chunk = {};

  public SocketBenchmark() {
    MemoryLink.Pair links = MemoryLink.pair(loops.next(), loops.next(), LinkTraits.plain(1500));
    client = NetStackDriver.start(links.first(), NetStackConfig.defaults());
    server = NetStackDriver.start(links.second(), NetStackConfig.defaults());
    client.addAddress(CLIENT, 24).syncUninterruptibly();
    server.addAddress(SERVER, 24).syncUninterruptibly();
    channel = openChannel();
    try (ServerSocket listening = new StackSockets(server).newServerSocket()) {
      listening.bind(new InetSocketAddress(0));
      writing = new StackSockets(client).newSocket();
      writing.connect(SocketAddresses.of(SERVER.withPort(listening.getLocalPort())));
      reading = listening.accept();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private Channel openChannel() {
    Channel listening =
        new ServerBootstrap()
            .group(server.eventLoop())
            .channelFactory(server.serverChannels())
            .childHandler(counter)
            .bind(new InetSocketAddress(0))
            .syncUninterruptibly()
            .channel();
    int port = ((InetSocketAddress) listening.localAddress()).getPort();
    return new Bootstrap()
        .group(client.eventLoop())
        .channelFactory(client.channels())
        .handler(new Pump())
        .connect(SocketAddresses.of(SERVER.withPort(port)))
        .syncUninterruptibly()
        .channel();
  }

  @Setup
  public void makeChunk() {
    chunk = new byte[chunkBytes];
  }

  @TearDown
  public void close() throws Exception {
    channel.close().sync();
    writing.close();
    reading.close();
    client.close().sync();
    server.close().sync();
    NativeSupport.endEventLoops(loops, Duration.ofSeconds(5)).sync();
  }

  // ---- channels ----

  @Benchmark
  @OperationsPerInvocation(TRANSFER_KIB)
  public void channels() throws Exception {
    channel.pipeline().fireUserEventTriggered(TRANSFER_BYTES);
    counter.counted.acquire();
  }

  /// Writes as many bytes as an event says, while the channel is writable.
  private final class Pump extends ChannelInboundHandlerAdapter {

    private int left;

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
      if (event instanceof Integer bytes) {
        left += bytes;
        write(ctx);
      }
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
      write(ctx);
    }

    private void write(ChannelHandlerContext ctx) {
      while (left > 0 && ctx.channel().isWritable()) {
        left -= chunk.length;
        ctx.write(Unpooled.wrappedBuffer(chunk), ctx.voidPromise());
      }
      ctx.flush();
    }
  }

  /// Copies what comes, as a reader would, and tells of each transfer that is complete.
  private final class Counter extends ChannelInitializer<Channel> {

    final Semaphore counted = new Semaphore(0);

    @Override
    protected void initChannel(Channel accepted) {
      accepted
          .pipeline()
          .addLast(
              new ChannelInboundHandlerAdapter() {

                private final byte[] to = new byte[64 * 1024];
                private int bytes;

                @Override
                public void channelRead(ChannelHandlerContext ctx, Object message) {
                  ByteBuf received = (ByteBuf) message;
                  int length = received.readableBytes();
                  received.readBytes(to, 0, Math.min(length, to.length));
                  received.release();
                  bytes += length;
                  if (bytes >= TRANSFER_BYTES) {
                    bytes -= TRANSFER_BYTES;
                    counted.release();
                  }
                }
              });
    }
  }

  // ---- sockets ----

  @Benchmark
  @OperationsPerInvocation(TRANSFER_KIB)
  public void sockets() throws Exception {
    FutureTask<Integer> sending = start(this::send);
    FutureTask<Integer> receiving = start(this::receive);
    sending.get();
    receiving.get();
  }

  private static FutureTask<Integer> start(Callable<Integer> work) {
    FutureTask<Integer> task = new FutureTask<>(work);
    Thread.ofVirtual().start(task);
    return task;
  }

  private int send() throws Exception {
    OutputStream out = writing.getOutputStream();
    for (int sent = 0; sent < TRANSFER_BYTES; sent += chunk.length) {
      out.write(chunk);
    }
    return TRANSFER_BYTES;
  }

  private int receive() throws Exception {
    InputStream in = reading.getInputStream();
    byte[] to = new byte[chunkBytes];
    int received = 0;
    while (received < TRANSFER_BYTES) {
      received += in.read(to);
    }
    return received;
  }
}
