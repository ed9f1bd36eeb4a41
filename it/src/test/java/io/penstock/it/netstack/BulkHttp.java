package io.penstock.it.netstack;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.DefaultHttpContent;
import io.netty.handler.codec.http.DefaultHttpResponse;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpObject;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import java.security.MessageDigest;
import org.jspecify.annotations.Nullable;

/// An HTTP server for one connection: `GET /N` answers with N of the [BulkBytes], `PUT` with the
/// SHA-256 of the body.
final class BulkHttp extends SimpleChannelInboundHandler<HttpObject> {

  private static final int CHUNK_BYTES = 64 * 1024;

  private @Nullable BulkBytes sending;
  private MessageDigest received = BulkBytes.digest();

  @Override
  protected void channelRead0(ChannelHandlerContext ctx, HttpObject part) {
    if (part instanceof HttpRequest request && request.method().equals(HttpMethod.GET)) {
      long bytes = Long.parseLong(request.uri().substring(1));
      var head = new DefaultHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.OK);
      HttpUtil.setContentLength(head, bytes);
      ctx.write(head);
      sending = new BulkBytes(bytes);
      send(ctx);
    } else if (part instanceof HttpContent content && sending == null) {
      for (var piece : content.content().nioBuffers()) {
        received.update(piece);
      }
      if (part instanceof LastHttpContent) {
        ByteBuf text = ByteBufUtil.writeAscii(ctx.alloc(), BulkBytes.hex(received));
        var response =
            new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.OK, text);
        HttpUtil.setContentLength(response, text.readableBytes());
        ctx.writeAndFlush(response);
        received = BulkBytes.digest();
      }
    }
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext ctx) {
    send(ctx);
  }

  private void send(ChannelHandlerContext ctx) {
    while (sending != null && ctx.channel().isWritable()) {
      ByteBuf chunk = ctx.alloc().directBuffer(CHUNK_BYTES);
      sending.take(chunk, CHUNK_BYTES);
      if (sending.left() > 0) {
        ctx.writeAndFlush(new DefaultHttpContent(chunk));
      } else {
        sending = null;
        ctx.write(new DefaultHttpContent(chunk));
        ctx.writeAndFlush(LastHttpContent.EMPTY_LAST_CONTENT)
            .addListener(ChannelFutureListener.FIRE_EXCEPTION_ON_FAILURE);
      }
    }
  }
}
