package io.penstock.transport.snaptun;

import static io.penstock.transport.snaptun.Addresses.V4;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.penstock.protocol.netstack.NetStackConfig;
import io.penstock.protocol.netstack.wire.IpEndpoint;
import io.penstock.transport.netstack.NetStackDriver;
import io.penstock.transport.netstack.SnapTunLink;
import io.penstock.transport.netstack.SocketAddresses;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Two TCP/IP stacks at the two ends of a packet tunnel.
class StackOverTunnelTest {

  private static final IpEndpoint SERVER = IpEndpoint.of4(0x0a000002, 80);

  private Tunnels tunnels;
  private ConnectResult.Connected near;
  private NetStackDriver client;
  private NetStackDriver server;

  @BeforeEach
  void begin() throws Exception {
    tunnels = Tunnels.start();
    near = tunnels.connected(V4);
    var far = tunnels.tunnel();
    client = stack(new SnapTunLink(near.sender(), near.receiver()), IpEndpoint.of4(0x0a000001, 0));
    server = stack(new SnapTunLink(far.sender(), far.receiver()), SERVER);
  }

  private static NetStackDriver stack(SnapTunLink link, IpEndpoint address) throws Exception {
    NetStackDriver driver = NetStackDriver.start(link, NetStackConfig.defaults());
    driver.addAddress(address, 24).sync();
    return driver;
  }

  @AfterEach
  void end() throws Exception {
    client.close().await();
    server.close().await();
    tunnels.close();
  }

  /// Collects what comes until the peer closes.
  private static final class Collector extends ChannelInboundHandlerAdapter {

    final CompletableFuture<byte[]> whole = new CompletableFuture<>();
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object msg) throws Exception {
      ByteBuf in = (ByteBuf) msg;
      in.readBytes(bytes, in.readableBytes());
      in.release();
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
      whole.complete(bytes.toByteArray());
    }
  }

  private Channel dial(Collector collector) throws Exception {
    new ServerBootstrap()
        .group(server.eventLoop())
        .channelFactory(server.serverChannels())
        .childHandler(
            new ChannelInitializer<Channel>() {
              @Override
              protected void initChannel(Channel channel) {
                channel.pipeline().addLast(collector);
              }
            })
        .bind(SocketAddresses.of(SERVER))
        .sync();
    return new Bootstrap()
        .group(client.eventLoop())
        .channelFactory(client.channels())
        .handler(new ChannelInboundHandlerAdapter())
        .connect(SocketAddresses.of(SERVER))
        .sync()
        .channel();
  }

  @Test
  void a_connection_moves_every_byte() throws Exception {
    byte[] sent = new byte[2_000_000];
    new Random(1).nextBytes(sent);
    Collector collector = new Collector();
    Channel channel = dial(collector);

    channel.writeAndFlush(Unpooled.wrappedBuffer(sent)).sync();
    channel.close().sync();

    assertThat(collector.whole.get(30, TimeUnit.SECONDS)).isEqualTo(sent);
  }

  @Test
  void the_stack_ends_with_its_tunnel() throws Exception {
    Channel channel = dial(new Collector());

    near.control().close(0, "done");

    assertThatThrownBy(() -> client.closeFuture().get(15, TimeUnit.SECONDS))
        .hasCauseInstanceOf(IOException.class);
    assertThat(channel.closeFuture().await(15, TimeUnit.SECONDS)).isTrue();
  }
}
