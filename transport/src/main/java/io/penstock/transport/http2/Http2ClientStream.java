package io.penstock.transport.http2;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.EmptyHttp2Headers;
import io.netty.handler.codec.http2.Http2DataFrame;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2HeadersFrame;
import io.netty.util.ReferenceCountUtil;
import io.penstock.transport.relay.BodyRelay;
import io.penstock.transport.relay.HeadReader;
import io.penstock.transport.relay.HeadWriter;
import io.penstock.transport.relay.HttpHead;
import io.penstock.transport.relay.KnownField;
import java.io.IOException;

/// The client's end of one HTTP/2 stream: the request goes in as one of HTTP/1.1, and the response
/// comes out as one.
///
/// A response that cannot be said in HTTP/1.1 without a second meaning closes the stream. Each
/// stream needs its own.
public final class Http2ClientStream extends ChannelDuplexHandler {

  private static final int SPARE_BYTES = 512;

  private enum State {
    HEAD,
    BODY,
    ENDED
  }

  private final Http2Output output;
  private final String scheme;
  private Http1Framing framing = Http1Framing.NONE;
  private State state = State.HEAD;
  private boolean asksHead;

  /// @param requests limits on a request head
  /// @param scheme `http` or `https`
  public Http2ClientStream(HeadReader.Limits requests, String scheme) {
    this.output = new Http2Output(new HeadReader(HeadReader.Kind.REQUEST, requests), this::request);
    this.scheme = scheme;
  }

  // ---- the request ----

  @Override
  public void write(ChannelHandlerContext ctx, Object message, ChannelPromise promise) {
    if (message instanceof ByteBuf bytes) {
      output.write(ctx, bytes, promise);
    } else {
      ctx.write(message, promise);
    }
  }

  private Http2Output.Start request(HttpHead head) {
    BodyRelay body = BodyRelay.ofUnframedRequest(head);
    asksHead = head.isMethod("HEAD");
    boolean trailers = head.hasWord(KnownField.TE, "trailers");
    String host = head.value(KnownField.HOST);
    head.dropHopByHop();
    head.drop(KnownField.HOST);
    head.drop(KnownField.TRANSFER_ENCODING);
    Http2Headers headers = new DefaultHttp2Headers(false);
    headers.method(head.method()).scheme(scheme).path(head.target());
    if (host != null) {
      headers.authority(host);
    }
    Http2Fields.add(headers, head);
    if (trailers) {
      headers.add("te", "trailers");
    }
    return new Http2Output.Start(headers, body, Http2Output.Kind.FINAL);
  }

  // ---- the response ----

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    switch (message) {
      case Http2HeadersFrame frame when state == State.HEAD -> response(ctx, frame);
      case Http2HeadersFrame frame -> end(ctx, frame.headers());
      case Http2DataFrame frame -> data(ctx, frame);
      default -> ReferenceCountUtil.release(message);
    }
  }

  private void response(ChannelHandlerContext ctx, Http2HeadersFrame frame) {
    Http2Headers headers = frame.headers();
    String status = headers.status() == null ? "" : headers.status().toString();
    if (!status.matches("[1-9][0-9][0-9]") || !Http2Fields.areValid(headers)) {
      fail(ctx);
      return;
    }
    ByteBuf out = ctx.alloc().buffer(SPARE_BYTES);
    ByteBufUtil.writeAscii(out, "HTTP/1.1 " + status + " \r\n");
    Http2Fields.write(out, headers);
    if (status.charAt(0) == '1') {
      HeadWriter.end(out);
      ctx.fireChannelRead(out);
      return;
    }
    state = frame.isEndStream() ? State.ENDED : State.BODY;
    boolean bodiless = asksHead || status.equals("204") || status.equals("304");
    boolean length = headers.contains("content-length");
    if (bodiless) {
      framing = Http1Framing.NONE;
    } else if (length) {
      framing = Http1Framing.LENGTH;
    } else if (frame.isEndStream()) {
      HeadWriter.contentLength(out, 0);
    } else {
      framing = Http1Framing.CHUNKS;
      HeadWriter.chunked(out);
    }
    HeadWriter.end(out);
    ctx.fireChannelRead(out);
  }

  private void data(ChannelHandlerContext ctx, Http2DataFrame frame) {
    ByteBuf data = frame.content();
    if (framing == Http1Framing.NONE || !data.isReadable()) {
      data.release();
    } else {
      ctx.fireChannelRead(framing.frame(ctx.alloc(), data));
    }
    if (frame.isEndStream()) {
      end(ctx, EmptyHttp2Headers.INSTANCE);
    }
  }

  private void end(ChannelHandlerContext ctx, Http2Headers trailers) {
    if (!Http2Fields.areValid(trailers)) {
      fail(ctx);
      return;
    }
    state = State.ENDED;
    if (framing == Http1Framing.CHUNKS) {
      ctx.fireChannelRead(framing.end(ctx.alloc(), trailers));
    }
    framing = Http1Framing.NONE;
  }

  private void fail(ChannelHandlerContext ctx) {
    state = State.ENDED;
    ctx.fireExceptionCaught(new IOException("the backend's HTTP/2 response is malformed"));
    ctx.close();
  }
}
