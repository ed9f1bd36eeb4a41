package io.penstock.node.serve;

import static io.penstock.node.serve.ServeFixture.NAME;
import static io.penstock.node.serve.ServeFixture.secureSite;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.handler.codec.http2.DefaultHttp2DataFrame;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.DefaultHttp2HeadersFrame;
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
import java.net.ServerSocket;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/// Streams of HTTP/2 that nobody reads, and the others on the same connection.
@ExtendWith(LeakCheck.class)
@Timeout(120)
class Http2StalledStreamsTest {

  private static final int FRAME_BYTES = 16 * 1024;
  private static final int FRAMES = 1024;

  private ServeFixture node;

  @BeforeEach
  void start() throws Exception {
    node = ServeFixture.start();
  }

  @AfterEach
  void close() {
    node.close();
  }

  private static Http2Headers post(String path, String contentType) {
    return new DefaultHttp2Headers()
        .method("POST")
        .scheme("https")
        .authority(NAME)
        .path(path)
        .add("te", "trailers")
        .add("content-type", contentType);
  }

  /// Sends 16 MiB as fast as the other end takes them, and counts what it took.
  private static void sendMuch(Channel stream, AtomicLong taken) {
    for (int i = 0; i < FRAMES; i++) {
      boolean last = i == FRAMES - 1;
      stream
          .write(new DefaultHttp2DataFrame(Unpooled.wrappedBuffer(new byte[FRAME_BYTES]), last))
          .addListener(_ -> taken.addAndGet(FRAME_BYTES));
    }
    stream.flush();
  }

  /// Waits until the other end takes no more.
  private static void awaitStandstill(AtomicLong taken) {
    AtomicLong before = new AtomicLong(-1);
    await()
        .atMost(Duration.ofSeconds(60))
        .pollInterval(Duration.ofMillis(500))
        .until(() -> taken.get() > 0 && before.getAndSet(taken.get()) == taken.get());
  }

  /// Is done with the status of a response.
  private static final class Status extends ChannelInboundHandlerAdapter {

    final CompletableFuture<String> status = new CompletableFuture<>();

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
      if (message instanceof Http2HeadersFrame head && head.headers().status() != null) {
        status.complete(head.headers().status().toString());
      }
      ReferenceCountUtil.release(message);
    }
  }

  // ---- the connection to a backend, which several visitors share ----

  /// Answers a call with much, or with trailers alone.
  @ChannelHandler.Sharable
  private static final class GrpcBackend extends ChannelInboundHandlerAdapter {

    final AtomicLong taken = new AtomicLong();

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
      if (message instanceof Http2HeadersFrame head) {
        boolean much = head.headers().path().toString().endsWith("Much");
        ctx.writeAndFlush(
            new DefaultHttp2HeadersFrame(
                new DefaultHttp2Headers().status("200").add("content-type", "application/grpc"),
                false));
        if (much) {
          sendMuch(ctx.channel(), taken);
        } else {
          ctx.writeAndFlush(
              new DefaultHttp2DataFrame(Unpooled.wrappedBuffer(new byte[FRAME_BYTES]), true));
        }
      }
      ReferenceCountUtil.release(message);
    }
  }

  @Test
  void a_visitor_who_does_not_read_an_answer_leaves_the_calls_of_others_alone() throws Exception {
    GrpcBackend grpc = new GrpcBackend();
    Channel backend =
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
                        .addLast(new Http2MultiplexHandler(grpc));
                  }
                })
            .bind(InetAddress.getLoopbackAddress(), 0)
            .sync()
            .channel();
    int port = ((InetSocketAddress) backend.localAddress()).getPort();
    node.serve.set(secureSite(443, Map.of("/", HttpHandler.proxyTo("http://127.0.0.1:" + port))));
    try (Http2Visit slow = Http2Visit.connect(node, 443);
        Http2Visit other = Http2Visit.connect(node, 443)) {
      Http2StreamChannel unread =
          slow.stream(
              new ChannelInitializer<Channel>() {
                @Override
                protected void initChannel(Channel channel) {
                  channel.config().setOption(ChannelOption.AUTO_READ, false);
                }
              });
      unread
          .writeAndFlush(new DefaultHttp2HeadersFrame(post("/p/Much", "application/grpc"), true))
          .sync();
      awaitStandstill(grpc.taken);

      Status answer = new Status();
      other.stream(answer)
          .writeAndFlush(new DefaultHttp2HeadersFrame(post("/p/Call", "application/grpc"), true));
      assertThat(answer.status.get(30, TimeUnit.SECONDS)).isEqualTo("200");
      // A stream whose connection ends keeps what nobody has read until it is closed itself.
      unread.close().sync();
    } finally {
      backend.close().syncUninterruptibly();
    }
  }

  // ---- the connection of a visitor, to several backends ----

  @Test
  void an_upload_to_a_backend_that_does_not_read_leaves_the_other_uploads_alone() throws Exception {
    try (ServerSocket stuck = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        EchoApp app = new EchoApp();
        Http2Visit visit = visitTo(stuck, app)) {
      AtomicLong taken = new AtomicLong();
      Http2StreamChannel upload = visit.stream(new Status());
      upload
          .writeAndFlush(new DefaultHttp2HeadersFrame(post("/stuck", "text/plain"), false))
          .sync();
      sendMuch(upload, taken);
      awaitStandstill(taken);

      Status answer = new Status();
      Http2StreamChannel other = visit.stream(answer);
      other.writeAndFlush(new DefaultHttp2HeadersFrame(post("/", "text/plain"), false));
      for (int i = 0; i < 8; i++) {
        other.writeAndFlush(
            new DefaultHttp2DataFrame(Unpooled.wrappedBuffer(new byte[FRAME_BYTES]), i == 7));
      }
      assertThat(answer.status.get(30, TimeUnit.SECONDS)).isEqualTo("200");
    }
  }

  private Http2Visit visitTo(ServerSocket stuck, EchoApp app) throws Exception {
    node.serve.set(
        secureSite(
            443,
            Map.of(
                "/stuck",
                HttpHandler.proxyTo("http://127.0.0.1:" + stuck.getLocalPort()),
                "/",
                HttpHandler.proxyTo("http://127.0.0.1:" + app.port()))));
    return Http2Visit.connect(node, 443);
  }
}
