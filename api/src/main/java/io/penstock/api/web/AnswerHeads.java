package io.penstock.api.web;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufUtil;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.DefaultHttpResponse;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpVersion;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;

/// Turns answers into the messages of the HTTP codec, with the headers that all of them have.
final class AnswerHeads {

  private AnswerHeads() {}

  /// A whole answer; the caller owns it.
  static FullHttpResponse whole(WebResponse response, ByteBufAllocator allocator) {
    ByteBuf content = ByteBufUtil.writeUtf8(allocator, response.body());
    FullHttpResponse message =
        new DefaultFullHttpResponse(
            HttpVersion.HTTP_1_1, HttpResponseStatus.valueOf(response.status()), content);
    addCommon(message.headers());
    if (response.status() != HttpResponseStatus.NO_CONTENT.code()) {
      message.headers().setInt(HttpHeaderNames.CONTENT_LENGTH, content.readableBytes());
    }
    if (!response.contentType().isEmpty()) {
      message.headers().set(HttpHeaderNames.CONTENT_TYPE, response.contentType());
    }
    response.headers().forEach(message.headers()::set);
    return message;
  }

  /// The head of an answer without an end.
  static HttpResponse endless(WebStream stream) {
    HttpResponse message = new DefaultHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.OK);
    addCommon(message.headers());
    message
        .headers()
        .set(HttpHeaderNames.CONTENT_TYPE, stream.contentType())
        .set(HttpHeaderNames.TRANSFER_ENCODING, HttpHeaderValues.CHUNKED)
        .set(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE);
    return message;
  }

  private static void addCommon(HttpHeaders headers) {
    headers
        .set(
            HttpHeaderNames.DATE,
            DateTimeFormatter.RFC_1123_DATE_TIME.format(ZonedDateTime.now(ZoneOffset.UTC)))
        .set(HttpHeaderNames.CACHE_CONTROL, "no-store")
        .set("X-Content-Type-Options", "nosniff");
  }
}
