package io.penstock.transport.http2;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.DefaultHttp2ResetFrame;
import io.netty.handler.codec.http2.EmptyHttp2Headers;
import io.netty.handler.codec.http2.Http2DataFrame;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2HeadersFrame;
import io.netty.util.ReferenceCountUtil;
import io.penstock.transport.relay.Authority;
import io.penstock.transport.relay.BodyRelay;
import io.penstock.transport.relay.HeadReader;
import io.penstock.transport.relay.HeadWriter;
import io.penstock.transport.relay.HttpHead;
import io.penstock.transport.relay.KnownField;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The server's end of one HTTP/2 stream: the request comes out as one of HTTP/1.1, and the
/// response goes in as one.
///
/// What cannot be said in HTTP/1.1 without a second meaning is malformed (RFC 9113 section 8.1.1)
/// and resets the stream; so is CONNECT. Each stream needs its own.
public final class Http2ServerStream extends ChannelDuplexHandler {

  private static final int SPARE_BYTES = 512;

  private final Http2Output output;
  private Http1Framing framing = Http1Framing.NONE;
  private boolean toHead;
  private boolean begun;

  /// @param responses limits on a response head
  public Http2ServerStream(HeadReader.Limits responses) {
    this.output =
        new Http2Output(new HeadReader(HeadReader.Kind.RESPONSE, responses), this::response);
  }

  // ---- the request ----

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    switch (message) {
      case Http2HeadersFrame frame when !begun -> request(ctx, frame);
      case Http2HeadersFrame frame -> trailers(ctx, frame);
      case Http2DataFrame frame -> data(ctx, frame);
      default -> ReferenceCountUtil.release(message);
    }
  }

  private void request(ChannelHandlerContext ctx, Http2HeadersFrame frame) {
    begun = true;
    Http2Headers headers = frame.headers();
    String authority = authority(headers);
    if (authority == null || !Http2Fields.areValid(headers) || !hasValidStart(headers)) {
      reset(ctx);
      return;
    }
    toHead = headers.method().toString().equals("HEAD");
    if (frame.isEndStream()) {
      framing = Http1Framing.NONE;
    } else {
      framing = headers.contains("content-length") ? Http1Framing.LENGTH : Http1Framing.CHUNKS;
    }
    ByteBuf out = ctx.alloc().buffer(SPARE_BYTES);
    HeadWriter.latin1(out, headers.method());
    out.writeByte(' ');
    HeadWriter.latin1(out, headers.path());
    ByteBufUtil.writeAscii(out, " HTTP/1.1\r\n");
    HeadWriter.field(out, "host", authority);
    Http2Fields.write(out, headers);
    // > these MUST be concatenated into a single octet string using the two-octet delimiter of
    // > 0x3b, 0x20 (RFC 9113 section 8.2.3)
    List<CharSequence> cookies = headers.getAll("cookie");
    if (!cookies.isEmpty()) {
      HeadWriter.field(out, "cookie", String.join("; ", cookies));
    }
    if (framing == Http1Framing.CHUNKS) {
      HeadWriter.chunked(out);
    }
    HeadWriter.end(out);
    ctx.fireChannelRead(out);
  }

  /// > The recipient of an HTTP/2 request MUST NOT use the Host header field to determine the
  /// > target URI if ":authority" is present. (RFC 9113 section 8.3.1)
  private static @Nullable String authority(Http2Headers headers) {
    CharSequence named = headers.authority();
    List<CharSequence> hosts = headers.getAll("host");
    if (hosts.size() > 1) {
      return null;
    }
    String host = hosts.isEmpty() ? null : hosts.getFirst().toString();
    String authority = named == null ? host : named.toString();
    if (authority == null || !Authority.isValid(authority)) {
      return null;
    }
    return host == null || host.equalsIgnoreCase(authority) ? authority : null;
  }

  private static boolean hasValidStart(Http2Headers headers) {
    CharSequence method = headers.method();
    CharSequence path = headers.path();
    return method != null
        && path != null
        && HeadWriter.isToken(method.toString())
        && !method.toString().equals("CONNECT")
        && !path.isEmpty()
        && path.chars().allMatch(c -> c > ' ' && c < 0x7f);
  }

  private void data(ChannelHandlerContext ctx, Http2DataFrame frame) {
    ByteBuf data = frame.content();
    if (framing == Http1Framing.NONE) {
      data.release();
      return;
    }
    if (data.isReadable()) {
      ctx.fireChannelRead(framing.frame(ctx.alloc(), data));
    } else {
      data.release();
    }
    if (frame.isEndStream()) {
      end(ctx, EmptyHttp2Headers.INSTANCE);
    }
  }

  private void trailers(ChannelHandlerContext ctx, Http2HeadersFrame frame) {
    if (!Http2Fields.areValid(frame.headers())) {
      reset(ctx);
    } else {
      end(ctx, frame.headers());
    }
  }

  private void end(ChannelHandlerContext ctx, Http2Headers trailers) {
    if (framing == Http1Framing.CHUNKS) {
      ctx.fireChannelRead(framing.end(ctx.alloc(), trailers));
    }
    framing = Http1Framing.NONE;
  }

  private void reset(ChannelHandlerContext ctx) {
    framing = Http1Framing.NONE;
    ctx.writeAndFlush(new DefaultHttp2ResetFrame(Http2Error.PROTOCOL_ERROR));
    ctx.close();
  }

  // ---- the response ----

  @Override
  public void write(ChannelHandlerContext ctx, Object message, ChannelPromise promise) {
    if (message instanceof ByteBuf bytes) {
      output.write(ctx, bytes, promise);
    } else {
      ctx.write(message, promise);
    }
  }

  private Http2Output.Start response(HttpHead head) {
    BodyRelay body = BodyRelay.ofResponse(head, toHead);
    head.dropHopByHop();
    head.drop(KnownField.TRANSFER_ENCODING);
    Http2Headers headers = new DefaultHttp2Headers(false);
    headers.status(Integer.toString(head.status()));
    Http2Fields.add(headers, head);
    return new Http2Output.Start(
        headers, body, head.status() < 200 ? Http2Output.Kind.INTERIM : Http2Output.Kind.FINAL);
  }
}
