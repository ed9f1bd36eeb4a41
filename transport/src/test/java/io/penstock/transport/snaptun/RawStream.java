package io.penstock.transport.snaptun;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.util.concurrent.TimeUnit.SECONDS;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.ChannelInputShutdownReadComplete;
import io.netty.handler.codec.quic.QuicChannel;
import io.netty.handler.codec.quic.QuicStreamChannel;
import io.netty.handler.codec.quic.QuicStreamType;
import java.util.concurrent.CompletableFuture;

/// One stream of a client that writes its bytes itself.
final class RawStream {

  static final String RENEW = "POST /connectrpc.v1.snaptun/renew_session HTTP/1.1\r\n";
  static final String ASSIGN = "POST /connectrpc.v1.snaptun/assign_addresses HTTP/1.1\r\n";
  static final String TOKEN = "Authorization: Bearer node:3600\r\n\r\n";

  private final QuicStreamChannel stream;
  private final CompletableFuture<String> response = new CompletableFuture<>();

  RawStream(QuicChannel connection) throws Exception {
    StringBuilder text = new StringBuilder();
    stream =
        connection
            .createStream(
                QuicStreamType.BIDIRECTIONAL,
                new ChannelInboundHandlerAdapter() {
                  @Override
                  public void channelRead(ChannelHandlerContext ctx, Object msg) {
                    ByteBuf bytes = (ByteBuf) msg;
                    text.append(bytes.toString(ISO_8859_1));
                    bytes.release();
                  }

                  @Override
                  public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
                    if (event == ChannelInputShutdownReadComplete.INSTANCE) {
                      response.complete(text.toString());
                    }
                  }

                  @Override
                  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
                    response.completeExceptionally(cause);
                  }

                  @Override
                  public void channelInactive(ChannelHandlerContext ctx) {
                    response.completeExceptionally(new IllegalStateException("closed"));
                  }
                })
            .get(10, SECONDS);
  }

  /// Opens a stream that carries a whole request.
  static RawStream request(QuicChannel connection, String text) throws Exception {
    RawStream raw = new RawStream(connection);
    raw.write(text);
    raw.finish();
    return raw;
  }

  void write(String text) throws Exception {
    stream.writeAndFlush(Unpooled.copiedBuffer(text, ISO_8859_1)).get(10, SECONDS);
  }

  void finish() throws Exception {
    stream.shutdownOutput().get(10, SECONDS);
  }

  void reset() throws Exception {
    stream.shutdownOutput(9).get(10, SECONDS);
  }

  /// Everything up to the server's FIN.
  String response() throws Exception {
    return response.get(10, SECONDS);
  }

  /// The first line of the response.
  String status() throws Exception {
    String text = response();
    return text.substring(0, text.indexOf("\r\n"));
  }
}
