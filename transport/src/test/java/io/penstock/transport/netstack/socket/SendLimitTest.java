package io.penstock.transport.netstack.socket;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.channel.EventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.penstock.protocol.netstack.NetStackConfig;
import io.penstock.protocol.netstack.ip.LinkTraits;
import io.penstock.transport.NativeSupport;
import io.penstock.transport.netstack.Link;
import io.penstock.transport.netstack.LinkReceiver;
import io.penstock.transport.netstack.NetStackDriver;
import io.penstock.transport.netstack.SocketAddresses;
import io.penstock.transport.netstack.Stacks;
import io.penstock.transport.netstack.socket.Threads.Task;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetSocketAddress;
import java.net.SocketException;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// How long a datagram waits for a link that takes no packets.
class SendLimitTest {

  private final MultiThreadIoEventLoopGroup loops = NativeSupport.newEventLoops(1, "stack");
  private final StoppedLink link = new StoppedLink(loops.next());
  private NetStackDriver driver;
  private StackSockets sockets;

  /// A link that takes nothing until it is told to.
  private static final class StoppedLink implements Link {

    final AtomicInteger taken = new AtomicInteger();
    private final EventLoop loop;
    private @Nullable LinkReceiver receiver;
    private boolean running;

    StoppedLink(EventLoop loop) {
      this.loop = loop;
    }

    void run() {
      loop.execute(
          () -> {
            running = true;
            Objects.requireNonNull(receiver).writable();
          });
    }

    @Override
    public EventLoop eventLoop() {
      return loop;
    }

    @Override
    public LinkTraits traits() {
      return LinkTraits.plain(1500);
    }

    @Override
    public void start(LinkReceiver to) {
      receiver = to;
    }

    @Override
    public boolean isWritable() {
      return running;
    }

    @Override
    public void send(ByteBuf packet, int segmentBytes) {
      packet.release();
      taken.incrementAndGet();
    }

    @Override
    public void flush() {}

    @Override
    public void close() {}
  }

  @BeforeEach
  void open() throws Exception {
    driver = NetStackDriver.start(link, NetStackConfig.defaults());
    driver.addAddress(Stacks.CLIENT_4, 24).sync();
    sockets = new StackSockets(driver).withLimits(SocketLimits.defaults().withSendMillis(100));
  }

  @AfterEach
  void close() throws Exception {
    driver.close().sync();
    NativeSupport.endEventLoops(loops, Duration.ofSeconds(5)).sync();
  }

  @ParameterizedTest
  @EnumSource(Threads.class)
  void a_datagram_that_does_not_leave_in_time_fails_and_the_socket_goes_on(Threads threads)
      throws Exception {
    InetSocketAddress to = SocketAddresses.of(Stacks.SERVER_4.withPort(9));
    DatagramPacket packet = new DatagramPacket(new byte[1_000], 1_000, to);
    try (DatagramSocket socket = sockets.newDatagramSocket(new InetSocketAddress(0))) {
      Task<?> sending =
          threads.run(
              () -> {
                while (true) {
                  socket.send(packet);
                }
              });
      assertThat(sending.failure())
          .isExactlyInstanceOf(SocketException.class)
          .hasMessage("No buffer space available: the link has taken no packets for 100 ms");
      assertThat(link.taken).hasValue(0);
      link.run();
      threads.run(() -> socket.send(packet)).get();
      assertThat(link.taken).hasPositiveValue();
    }
  }
}
