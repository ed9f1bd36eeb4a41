package io.penstock.it.bench;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.IoEventLoop;
import io.penstock.it.tun.NetworkThread;
import io.penstock.protocol.netstack.NetStackConfig;
import io.penstock.transport.NativeSupport;
import io.penstock.transport.netstack.DeviceLink;
import io.penstock.transport.netstack.NetStackDriver;
import io.penstock.transport.netstack.SocketAddresses;
import io.penstock.transport.tun.TunConfig;
import io.penstock.transport.tun.TunDevice;
import io.penstock.transport.tun.TunOffload;
import java.net.InetSocketAddress;
import java.util.Map;

/// The measured stack: an [Iperf3] server on it, and behind a TUN device the Linux kernel of a
/// network namespace, in which `iperf3` runs when it is asked to.
///
/// Its argument is the [TunOffload]. Asked `up SECONDS` or `down SECONDS`, it says what the
/// receiver measured.
final class StackProgram {

  private static final String KERNEL = "10.77.0.1";
  private static final String STACK = "10.77.0.2";
  private static final int PREFIX = 24;
  private static final int PORT = 5201;

  private StackProgram() {}

  static void main(String[] arguments) throws Exception {
    MeasuredProgram program = MeasuredProgram.begin();
    TunConfig config =
        TunConfig.builder().offload(TunOffload.valueOf(arguments[0])).mtu(1500).build();
    try (NetworkThread kernel = NetworkThread.start()) {
      TunDevice device = kernel.call(() -> TunDevice.open(config));
      kernel.ip("addr add " + KERNEL + "/" + PREFIX + " dev " + device.name());
      kernel.ip("link set " + device.name() + " up");
      NetStackDriver stack = serve(device, config);
      program.say(Map.of("ready", true));
      program.serve(words -> run(kernel, stack, words[0], Double.parseDouble(words[1])));
    }
  }

  private static NetStackDriver serve(TunDevice device, TunConfig config) throws Exception {
    IoEventLoop loop = NativeSupport.newEventLoops(1, "stack").next();
    DeviceLink link = new DeviceLink(loop, device, config, PooledByteBufAllocator.DEFAULT);
    NetStackDriver stack = NetStackDriver.start(link, NetStackConfig.defaults());
    stack.addAddress(SocketAddresses.endpoint(new InetSocketAddress(STACK, 0)), PREFIX).sync();
    Iperf3 iperf = new Iperf3();
    new ServerBootstrap()
        .group(stack.eventLoop())
        .channelFactory(stack.serverChannels())
        .childHandler(
            new ChannelInitializer<Channel>() {
              @Override
              protected void initChannel(Channel channel) {
                channel.pipeline().addLast(iperf.handler());
              }
            })
        .bind(new InetSocketAddress(PORT))
        .sync();
    return stack;
  }

  private static Map<String, ?> run(
      NetworkThread kernel, NetStackDriver stack, String direction, double seconds)
      throws Exception {
    long before = retransmissions(stack);
    double gbit = Iperf3Client.gbit(kernel, STACK, direction, seconds);
    return Map.of("gbit", gbit, "retransmissions", retransmissions(stack) - before);
  }

  private static long retransmissions(NetStackDriver stack) throws Exception {
    return stack.call(engine -> engine.tcp().counters().retransmissions()).get();
  }
}
