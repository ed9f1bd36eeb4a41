package io.penstock.node.demo;

import static io.netty.handler.codec.http.HttpHeaderNames.ALLOW;
import static io.netty.handler.codec.http.HttpHeaderNames.CACHE_CONTROL;
import static io.netty.handler.codec.http.HttpHeaderNames.CONTENT_LENGTH;
import static io.netty.handler.codec.http.HttpHeaderNames.CONTENT_TYPE;
import static io.netty.handler.codec.http.HttpHeaderNames.HOST;
import static java.nio.charset.StandardCharsets.UTF_8;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.DefaultHttpContent;
import io.netty.handler.codec.http.DefaultHttpResponse;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpObject;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.handler.codec.http.QueryStringDecoder;
import io.netty.util.concurrent.ScheduledFuture;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.security.MessageDigest;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// One visitor's connection to the [SampleApp]: answers its requests one after the other.
///
/// The channel reads on demand: the next message is asked for only when the last one is dealt with,
/// and nothing is read while a response is being written. Runs on the channel's event loop; only
/// the checksum of a download is computed elsewhere, on a virtual thread.
final class SampleAppHandler extends SimpleChannelInboundHandler<HttpObject> {

  /// Largest download: enough for a long test, small enough that a typo does not fill a disk.
  static final long MAX_DOWNLOAD_BYTES = 1L << 40;

  /// Longest delay that `/slow` and `/events` accept.
  static final long MAX_DELAY_MILLIS = 60_000;

  private static final long DEFAULT_DOWNLOAD_BYTES = 1 << 20;
  private static final long DEFAULT_SLOW_MILLIS = 500;
  private static final long DEFAULT_EVENT_MILLIS = 1_000;
  private static final byte[] PAGE = page();

  private @Nullable HttpRequest request;
  private @Nullable MessageDigest uploadDigest;
  private long uploadBytes;
  private @Nullable ScheduledFuture<?> timer;

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    if (timer != null) {
      timer.cancel(false);
    }
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    ctx.close();
  }

  @Override
  protected void channelRead0(ChannelHandlerContext ctx, HttpObject message) {
    if (message.decoderResult().isFailure()) {
      ctx.close();
      return;
    }
    if (message instanceof HttpRequest head) {
      begin(ctx, head);
    }
    if (message instanceof HttpContent body && request != null) {
      if (uploadDigest != null) {
        uploadBytes += body.content().readableBytes();
        uploadDigest.update(body.content().nioBuffer());
      }
      if (message instanceof LastHttpContent) {
        ctx.channel().config().setAutoRead(false);
        answer(ctx, request);
      }
    }
  }

  private void begin(ChannelHandlerContext ctx, HttpRequest head) {
    request = head;
    uploadBytes = 0;
    uploadDigest = path(head).equals("/upload") ? DemoBytes.newDigest() : null;
    if (HttpUtil.is100ContinueExpected(head)) {
      ctx.writeAndFlush(
          new DefaultFullHttpResponse(
              HttpVersion.HTTP_1_1, HttpResponseStatus.CONTINUE, Unpooled.EMPTY_BUFFER));
    }
  }

  private void answer(ChannelHandlerContext ctx, HttpRequest request) {
    try {
      switch (path(request)) {
        case "/" -> page(ctx, request);
        case "/ws" -> webSocket(ctx, request);
        case "/events" -> events(ctx, request);
        case "/download" -> download(ctx, request);
        case "/upload" -> upload(ctx, request);
        case "/slow" -> slow(ctx, request);
        default -> text(ctx, HttpResponseStatus.NOT_FOUND, "There is nothing here. Try /\n");
      }
    } catch (IllegalArgumentException e) {
      text(ctx, HttpResponseStatus.BAD_REQUEST, e.getMessage() + "\n");
    }
  }

  private void page(ChannelHandlerContext ctx, HttpRequest request) {
    if (!isRead(request)) {
      notAllowed(ctx, "GET, HEAD");
      return;
    }
    full(ctx, HttpResponseStatus.OK, "text/html; charset=utf-8", Unpooled.wrappedBuffer(PAGE));
  }

  private void webSocket(ChannelHandlerContext ctx, HttpRequest request) {
    if (!WebSocketEcho.isUpgrade(request)) {
      text(ctx, HttpResponseStatus.UPGRADE_REQUIRED, "This path speaks WebSocket.\n");
      return;
    }
    String url = "ws://" + request.headers().get(HOST, "localhost") + "/ws";
    WebSocketEcho.takeOver(ctx, request, url);
  }

  private void events(ChannelHandlerContext ctx, HttpRequest request) {
    long count = number(request, "count", Long.MAX_VALUE, Long.MAX_VALUE);
    long millis = number(request, "millis", DEFAULT_EVENT_MILLIS, MAX_DELAY_MILLIS);
    HttpResponse head = new DefaultHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.OK);
    head.headers()
        .set(CONTENT_TYPE, "text/event-stream; charset=utf-8")
        .set(CACHE_CONTROL, "no-store");
    HttpUtil.setTransferEncodingChunked(head, true);
    ctx.writeAndFlush(head);
    nextEvent(ctx, 1, count, millis);
  }

  private void nextEvent(ChannelHandlerContext ctx, long id, long count, long millis) {
    if (id > count) {
      finish(ctx, ctx.writeAndFlush(LastHttpContent.EMPTY_LAST_CONTENT));
      return;
    }
    // A reader that does not keep up misses the event: events are not worth a queue.
    if (ctx.channel().isWritable()) {
      String event = "id: " + id + "\ndata: event " + id + "\n\n";
      ctx.writeAndFlush(new DefaultHttpContent(Unpooled.copiedBuffer(event, UTF_8)));
    }
    timer =
        ctx.executor()
            .schedule(
                () -> nextEvent(ctx, id + 1, count, millis),
                id == count ? 0 : millis,
                TimeUnit.MILLISECONDS);
  }

  private void download(ChannelHandlerContext ctx, HttpRequest request) {
    if (!isRead(request)) {
      notAllowed(ctx, "GET, HEAD");
      return;
    }
    long bytes = number(request, "bytes", DEFAULT_DOWNLOAD_BYTES, MAX_DOWNLOAD_BYTES);
    boolean bodyWanted = request.method().equals(HttpMethod.GET);
    Thread.startVirtualThread(
        () -> {
          String sha256 = DemoBytes.sha256(bytes);
          ctx.executor().execute(() -> download(ctx, bytes, sha256, bodyWanted));
        });
  }

  private void download(ChannelHandlerContext ctx, long bytes, String sha256, boolean bodyWanted) {
    HttpResponse head = new DefaultHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.OK);
    head.headers()
        .set(CONTENT_TYPE, "application/octet-stream")
        .set(CACHE_CONTROL, "no-store")
        .set(CONTENT_LENGTH, bytes)
        .set("content-sha256", sha256);
    ctx.write(head);
    finish(
        ctx,
        ctx.writeAndFlush(
            bodyWanted ? new DemoDownload(bytes) : LastHttpContent.EMPTY_LAST_CONTENT));
  }

  private void upload(ChannelHandlerContext ctx, HttpRequest request) {
    if (uploadDigest == null
        || !(request.method().equals(HttpMethod.POST) || request.method().equals(HttpMethod.PUT))) {
      notAllowed(ctx, "POST, PUT");
      return;
    }
    String json =
        "{\"length\":" + uploadBytes + ",\"sha256\":\"" + DemoBytes.hex(uploadDigest) + "\"}\n";
    full(ctx, HttpResponseStatus.OK, "application/json", Unpooled.copiedBuffer(json, UTF_8));
  }

  private void slow(ChannelHandlerContext ctx, HttpRequest request) {
    long millis = number(request, "millis", DEFAULT_SLOW_MILLIS, MAX_DELAY_MILLIS);
    timer =
        ctx.executor()
            .schedule(
                () -> text(ctx, HttpResponseStatus.OK, "That took " + millis + " ms.\n"),
                millis,
                TimeUnit.MILLISECONDS);
  }

  private void notAllowed(ChannelHandlerContext ctx, String allowed) {
    FullHttpResponse response =
        new DefaultFullHttpResponse(
            HttpVersion.HTTP_1_1, HttpResponseStatus.METHOD_NOT_ALLOWED, Unpooled.EMPTY_BUFFER);
    response.headers().set(ALLOW, allowed);
    send(ctx, response);
  }

  private void text(ChannelHandlerContext ctx, HttpResponseStatus status, String text) {
    full(ctx, status, "text/plain; charset=utf-8", Unpooled.copiedBuffer(text, UTF_8));
  }

  private void full(
      ChannelHandlerContext ctx, HttpResponseStatus status, String type, ByteBuf body) {
    FullHttpResponse response = new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, status, body);
    response.headers().set(CONTENT_TYPE, type);
    send(ctx, response);
  }

  private void send(ChannelHandlerContext ctx, FullHttpResponse response) {
    HttpUtil.setContentLength(response, response.content().readableBytes());
    // The codec drops the body of the answer to HEAD and keeps its length.
    finish(ctx, ctx.writeAndFlush(response));
  }

  /// Goes on with the next request when the response is out.
  private void finish(ChannelHandlerContext ctx, ChannelFuture written) {
    boolean keepAlive = request != null && HttpUtil.isKeepAlive(request);
    request = null;
    timer = null;
    written.addListener(
        done -> {
          if (done.isSuccess() && keepAlive) {
            ctx.channel().config().setAutoRead(true);
          } else {
            ctx.close();
          }
        });
  }

  private static boolean isRead(HttpRequest request) {
    return request.method().equals(HttpMethod.GET) || request.method().equals(HttpMethod.HEAD);
  }

  private static String path(HttpRequest request) {
    return new QueryStringDecoder(request.uri()).path();
  }

  private static long number(HttpRequest request, String name, long fallback, long largest) {
    var values = new QueryStringDecoder(request.uri()).parameters().get(name);
    if (values == null) {
      return fallback;
    }
    try {
      long value = Long.parseLong(values.getFirst());
      if (value >= 0 && value <= largest) {
        return value;
      }
    } catch (NumberFormatException e) {
      // Said below, in the same words as a number out of range.
    }
    throw new IllegalArgumentException(name + " must be a number from 0 to " + largest);
  }

  private static byte[] page() {
    try (InputStream in = SampleAppHandler.class.getResourceAsStream("page.html")) {
      if (in == null) {
        throw new IllegalStateException("page.html is missing from the jar");
      }
      return in.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
