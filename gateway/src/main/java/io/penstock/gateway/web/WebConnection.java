package io.penstock.gateway.web;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.TooLongFrameException;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpObject;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.handler.codec.http.TooLongHttpHeaderException;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.Future;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// One connection to an API: reads a request whole, has it answered on another thread, writes the
/// answer, and only then reads on.
///
/// ```
///   HEAD ──head──► BODY ──end──► ANSWERING ──answer written──► HEAD
///     └──────────────┴── too large, malformed or late ──► CLOSING
/// ```
///
/// Runs on the event loop of its channel, whose automatic reading it switches off.
public final class WebConnection extends SimpleChannelInboundHandler<HttpObject> {

  private enum State {
    HEAD,
    BODY,
    ANSWERING,
    CLOSING
  }

  private static final int MAX_CHUNK_BYTES = 8 * 1024;

  private final WebApi api;
  private final WebLimits limits;
  private final Executor blocking;

  /// What came while a request was being answered: at most what one read brings.
  private final Queue<HttpObject> pipelined = new ArrayDeque<>();

  private State state = State.HEAD;
  private @Nullable HttpRequest head;
  private ByteArrayOutputStream body = new ByteArrayOutputStream();
  private @Nullable Future<?> deadline;

  private WebConnection(WebApi api, WebLimits limits, Executor blocking) {
    this.api = api;
    this.limits = limits;
    this.blocking = blocking;
  }

  /// Puts an API at the end of a pipeline that carries plain bytes, which may come out of TLS.
  ///
  /// @param blocking runs the handlers, as a rule each on a virtual thread
  public static void install(
      ChannelPipeline pipeline, WebApi api, WebLimits limits, Executor blocking) {
    pipeline.channel().config().setAutoRead(false);
    HttpDecoderConfig decoder =
        new HttpDecoderConfig()
            .setMaxInitialLineLength(limits.headBytes())
            .setMaxHeaderSize(limits.headBytes())
            .setMaxChunkSize(MAX_CHUNK_BYTES);
    pipeline.addLast(new HttpServerCodec(decoder), new WebConnection(api, limits, blocking));
  }

  @Override
  public void handlerAdded(ChannelHandlerContext ctx) {
    if (ctx.channel().isActive()) {
      await(ctx);
    }
  }

  @Override
  public void channelActive(ChannelHandlerContext ctx) {
    await(ctx);
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    end();
    ctx.fireChannelInactive();
  }

  @Override
  public void handlerRemoved(ChannelHandlerContext ctx) {
    end();
  }

  @Override
  protected void channelRead0(ChannelHandlerContext ctx, HttpObject message) {
    if (state == State.ANSWERING) {
      // The decoder hands over all that one read has brought.
      pipelined.add(ReferenceCountUtil.retain(message));
    } else {
      take(ctx, message);
    }
  }

  @Override
  public void channelReadComplete(ChannelHandlerContext ctx) {
    if (state == State.HEAD || state == State.BODY) {
      ctx.read();
    }
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    state = State.CLOSING;
    if (cause instanceof IOException || !ctx.channel().isActive()) {
      ctx.close();
    } else {
      refuse(ctx, new WebProblemException(400, "bad_request", "the request is no valid HTTP"));
    }
  }

  private void take(ChannelHandlerContext ctx, HttpObject message) {
    if (state == State.CLOSING) {
      return;
    }
    if (message.decoderResult().isFailure()) {
      refuse(ctx, malformed(message.decoderResult().cause()));
      return;
    }
    if (message instanceof HttpRequest request) {
      takeHead(ctx, request);
    }
    if (message instanceof HttpContent content && state == State.BODY) {
      takeBody(ctx, content);
    }
  }

  private void takeHead(ChannelHandlerContext ctx, HttpRequest request) {
    head = request;
    body = new ByteArrayOutputStream();
    state = State.BODY;
    long length = HttpUtil.getContentLength(request, 0L);
    if (length > limits.bodyBytes()) {
      refuse(ctx, tooLarge());
    } else if (HttpUtil.is100ContinueExpected(request)) {
      ctx.writeAndFlush(
          new DefaultFullHttpResponse(
              HttpVersion.HTTP_1_1, HttpResponseStatus.CONTINUE, Unpooled.EMPTY_BUFFER));
    }
  }

  private void takeBody(ChannelHandlerContext ctx, HttpContent content) {
    ByteBuf bytes = content.content();
    if (body.size() + bytes.readableBytes() > limits.bodyBytes()) {
      refuse(ctx, tooLarge());
      return;
    }
    byte[] chunk = new byte[bytes.readableBytes()];
    bytes.readBytes(chunk);
    body.writeBytes(chunk);
    if (content instanceof LastHttpContent && head != null) {
      answer(ctx, head);
    }
  }

  private void answer(ChannelHandlerContext ctx, HttpRequest request) {
    state = State.ANSWERING;
    cancelDeadline();
    byte[] whole = body.toByteArray();
    body = new ByteArrayOutputStream();
    boolean keepAlive = HttpUtil.isKeepAlive(request);
    try {
      blocking.execute(
          () -> {
            WebResponse response =
                api.answer(request.method().name(), request.uri(), request.headers(), whole);
            ctx.executor().execute(() -> write(ctx, response, keepAlive));
          });
    } catch (RejectedExecutionException _) {
      refuse(ctx, new WebProblemException(503, "unavailable", "the gateway is going down"));
    }
  }

  private void refuse(ChannelHandlerContext ctx, WebProblemException problem) {
    write(ctx, problem.response(), false);
  }

  private void write(ChannelHandlerContext ctx, WebResponse response, boolean keepAlive) {
    if (!ctx.channel().isActive()) {
      return;
    }
    FullHttpResponse message = message(ctx, response);
    limitTime(ctx);
    if (keepAlive) {
      ctx.writeAndFlush(message)
          .addListener(
              written -> {
                if (written.isSuccess() && state == State.ANSWERING) {
                  await(ctx);
                }
              });
    } else {
      state = State.CLOSING;
      message.headers().set(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE);
      ctx.writeAndFlush(message).addListener(ChannelFutureListener.CLOSE);
    }
  }

  private static FullHttpResponse message(ChannelHandlerContext ctx, WebResponse response) {
    ByteBuf content = ByteBufUtil.writeUtf8(ctx.alloc(), response.body());
    FullHttpResponse message =
        new DefaultFullHttpResponse(
            HttpVersion.HTTP_1_1, HttpResponseStatus.valueOf(response.status()), content);
    message
        .headers()
        .set(
            HttpHeaderNames.DATE,
            DateTimeFormatter.RFC_1123_DATE_TIME.format(ZonedDateTime.now(ZoneOffset.UTC)))
        .set(HttpHeaderNames.CACHE_CONTROL, "no-store")
        .set("X-Content-Type-Options", "nosniff");
    if (response.status() != HttpResponseStatus.NO_CONTENT.code()) {
      message.headers().setInt(HttpHeaderNames.CONTENT_LENGTH, content.readableBytes());
    }
    if (!response.contentType().isEmpty()) {
      message.headers().set(HttpHeaderNames.CONTENT_TYPE, response.contentType());
    }
    response.headers().forEach(message.headers()::set);
    return message;
  }

  /// Goes on to the next request, for which it does not wait for ever.
  private void await(ChannelHandlerContext ctx) {
    state = State.HEAD;
    head = null;
    limitTime(ctx);
    while (state != State.ANSWERING && !pipelined.isEmpty()) {
      HttpObject message = pipelined.remove();
      try {
        take(ctx, message);
      } finally {
        ReferenceCountUtil.release(message);
      }
    }
    if (state == State.HEAD || state == State.BODY) {
      ctx.read();
    }
  }

  private void end() {
    cancelDeadline();
    state = State.CLOSING;
    pipelined.forEach(ReferenceCountUtil::release);
    pipelined.clear();
  }

  private void limitTime(ChannelHandlerContext ctx) {
    cancelDeadline();
    deadline =
        ctx.executor()
            .schedule(() -> late(ctx), limits.requestLimit().toMillis(), TimeUnit.MILLISECONDS);
  }

  private void late(ChannelHandlerContext ctx) {
    if (state == State.BODY) {
      refuse(ctx, new WebProblemException(408, "too_slow", "the request did not arrive in time"));
    } else {
      state = State.CLOSING;
      ctx.close();
    }
  }

  private void cancelDeadline() {
    if (deadline != null) {
      deadline.cancel(false);
      deadline = null;
    }
  }

  private WebProblemException tooLarge() {
    return new WebProblemException(
        413, "too_large", "the body is larger than %d bytes".formatted(limits.bodyBytes()));
  }

  private WebProblemException malformed(Throwable cause) {
    return switch (cause) {
      case TooLongHttpHeaderException _ ->
          new WebProblemException(
              431,
              "too_large",
              "the headers are larger than %d bytes".formatted(limits.headBytes()));
      case TooLongFrameException _ ->
          new WebProblemException(
              414,
              "too_large",
              "the request line is larger than %d bytes".formatted(limits.headBytes()));
      default -> new WebProblemException(400, "bad_request", "the request is no valid HTTP");
    };
  }
}
