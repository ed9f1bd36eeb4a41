package io.penstock.it.tun;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollDatagramChannel;
import io.netty.channel.unix.SegmentedDatagramPacket;
import io.penstock.testkit.SeededRandom;
import io.penstock.transport.NativeSupport;
import io.penstock.transport.tun.TunConfig;
import io.penstock.transport.tun.TunCounters;
import io.penstock.transport.tun.TunLink;
import io.penstock.transport.tun.TunOffload;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Two kernels that talk TCP with each other through two TUN devices and a relay between them: they
/// are the judges of what we split, put together and checksum.
class TunRelayTest {

  private static final int BYTES = 8 * 1024 * 1024;
  private static final int MTU = 1500;

  /// Without leak detection, which records every access and takes milliseconds per super packet.
  private final UnpooledByteBufAllocator allocator = new UnpooledByteBufAllocator(true, true);

  private final MultiThreadIoEventLoopGroup loops = NativeSupport.newEventLoops(1, "tun");
  private NetworkNamespace left;
  private NetworkNamespace right;

  @BeforeEach
  void begin() throws Exception {
    left = NetworkNamespace.create();
    right = NetworkNamespace.create();
  }

  @AfterEach
  void end() throws Exception {
    NativeSupport.endEventLoops(loops, Duration.ofSeconds(5)).sync();
    if (left != null) {
      left.close();
    }
    if (right != null) {
      right.close();
    }
    assertThat(allocator.metric().usedDirectMemory()).isZero();
  }

  @ParameterizedTest
  @ValueSource(strings = {"10.77.0.2", "fd77::2"})
  void super_packets_pass_whole_between_devices_with_offloads(String to) throws Exception {
    Relay relay = relay(TunOffload.TCP, TunOffload.TCP, Relay.Work.AS_THEY_COME);

    transfer(to);

    assertThat(relay.fromLeft().superPackets).isTrue();
    assertThat(counters(relay.left()).packetsIn()).isLessThan(BYTES / MTU / 2);
    assertThat(counters(relay.right()).packetsOut()).isLessThan(BYTES / MTU / 2);
    // The share of a wake-up is passed by the last packet at most.
    assertThat(relay.fromLeft().maxBatchBytes).isLessThan(256 * 1024 + 65_536);
  }

  @ParameterizedTest
  @ValueSource(strings = {"10.77.0.2", "fd77::2"})
  void super_packets_are_split_for_a_device_without_offloads(String to) throws Exception {
    Relay relay = relay(TunOffload.TCP, TunOffload.NONE, Relay.Work.AS_THEY_COME);

    transfer(to);

    assertThat(counters(relay.left()).packetsIn()).isLessThan(BYTES / MTU / 2);
    assertThat(counters(relay.right()).packetsOut()).isGreaterThan(BYTES / MTU);
    assertThat(counters(relay.right()).droppedMalformed()).isZero();
  }

  @ParameterizedTest
  @ValueSource(strings = {"10.77.0.2", "fd77::2"})
  void segments_are_put_together_for_a_device_with_offloads(String to) throws Exception {
    Relay relay = relay(TunOffload.NONE, TunOffload.TCP, Relay.Work.COALESCED);

    transfer(to);

    long in = counters(relay.left()).packetsIn();
    assertThat(in).isGreaterThan(BYTES / MTU);
    // How many come in one wake-up depends on the machine; that some did does not.
    assertThat(counters(relay.right()).packetsOut()).isLessThan(in);
  }

  @Test
  void flows_that_come_mixed_and_in_small_pieces_are_put_together_each_for_itself()
      throws Exception {
    Relay relay = relay(TunOffload.NONE, TunOffload.TCP, Relay.Work.COALESCED);
    List<FutureTask<Void>> transfers = new ArrayList<>();
    for (String to : List.of("10.77.0.2", "fd77::2", "10.77.0.2")) {
      FutureTask<Void> transfer =
          new FutureTask<>(
              () -> {
                transfer(to, this::writePieces);
                return null;
              });
      transfers.add(transfer);
      Thread.ofPlatform().start(transfer);
    }
    for (FutureTask<Void> transfer : transfers) {
      transfer.get(120, TimeUnit.SECONDS);
    }
    assertThat(counters(relay.right()).packetsOut()).isLessThan(counters(relay.left()).packetsIn());
  }

  @Test
  void a_mark_of_congestion_stays_with_the_segments_that_have_it() throws Exception {
    for (NetworkNamespace kernel : List.of(left, right)) {
      var enabled = kernel.execute(List.of("sh", "-c", "echo 1 > /proc/sys/net/ipv4/tcp_ecn"));
      assertThat(enabled.status()).as(enabled.output()).isZero();
    }
    Relay relay = relay(TunOffload.NONE, TunOffload.TCP, Relay.Work.COALESCED);
    relay.fromLeft().marking = 5;

    transfer("10.77.0.2");

    assertThat(relay.fromLeft().marked.get()).isGreaterThan(BYTES / MTU / 5 / 2);
    assertThat(markedPackets(right)).isEqualTo(relay.fromLeft().marked.get());
    assertThat(counters(relay.right()).packetsOut()).isLessThan(counters(relay.left()).packetsIn());
  }

  /// How many packets with a mark of congestion came in over IPv4, a super packet counting as all
  /// that it stands for.
  private static long markedPackets(NetworkNamespace kernel) throws Exception {
    List<String[]> lines =
        kernel
            .execute(List.of("cat", "/proc/net/netstat"))
            .output()
            .lines()
            .filter(line -> line.startsWith("IpExt:"))
            .map(line -> line.split(" ", -1))
            .toList();
    int column = Arrays.asList(lines.getFirst()).indexOf("InCEPkts");
    return Long.parseLong(lines.getLast()[column]);
  }

  @ParameterizedTest
  @ValueSource(strings = {"10.77.0.2", "fd77::2"})
  void without_offloads_every_packet_crosses_by_itself(String to) throws Exception {
    Relay relay = relay(TunOffload.NONE, TunOffload.NONE, Relay.Work.AS_THEY_COME);

    transfer(to);

    assertThat(relay.fromLeft().superPackets).isFalse();
    assertThat(counters(relay.right()).packetsOut()).isGreaterThan(BYTES / MTU);
  }

  @ParameterizedTest
  @EnumSource
  void datagrams_sent_as_one_batch_arrive_one_by_one(TunOffload receiving) throws Exception {
    Relay relay = relay(TunOffload.TCP_AND_UDP, receiving, Relay.Work.AS_THEY_COME);
    DatagramSocket receiver = right.call(() -> new DatagramSocket(5000));
    Bootstrap bootstrap =
        new Bootstrap()
            .group(loops)
            .channel(EpollDatagramChannel.class)
            .handler(new ChannelInboundHandlerAdapter());
    Channel sender = left.call(() -> bootstrap.bind(0).sync().channel());
    try (receiver) {
      receiver.setSoTimeout(20_000);
      byte[] data = new SeededRandom(1).bytes(10 * 1200 + 7);

      sender
          .writeAndFlush(
              new SegmentedDatagramPacket(
                  Unpooled.copiedBuffer(data), 1200, new InetSocketAddress("10.77.0.2", 5000)))
          .sync();

      for (int from = 0; from < data.length; from += 1200) {
        DatagramPacket datagram = new DatagramPacket(new byte[2000], 2000);
        receiver.receive(datagram);
        assertThat(Arrays.copyOf(datagram.getData(), datagram.getLength()))
            .isEqualTo(Arrays.copyOfRange(data, from, Math.min(data.length, from + 1200)));
      }
      assertThat(relay.fromLeft().superPackets)
          .isEqualTo(relay.left().device().offload() == TunOffload.TCP_AND_UDP);
    } finally {
      sender.close().sync();
    }
  }

  private Relay relay(TunOffload leftOffload, TunOffload rightOffload, Relay.Work work)
      throws Exception {
    TunConfig leftConfig = TunConfig.builder().offload(leftOffload).mtu(MTU).build();
    TunConfig rightConfig = TunConfig.builder().offload(rightOffload).mtu(MTU).build();
    return Relay.start(
        loops.next(),
        allocator,
        left.tun(leftConfig, "10.77.0.1/24", "fd77::1/64"),
        right.tun(rightConfig, "10.77.0.2/24", "fd77::2/64"),
        work);
  }

  private TunCounters counters(TunLink link) throws Exception {
    return Relay.counters(loops.next(), link);
  }

  /// Sends from the left kernel to the right, and compares.
  private void transfer(String to) throws Exception {
    transfer(to, (socket, data) -> socket.getOutputStream().write(data));
  }

  private interface Writing {
    void write(Socket socket, byte[] data) throws Exception;
  }

  /// Each piece of some length and with a push of its own.
  private void writePieces(Socket socket, byte[] data) throws Exception {
    socket.setTcpNoDelay(true);
    SeededRandom lengths = new SeededRandom(2);
    for (int from = 0; from < data.length; ) {
      int length = Math.min(data.length - from, lengths.between(1, 20_000));
      socket.getOutputStream().write(data, from, length);
      from += length;
    }
  }

  private void transfer(String to, Writing writing) throws Exception {
    byte[] data = new SeededRandom(1).bytes(BYTES);
    ServerSocket server = right.call(() -> new ServerSocket(0, 1, InetAddress.getByName(to)));
    Thread sender =
        Thread.ofPlatform()
            .unstarted(
                () -> {
                  try (Socket socket = left.call(() -> new Socket(to, server.getLocalPort()))) {
                    writing.write(socket, data);
                  } catch (Exception e) {
                    throw new IllegalStateException("cannot send", e);
                  }
                });
    sender.start();
    server.setSoTimeout(20_000);
    try (server;
        Socket accepted = server.accept()) {
      accepted.setSoTimeout(20_000);
      assertThat(accepted.getInputStream().readAllBytes()).isEqualTo(data);
    }
    sender.join();
  }
}
