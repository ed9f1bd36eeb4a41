package io.penstock.node.proxy;

import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ConnectTimeoutException;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.DefaultHttpResponse;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.ReferenceCountUtil;
import io.penstock.api.HostPort;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import org.jspecify.annotations.Nullable;

/// One client that speaks HTTP/1.1 to the proxy, of which `CONNECT` with a password is understood
/// (RFC 9110, sections 9.3.6 and 11.7.2).
///
/// A client that sends bytes of its tunnel before it has the answer is closed.
final class ConnectFront extends ChannelInboundHandlerAdapter {

  private static final String BASIC = "basic ";

  private enum State {
    WAITING,
    DIALLING,
    OVER
  }

  private final Passage passage;
  private State state = State.WAITING;

  ConnectFront(Passage passage) {
    this.passage = passage;
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object msg) {
    try {
      if (msg instanceof HttpRequest request && state == State.WAITING) {
        request(ctx, request);
      } else if (!(msg instanceof LastHttpContent last && !last.content().isReadable())
          && state == State.DIALLING) {
        state = State.OVER;
        ctx.close();
      }
    } finally {
      ReferenceCountUtil.release(msg);
    }
  }

  private void request(ChannelHandlerContext ctx, HttpRequest request) {
    if (request.decoderResult().isFailure()) {
      refuse(ctx, HttpResponseStatus.BAD_REQUEST, "this is no HTTP request");
    } else if (!isAllowed(request)) {
      refuse(
          ctx,
          HttpResponseStatus.PROXY_AUTHENTICATION_REQUIRED,
          "this proxy wants the user and the password that its node was given");
    } else if (!request.method().equals(HttpMethod.CONNECT)) {
      refuse(
          ctx,
          HttpResponseStatus.METHOD_NOT_ALLOWED,
          "this proxy understands CONNECT and SOCKS5 only");
    } else {
      connect(ctx, request.uri());
    }
  }

  private boolean isAllowed(HttpRequest request) {
    if (passage.isOpenToAll()) {
      return true;
    }
    String given = request.headers().get(HttpHeaderNames.PROXY_AUTHORIZATION, "");
    if (!given.regionMatches(true, 0, BASIC, 0, BASIC.length())) {
      return false;
    }
    String pair;
    try {
      pair =
          new String(
              Base64.getDecoder().decode(given.substring(BASIC.length()).strip()),
              StandardCharsets.UTF_8);
    } catch (IllegalArgumentException _) {
      return false;
    }
    int colon = pair.indexOf(':');
    return colon >= 0 && passage.isAllowed(pair.substring(0, colon), pair.substring(colon + 1));
  }

  private void connect(ChannelHandlerContext ctx, String target) {
    HostPort to;
    try {
      to = HostPort.parse(target);
    } catch (IllegalArgumentException e) {
      refuse(ctx, HttpResponseStatus.BAD_REQUEST, String.valueOf(e.getMessage()));
      return;
    }
    state = State.DIALLING;
    ctx.pipeline().remove(ConnectDoor.LIMIT);
    ctx.channel().config().setAutoRead(false);
    passage
        .dial(to.host(), to.port())
        .whenComplete((channel, failure) -> dialled(ctx, to, channel, failure));
  }

  private void dialled(
      ChannelHandlerContext ctx,
      HostPort to,
      @Nullable Channel dialled,
      @Nullable Throwable failure) {
    if (dialled == null) {
      refuse(ctx, status(failure), why(to, failure));
    } else if (state == State.OVER) {
      dialled.close();
    } else {
      state = State.OVER;
      ctx.writeAndFlush(new DefaultHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.OK));
      Passage.open(ctx, dialled);
    }
  }

  private static String why(HostPort to, @Nullable Throwable failure) {
    return switch (failure) {
      case ConnectTimeoutException _ ->
          to + " has not answered in time; who is there is told by: penstock peers";
      case ConnectException _ ->
          "nobody listens at %s: the connection was refused; what that node serves is told there by: penstock serve status"
              .formatted(to);
      case null -> "";
      default -> String.valueOf(failure.getMessage());
    };
  }

  private static HttpResponseStatus status(@Nullable Throwable failure) {
    return switch (failure) {
      case NoRouteToHostException _ -> HttpResponseStatus.FORBIDDEN;
      case UnknownHostException _ -> HttpResponseStatus.BAD_GATEWAY;
      case SocketTimeoutException _ -> HttpResponseStatus.GATEWAY_TIMEOUT;
      case ConnectTimeoutException _ -> HttpResponseStatus.GATEWAY_TIMEOUT;
      case null, default -> HttpResponseStatus.BAD_GATEWAY;
    };
  }

  private void refuse(ChannelHandlerContext ctx, HttpResponseStatus status, String why) {
    state = State.OVER;
    FullHttpResponse answer =
        new DefaultFullHttpResponse(
            HttpVersion.HTTP_1_1,
            status,
            Unpooled.copiedBuffer(why + "\n", StandardCharsets.UTF_8));
    answer
        .headers()
        .set(HttpHeaderNames.CONTENT_TYPE, "text/plain; charset=utf-8")
        .set(HttpHeaderNames.CONTENT_LENGTH, answer.content().readableBytes())
        .set(HttpHeaderNames.CONNECTION, "close");
    if (status.equals(HttpResponseStatus.PROXY_AUTHENTICATION_REQUIRED)) {
      answer.headers().set(HttpHeaderNames.PROXY_AUTHENTICATE, "Basic realm=\"penstock\"");
    }
    ctx.writeAndFlush(answer).addListener(ChannelFutureListener.CLOSE);
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    ctx.close();
  }
}
