package io.penstock.transport.http2;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.handler.codec.http2.DefaultHttp2DataFrame;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.DefaultHttp2HeadersFrame;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2StreamFrame;
import io.penstock.transport.relay.BodyRelay;
import io.penstock.transport.relay.HeadReader;
import io.penstock.transport.relay.HeadResult;
import io.penstock.transport.relay.HttpHead;
import java.io.IOException;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// Turns the bytes of one HTTP/1.1 message, as our own side writes it, into frames of a stream.
///
/// ```
///  HEAD ──interim──► HEAD
///    └────final────► BODY ──end of framing──► ENDED, with END_STREAM
/// ```
///
/// It looks for the end of the message in its framing, so nothing but a whole message ever ends its
/// stream in good order.
final class Http2Output implements BodyRelay.Output {

  /// What a message begins with, and what follows its head.
  ///
  /// @param headers with their pseudo-header fields
  record Start(Http2Headers headers, BodyRelay body, Kind kind) {}

  /// What a head is.
  enum Kind {
    /// Another head follows.
    INTERIM,
    FINAL
  }

  private enum State {
    HEAD,
    BODY,
    ENDED
  }

  private final HeadReader heads;
  private final Function<HttpHead, Start> starts;
  private State state = State.HEAD;
  private BodyRelay body = BodyRelay.none();
  private @Nullable Http2StreamFrame held;
  private @Nullable ChannelHandlerContext writing;
  private @Nullable ChannelFuture last;

  /// @param starts makes the first frame of a message from its head
  Http2Output(HeadReader heads, Function<HttpHead, Start> starts) {
    this.heads = heads;
    this.starts = starts;
  }

  /// Writes what `in` holds; owns it.
  ///
  /// The promise is done when all that was written so far is.
  void write(ChannelHandlerContext ctx, ByteBuf in, ChannelPromise promise) {
    writing = ctx;
    try {
      @Nullable ByteBuf rest = in;
      while (rest != null) {
        rest =
            switch (state) {
              case HEAD -> head(rest);
              case BODY -> body.accept(rest, this);
              case ENDED -> {
                rest.release();
                yield null;
              }
            };
        if (state == State.BODY && body.isDone()) {
          end();
        } else if (state == State.BODY && body.isFaulty()) {
          ctx.fireExceptionCaught(new IOException("the framing of a body is malformed"));
          ctx.close();
          return;
        }
      }
    } finally {
      finish(ctx, promise);
    }
  }

  @Override
  public void write(ByteBuf bytes) {
    if (bytes.isReadable()) {
      next(new DefaultHttp2DataFrame(bytes, false));
    } else {
      bytes.release();
    }
  }

  private @Nullable ByteBuf head(ByteBuf in) {
    if (!in.isReadable()) {
      in.release();
      return null;
    }
    switch (heads.read(in)) {
      case HeadResult.Complete(HttpHead head) -> begin(head);
      case HeadResult.Fault fault ->
          throw new IllegalStateException("our own head: " + fault.text());
      case HeadResult.Incomplete _ -> {}
    }
    return in;
  }

  private void begin(HttpHead head) {
    Start start = starts.apply(head);
    next(new DefaultHttp2HeadersFrame(start.headers(), false));
    if (start.kind() == Kind.FINAL) {
      body = start.body();
      state = State.BODY;
    }
  }

  private void end() {
    state = State.ENDED;
    HttpHead trailers = body.trailers();
    ChannelHandlerContext ctx = writing;
    if (trailers != null) {
      Http2Headers fields = new DefaultHttp2Headers();
      Http2Fields.add(fields, trailers);
      if (!fields.isEmpty()) {
        next(new DefaultHttp2HeadersFrame(fields, true));
        return;
      }
    }
    Http2StreamFrame frame = held;
    held = null;
    switch (frame) {
      case DefaultHttp2HeadersFrame headers ->
          held = new DefaultHttp2HeadersFrame(headers.headers(), true);
      case DefaultHttp2DataFrame data -> held = new DefaultHttp2DataFrame(data.content(), true);
      case null, default -> {
        if (ctx != null) {
          held = new DefaultHttp2DataFrame(true);
        }
      }
    }
  }

  /// Writes the frame before this one, which may turn out to be the last.
  private void next(Http2StreamFrame frame) {
    Http2StreamFrame before = held;
    held = frame;
    if (before != null && writing != null) {
      last = writing.write(before);
    }
  }

  private void finish(ChannelHandlerContext ctx, ChannelPromise promise) {
    Http2StreamFrame frame = held;
    held = null;
    writing = null;
    if (frame != null) {
      last = ctx.write(frame);
    }
    if (promise.isVoid()) {
      return;
    }
    if (last == null) {
      promise.trySuccess();
      return;
    }
    last.addListener(
        (ChannelFuture written) -> {
          if (written.isSuccess()) {
            promise.trySuccess();
          } else {
            promise.tryFailure(written.cause());
          }
        });
  }
}
