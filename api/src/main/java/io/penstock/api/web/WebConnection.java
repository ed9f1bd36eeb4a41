package io.penstock.api.web;

import io.netty.buffer.ByteBuf;
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
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// One connection to an API: reads a request whole, has it answered on another thread, writes the
/// answer, and only then reads on.
///
/// ```
///   HEAD ──head──► BODY ──end──► ANSWERING ──answer written──► HEAD
///     │              │               └──answer without an end──► STREAMING ──► CLOSING
///     └──────────────┴── too large, malformed or late ─────────────────────► CLOSING
/// ```
///
/// Runs on the event loop of its channel, whose automatic reading it switches off.
public final class WebConnection extends SimpleChannelInboundHandler<HttpObject> {

  private enum State {
    HEAD,
    BODY,
    ANSWERING,
    STREAMING,
    CLOSING
  }

  private static final Logger LOG = LoggerFactory.getLogger(WebConnection.class);
  private static final int MAX_CHUNK_BYTES = 8 * 1024;

  private final WebApi api;
  private final WebLimits limits;
  private final Executor blocking;
  private final Runnable streaming;

  /// What came while a request was being answered: at most what one read brings.
  private final Queue<HttpObject> pipelined = new ArrayDeque<>();

  private State state = State.HEAD;
  private @Nullable HttpRequest head;
  private ByteArrayOutputStream body = new ByteArrayOutputStream();
  private @Nullable Future<?> deadline;

  private WebConnection(WebApi api, WebLimits limits, Executor blocking, Runnable streaming) {
    this.api = api;
    this.limits = limits;
    this.blocking = blocking;
    this.streaming = streaming;
  }

  /// Puts an API at the end of a pipeline that carries plain bytes, which may come out of TLS.
  ///
  /// @param blocking runs the handlers, as a rule each on a virtual thread
  public static void install(
      ChannelPipeline pipeline, WebApi api, WebLimits limits, Executor blocking) {
    install(pipeline, api, limits, blocking, () -> {});
  }

  /// Puts an API at the end of a pipeline that carries plain bytes, which may come out of TLS.
  ///
  /// @param blocking runs the handlers, as a rule each on a virtual thread
  /// @param streaming is run on the event loop when the connection begins to carry an answer
  ///   without an end, so that it may stay
  public static void install(
      ChannelPipeline pipeline,
      WebApi api,
      WebLimits limits,
      Executor blocking,
      Runnable streaming) {
    pipeline.channel().config().setAutoRead(false);
    HttpDecoderConfig decoder =
        new HttpDecoderConfig()
            .setMaxInitialLineLength(limits.headBytes())
            .setMaxHeaderSize(limits.headBytes())
            .setMaxChunkSize(MAX_CHUNK_BYTES);
    pipeline.addLast(
        new HttpServerCodec(decoder), new WebConnection(api, limits, blocking, streaming));
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
    // While streaming only the end of the connection is of interest; the rest is dropped.
    if (state == State.HEAD || state == State.BODY || state == State.STREAMING) {
      ctx.read();
    }
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    boolean midway = state == State.STREAMING;
    state = State.CLOSING;
    if (midway || cause instanceof IOException || !ctx.channel().isActive()) {
      ctx.close();
    } else {
      refuse(ctx, new WebProblemException(400, "bad_request", "the request is no valid HTTP"));
    }
  }

  private void take(ChannelHandlerContext ctx, HttpObject message) {
    if (state == State.STREAMING || state == State.CLOSING) {
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
            String method = request.method().name();
            switch (api.answer(method, request.uri(), request.headers(), whole)) {
              case WebResponse response ->
                  ctx.executor().execute(() -> write(ctx, response, keepAlive));
              case WebStream stream -> stream(ctx, stream, method.equals("HEAD"));
            }
          });
    } catch (RejectedExecutionException _) {
      refuse(ctx, api.goingDown());
    }
  }

  private void refuse(ChannelHandlerContext ctx, WebProblemException problem) {
    write(ctx, problem.response(), false);
  }

  private void write(ChannelHandlerContext ctx, WebResponse response, boolean keepAlive) {
    if (!ctx.channel().isActive()) {
      return;
    }
    FullHttpResponse message = AnswerHeads.whole(response, ctx.alloc());
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

  /// Writes an answer without an end; on the thread of its request, until it does end.
  private void stream(ChannelHandlerContext ctx, WebStream stream, boolean headOnly) {
    WebSink sink = new WebSink(ctx.channel(), limits.bodyBytes(), limits.requestLimit());
    boolean whole = false;
    try {
      ctx.executor().execute(() -> begin(ctx, stream));
      if (!headOnly) {
        stream.body().write(sink);
      }
      whole = true;
    } catch (IOException | RejectedExecutionException e) {
      LOG.debug("stream ended cause=\"{}\"", e.getMessage());
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    } catch (RuntimeException e) {
      LOG.error("stream failed", e);
    } finally {
      end(ctx, whole);
    }
  }

  private void begin(ChannelHandlerContext ctx, WebStream stream) {
    if (!ctx.channel().isActive()) {
      return;
    }
    state = State.STREAMING;
    pipelined.forEach(ReferenceCountUtil::release);
    pipelined.clear();
    streaming.run();
    ctx.writeAndFlush(AnswerHeads.endless(stream));
    ctx.read();
  }

  /// Closes the connection; an answer that broke off has no last chunk, by which the reader sees it
  /// (RFC 9112, section 8).
  private void end(ChannelHandlerContext ctx, boolean whole) {
    if (!whole) {
      ctx.close();
      return;
    }
    try {
      ctx.executor().execute(() -> endWhole(ctx));
    } catch (RejectedExecutionException e) {
      LOG.debug("stream ended with its event loop cause=\"{}\"", e.getMessage());
    }
  }

  private void endWhole(ChannelHandlerContext ctx) {
    if (ctx.channel().isActive()) {
      state = State.CLOSING;
      limitTime(ctx);
      ctx.writeAndFlush(LastHttpContent.EMPTY_LAST_CONTENT)
          .addListener(ChannelFutureListener.CLOSE);
    }
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
