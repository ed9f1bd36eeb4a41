package io.penstock.node.serve;

import static io.penstock.node.serve.ServeFixture.NAME;
import static io.penstock.node.serve.ServeFixture.secureSite;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.handler.codec.http2.DefaultHttp2DataFrame;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.DefaultHttp2HeadersFrame;
import io.netty.handler.codec.http2.Http2DataFrame;
import io.netty.handler.codec.http2.Http2FrameCodecBuilder;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2HeadersFrame;
import io.netty.handler.codec.http2.Http2MultiplexHandler;
import io.netty.handler.codec.http2.Http2StreamChannel;
import io.netty.util.ReferenceCountUtil;
import io.penstock.testkit.leak.LeakCheck;
import io.penstock.transport.NativeSupport;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// gRPC through a served port: a client and a backend that speak HTTP/2 frames.
@ExtendWith(LeakCheck.class)
@Timeout(120)
class GrpcProxyTest {

  private ServeFixture node;
  private Channel backend;
  private Http2Visit visit;

  @BeforeEach
  void start() throws Exception {
    node = ServeFixture.start();
    backend =
        new ServerBootstrap()
            .group(node.loops)
            .channel(NativeSupport.serverSocketChannel())
            .childHandler(
                new ChannelInitializer<Channel>() {
                  @Override
                  protected void initChannel(Channel channel) {
                    channel
                        .pipeline()
                        .addLast(Http2FrameCodecBuilder.forServer().build())
                        .addLast(new Http2MultiplexHandler(new GrpcEcho()));
                  }
                })
            .bind(InetAddress.getLoopbackAddress(), 0)
            .sync()
            .channel();
    int port = ((InetSocketAddress) backend.localAddress()).getPort();
    node.serve.set(secureSite(443, Map.of("/", HttpHandler.proxyTo("http://127.0.0.1:" + port))));
    visit = Http2Visit.connect(node, 443);
  }

  @AfterEach
  void close() {
    visit.close();
    backend.close().syncUninterruptibly();
    node.close();
  }

  /// Says the length of each message at once, and how it went in trailers.
  @ChannelHandler.Sharable
  private static final class GrpcEcho extends ChannelInboundHandlerAdapter {

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
      switch (message) {
        case Http2HeadersFrame head when head.isEndStream() ->
            ctx.writeAndFlush(
                new DefaultHttp2HeadersFrame(
                    new DefaultHttp2Headers()
                        .status("200")
                        .add("content-type", "application/grpc")
                        .add("grpc-status", "12"),
                    true));
        case Http2HeadersFrame head ->
            ctx.writeAndFlush(
                new DefaultHttp2HeadersFrame(
                    new DefaultHttp2Headers()
                        .status("200")
                        .add("content-type", "application/grpc")
                        .add("te-was", String.valueOf(head.headers().get("te")))
                        .add("path-was", head.headers().path())
                        .add(
                            "user-was", String.valueOf(head.headers().get("tailscale-user-login"))),
                    false));
        case Http2DataFrame data -> {
          String text = data.content().readableBytes() + ";";
          if (data.content().isReadable()) {
            ctx.write(
                new DefaultHttp2DataFrame(
                    Unpooled.copiedBuffer(text, StandardCharsets.US_ASCII), false));
          }
          if (data.isEndStream()) {
            ctx.write(
                new DefaultHttp2HeadersFrame(
                    new DefaultHttp2Headers().add("grpc-status", "0").add("grpc-message", "fine"),
                    true));
          }
          ctx.flush();
        }
        default -> {}
      }
      ReferenceCountUtil.release(message);
    }
  }

  private static final class Frames extends ChannelInboundHandlerAdapter {

    final BlockingQueue<String> texts = new LinkedBlockingQueue<>();

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
      switch (message) {
        case Http2HeadersFrame head -> texts.add(text(head));
        case Http2DataFrame data -> {
          if (data.content().isReadable()) {
            texts.add(data.content().toString(StandardCharsets.US_ASCII));
          }
          if (data.isEndStream()) {
            texts.add("end");
          }
        }
        default -> texts.add(message.toString());
      }
      ReferenceCountUtil.release(message);
    }

    private static String text(Http2HeadersFrame head) {
      StringBuilder text = new StringBuilder();
      for (Map.Entry<CharSequence, CharSequence> field : head.headers()) {
        text.append(field.getKey()).append('=').append(field.getValue()).append(' ');
      }
      return text.append(head.isEndStream() ? "end" : "").toString();
    }

    String next() throws InterruptedException {
      String text = texts.poll(30, TimeUnit.SECONDS);
      assertThat(text).as("a frame").isNotNull();
      return text;
    }
  }

  private Http2StreamChannel stream(Frames frames) throws Exception {
    return visit.stream(frames);
  }

  private static Http2Headers call(String contentType) {
    return new DefaultHttp2Headers()
        .method("POST")
        .scheme("https")
        .authority(NAME)
        .path("/pkg.Service/Call")
        .add("te", "trailers")
        .add("content-type", contentType);
  }

  private static DefaultHttp2DataFrame data(int bytes, boolean end) {
    return new DefaultHttp2DataFrame(Unpooled.wrappedBuffer(new byte[bytes]), end);
  }

  @Test
  void messages_go_both_ways_before_the_end_and_trailers_come_behind() throws Exception {
    Frames frames = new Frames();
    Http2StreamChannel stream = stream(frames);
    stream
        .writeAndFlush(new DefaultHttp2HeadersFrame(call("application/grpc+proto"), false))
        .sync();
    assertThat(frames.next())
        .contains(":status=200", "te-was=trailers", "path-was=/pkg.Service/Call", "user-was=alice");
    stream.writeAndFlush(data(5, false)).sync();
    assertThat(frames.next()).isEqualTo("5;");
    stream.writeAndFlush(data(7, true)).sync();
    assertThat(frames.next()).isEqualTo("7;");
    assertThat(frames.next()).isEqualTo("grpc-status=0 grpc-message=fine end");
  }

  @Test
  void an_answer_of_trailers_alone_passes() throws Exception {
    trailersAlone();
  }

  private void trailersAlone() throws Exception {
    Frames frames = new Frames();
    Http2StreamChannel stream = stream(frames);
    stream.writeAndFlush(new DefaultHttp2HeadersFrame(call("application/grpc"), true)).sync();
    assertThat(frames.next()).contains(":status=200", "grpc-status=12").endsWith("end");
  }

  @Test
  void a_call_that_is_cancelled_leaves_the_others_alone() throws Exception {
    Frames cancelled = new Frames();
    Http2StreamChannel first = stream(cancelled);
    first.writeAndFlush(new DefaultHttp2HeadersFrame(call("application/grpc"), false)).sync();
    cancelled.next();
    first.close().sync();
    Frames frames = new Frames();
    Http2StreamChannel second = stream(frames);
    second.writeAndFlush(new DefaultHttp2HeadersFrame(call("application/grpc"), false));
    second.writeAndFlush(data(3, true)).sync();
    frames.next();
    assertThat(frames.next()).isEqualTo("3;");
    assertThat(frames.next()).contains("grpc-status=0");
  }

  @Test
  void a_stream_with_a_field_of_the_connection_is_reset_and_its_connection_goes_on()
      throws Exception {
    for (List<String> field :
        List.of(
            List.of("connection", "close"),
            List.of("transfer-encoding", "chunked"),
            List.of("host", "other.penstock.internal"))) {
      Frames frames = new Frames();
      Http2StreamChannel stream = stream(frames);
      stream.writeAndFlush(
          new DefaultHttp2HeadersFrame(
              new DefaultHttp2Headers(false)
                  .method("GET")
                  .scheme("https")
                  .authority(NAME)
                  .path("/")
                  .add(field.get(0), field.get(1)),
              true));
      assertThat(stream.closeFuture().await(30, TimeUnit.SECONDS)).as(field.toString()).isTrue();
    }
    trailersAlone();
  }

  @ParameterizedTest
  @CsvSource({
    "application/grpc, true",
    "application/grpc;, true",
    "application/grpc+, true",
    "application/grpc+proto, true",
    "application/grpcfoobar, false",
    "application/text, false",
    "foobar, false",
    "'', false"
  })
  void what_is_grpc(String contentType, boolean grpc) {
    assertThat(WebService.isGrpc(contentType)).isEqualTo(grpc);
    assertThat(WebService.isGrpc(null)).isFalse();
  }
}
