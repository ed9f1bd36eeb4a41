package io.penstock.it.netstack;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.IoEventLoop;
import io.penstock.it.tun.NetworkNamespace;
import io.penstock.protocol.netstack.NetStack;
import io.penstock.protocol.netstack.NetStackConfig;
import io.penstock.protocol.netstack.wire.IpEndpoint;
import io.penstock.transport.netstack.DeviceLink;
import io.penstock.transport.netstack.Link;
import io.penstock.transport.netstack.NetStackDriver;
import io.penstock.transport.netstack.SocketAddresses;
import io.penstock.transport.tun.TunConfig;
import io.penstock.transport.tun.TunDevice;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;

/// A stack of ours and the Linux kernel, each the other's only neighbour on a TUN device.
final class KernelStack implements AutoCloseable {

  static final String KERNEL_4 = "10.77.0.1";
  static final String KERNEL_6 = "fd77::1";
  static final String STACK_4 = "10.77.0.2";
  static final String STACK_6 = "fd77::2";

  private static final int PREFIX_4 = 24;
  private static final int PREFIX_6 = 64;

  private final NetworkNamespace kernel;
  private final TunDevice device;
  private final NetStackDriver driver;

  private KernelStack(NetworkNamespace kernel, TunDevice device, NetStackDriver driver) {
    this.kernel = kernel;
    this.device = device;
    this.driver = driver;
  }

  static KernelStack start(IoEventLoop loop, TunConfig config) throws Exception {
    return start(loop, config, NetStackConfig.defaults(), link -> link);
  }

  /// Starts both.
  ///
  /// @param between what is put between the stack and the device
  static KernelStack start(
      IoEventLoop loop, TunConfig config, NetStackConfig stack, UnaryOperator<Link> between)
      throws Exception {
    NetworkNamespace kernel = NetworkNamespace.create();
    try {
      TunDevice device = kernel.tun(config, KERNEL_4 + "/" + PREFIX_4, KERNEL_6 + "/" + PREFIX_6);
      Link link = new DeviceLink(loop, device, config, PooledByteBufAllocator.DEFAULT);
      NetStackDriver driver = NetStackDriver.start(between.apply(link), stack);
      driver.addAddress(endpoint(STACK_4), PREFIX_4).sync();
      driver.addAddress(endpoint(STACK_6), PREFIX_6).sync();
      return new KernelStack(kernel, device, driver);
    } catch (Throwable e) {
      kernel.close();
      throw e;
    }
  }

  private static IpEndpoint endpoint(String address) {
    return SocketAddresses.endpoint(new InetSocketAddress(address, 0));
  }

  /// The address of the stack that is of the same version as this one.
  static String stackAddress(boolean ipv4) {
    return ipv4 ? STACK_4 : STACK_6;
  }

  static String kernelAddress(boolean ipv4) {
    return ipv4 ? KERNEL_4 : KERNEL_6;
  }

  NetworkNamespace kernel() {
    return kernel;
  }

  TunDevice device() {
    return device;
  }

  NetStackDriver driver() {
    return driver;
  }

  /// Asks the stack on its event loop.
  <T> T ask(Function<NetStack, T> question) throws Exception {
    return driver.call(question).get();
  }

  /// Listens on a port of all addresses of the stack; half-closure is allowed.
  Channel serve(int port, Supplier<List<ChannelHandler>> handlers) throws Exception {
    return new ServerBootstrap()
        .group(driver.eventLoop())
        .channelFactory(driver.serverChannels())
        .childOption(ChannelOption.ALLOW_HALF_CLOSURE, true)
        .childHandler(initializer(handlers))
        .bind(new InetSocketAddress(port))
        .sync()
        .channel();
  }

  /// What connects to the kernel; half-closure is allowed.
  Bootstrap dialer(Supplier<List<ChannelHandler>> handlers) {
    return new Bootstrap()
        .group(driver.eventLoop())
        .channelFactory(driver.channels())
        .option(ChannelOption.ALLOW_HALF_CLOSURE, true)
        .handler(initializer(handlers));
  }

  private static ChannelInitializer<Channel> initializer(Supplier<List<ChannelHandler>> handlers) {
    return new ChannelInitializer<>() {
      @Override
      protected void initChannel(Channel channel) {
        handlers.get().forEach(channel.pipeline()::addLast);
      }
    };
  }

  @Override
  public void close() {
    driver.close().awaitUninterruptibly();
    kernel.close();
  }
}
