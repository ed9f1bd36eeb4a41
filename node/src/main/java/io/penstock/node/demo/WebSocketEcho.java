package io.penstock.node.demo;

import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.http.DefaultFullHttpRequest;
import io.netty.handler.codec.http.EmptyHttpHeaders;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.websocketx.CloseWebSocketFrame;
import io.netty.handler.codec.http.websocketx.PingWebSocketFrame;
import io.netty.handler.codec.http.websocketx.PongWebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketServerHandshaker;
import io.netty.handler.codec.http.websocketx.WebSocketServerHandshakerFactory;

/// The rest of a connection after `/ws` was upgraded: sends every frame back as it came.
///
/// Reads only while the channel is writable, so a visitor that sends without reading is held back
/// by TCP. RFC 6455: pings are answered, a close is answered and ends the connection.
final class WebSocketEcho extends SimpleChannelInboundHandler<WebSocketFrame> {

  /// Largest frame that is echoed; larger ones end the connection with code 1009.
  static final int MAX_FRAME_BYTES = 1 << 20;

  private final WebSocketServerHandshaker handshaker;

  private WebSocketEcho(WebSocketServerHandshaker handshaker) {
    this.handshaker = handshaker;
  }

  static boolean isUpgrade(HttpRequest request) {
    return request
        .headers()
        .containsValue(HttpHeaderNames.UPGRADE, HttpHeaderValues.WEBSOCKET, true);
  }

  /// Answers the upgrade and puts an echo in the place of the handler that `ctx` belongs to.
  static void takeOver(ChannelHandlerContext ctx, HttpRequest request, String url) {
    var factory = new WebSocketServerHandshakerFactory(url, null, false, MAX_FRAME_BYTES);
    WebSocketServerHandshaker handshaker = factory.newHandshaker(request);
    if (handshaker == null) {
      WebSocketServerHandshakerFactory.sendUnsupportedVersionResponse(ctx.channel())
          .addListener(_ -> ctx.close());
      return;
    }
    ctx.pipeline().replace(ctx.handler(), "echo", new WebSocketEcho(handshaker));
    // The body of the request, an empty one, is already read: given a bare head the handshaker
    // would
    // wait for it.
    var whole =
        new DefaultFullHttpRequest(
            request.protocolVersion(),
            request.method(),
            request.uri(),
            Unpooled.EMPTY_BUFFER,
            request.headers(),
            EmptyHttpHeaders.INSTANCE);
    handshaker
        .handshake(ctx.channel(), whole)
        .addListener(
            done -> {
              if (done.isSuccess()) {
                ctx.channel().config().setAutoRead(true);
              } else {
                ctx.channel().close();
              }
            });
  }

  @Override
  protected void channelRead0(ChannelHandlerContext ctx, WebSocketFrame frame) {
    switch (frame) {
      case CloseWebSocketFrame close -> handshaker.close(ctx, close.retain());
      case PingWebSocketFrame ping ->
          ctx.writeAndFlush(new PongWebSocketFrame(ping.content().retain()));
      case PongWebSocketFrame _ -> {}
      default -> ctx.writeAndFlush(frame.retain());
    }
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext ctx) {
    ctx.channel().config().setAutoRead(ctx.channel().isWritable());
    ctx.fireChannelWritabilityChanged();
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    ctx.close();
  }
}
