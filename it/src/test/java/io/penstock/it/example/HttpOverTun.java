package io.penstock.it.example;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.*;
import io.netty.channel.*;
import io.netty.handler.codec.http.*;
import io.penstock.protocol.netstack.NetStackConfig;
import io.penstock.transport.NativeSupport;
import io.penstock.transport.netstack.*;
import io.penstock.transport.tun.*;
import java.net.InetSocketAddress;

/// Serves HTTP without a socket: see it by `ip addr add 10.9.0.1/24 dev pen0`, `curl 10.9.0.2`.
final class HttpOverTun extends ChannelInitializer<Channel> {
  public static void main(String[] arguments) throws Exception {
    TunConfig config = TunConfig.builder().name("pen0").build();
    serve(TunDevice.open(config), config).closeFuture().sync();
  }

  static NetStackDriver serve(TunDevice device, TunConfig config) throws Exception {
    IoEventLoop loop = NativeSupport.newEventLoops(1, "stack").next();
    Link link = new DeviceLink(loop, device, config, PooledByteBufAllocator.DEFAULT);
    NetStackDriver stack = NetStackDriver.start(link, NetStackConfig.defaults());
    stack.addAddress(SocketAddresses.endpoint(new InetSocketAddress("10.9.0.2", 0)), 24).sync();
    var server = new ServerBootstrap().group(loop).channelFactory(stack.serverChannels());
    server.childHandler(new HttpOverTun()).bind(new InetSocketAddress(80)).sync();
    return stack;
  }

  @Override
  protected void initChannel(Channel channel) {
    channel.pipeline().addLast(new HttpServerCodec(), new HttpObjectAggregator(1024), new Hello());
  }

  private static final class Hello extends SimpleChannelInboundHandler<FullHttpRequest> {
    @Override
    protected void channelRead0(ChannelHandlerContext ctx, FullHttpRequest request) {
      ByteBuf text = ByteBufUtil.writeAscii(ctx.alloc(), "Hello from " + request.uri() + "\n");
      var response = new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.OK, text);
      HttpUtil.setContentLength(response, text.readableBytes());
      ctx.writeAndFlush(response);
    }
  }
}
