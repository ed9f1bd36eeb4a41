package io.penstock.transport.netstack;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.http.DefaultFullHttpRequest;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpClientCodec;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import io.penstock.transport.NativeSupport;
import io.penstock.transport.relay.FarEnd;
import java.net.InetSocketAddress;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// TLS, HTTP codecs and the relay on top of connections of our own stack.
class NetstackPipelineTest {

  private static final int MAX_BODY_BYTES = 4 << 20;

  private Stacks stacks;
  private SslContext serverTls;
  private SslContext clientTls;

  @BeforeEach
  void begin() throws Exception {
    stacks = new Stacks();
    X509Bundle identity =
        new CertificateBuilder()
            .subject("CN=localhost")
            .setIsCertificateAuthority(true)
            .buildSelfSigned();
    serverTls =
        SslContextBuilder.forServer(identity.toKeyManagerFactory())
            .sslProvider(NativeSupport.sslProvider())
            .build();
    clientTls =
        SslContextBuilder.forClient()
            .sslProvider(NativeSupport.sslProvider())
            .trustManager(identity.getCertificate())
            .endpointIdentificationAlgorithm("")
            .build();
  }

  @AfterEach
  void end() throws Exception {
    stacks.close();
  }

  /// An app that gives back the body of each request.
  private void app(Channel channel) {
    channel
        .pipeline()
        .addLast(
            serverTls.newHandler(channel.alloc()),
            new HttpServerCodec(),
            new HttpObjectAggregator(MAX_BODY_BYTES),
            new SimpleChannelInboundHandler<FullHttpRequest>() {
              @Override
              protected void channelRead0(ChannelHandlerContext ctx, FullHttpRequest request) {
                FullHttpResponse response =
                    new DefaultFullHttpResponse(
                        HttpVersion.HTTP_1_1, HttpResponseStatus.OK, request.content().retain());
                HttpUtil.setContentLength(response, response.content().readableBytes());
                ctx.writeAndFlush(response);
              }
            });
  }

  /// Collects the bodies of responses.
  private static final class Bodies extends SimpleChannelInboundHandler<FullHttpResponse> {

    final BlockingQueue<byte[]> received = new LinkedBlockingQueue<>();

    @Override
    protected void channelRead0(ChannelHandlerContext ctx, FullHttpResponse response) {
      byte[] body = new byte[response.content().readableBytes()];
      response.content().readBytes(body);
      received.add(body);
    }
  }

  private void visitor(Channel channel, Bodies bodies) {
    channel
        .pipeline()
        .addLast(
            clientTls.newHandler(channel.alloc()),
            new HttpClientCodec(),
            new HttpObjectAggregator(MAX_BODY_BYTES),
            bodies);
  }

  private static void post(Channel channel, byte[] body) {
    FullHttpRequest request =
        new DefaultFullHttpRequest(
            HttpVersion.HTTP_1_1, HttpMethod.POST, "/", Unpooled.wrappedBuffer(body));
    HttpUtil.setContentLength(request, body.length);
    channel.writeAndFlush(request);
  }

  private static byte[] random(int bytes) {
    byte[] body = new byte[bytes];
    new Random(bytes).nextBytes(body);
    return body;
  }

  @Test
  void http_in_tls_is_answered() throws Exception {
    Bodies bodies = new Bodies();
    Channel channel = stacks.dial(stacks.listen(this::app), made -> visitor(made, bodies));
    for (int bytes : new int[] {0, 10, 100_000, 2_000_000}) {
      post(channel, random(bytes));
      assertThat(bodies.received.poll(30, SECONDS)).isEqualTo(random(bytes));
    }
    channel.close().sync();
    stacks.awaitNothingLeft();
  }

  @Test
  void http_in_tls_passes_through_a_relay_between_two_event_loops() throws Exception {
    InetSocketAddress app = Stacks.at(Stacks.SERVER_6, stacks.listen(this::app));
    Channel relay =
        stacks.listen(
            made -> {
              made.config().setAutoRead(false);
              made.pipeline().addLast(new NearEnd(stacks.client, app));
            });
    Bodies bodies = new Bodies();
    Channel channel = stacks.dial(relay, made -> visitor(made, bodies));
    for (int bytes : new int[] {10, 2_000_000, 100}) {
      post(channel, random(bytes));
      assertThat(bodies.received.poll(30, SECONDS)).isEqualTo(random(bytes));
    }
    channel.close().sync();
    stacks.awaitNothingLeft();
  }

  /// The near end of a relay, whose far end is dialled through another stack.
  private static final class NearEnd extends ChannelInboundHandlerAdapter
      implements FarEnd.Listener {

    private final NetStackDriver through;
    private final InetSocketAddress to;
    private FarEnd far;
    private ChannelHandlerContext near;

    @SuppressWarnings("NullAway.Init") // nothing is relayed before the channel is active
    NearEnd(NetStackDriver through, InetSocketAddress to) {
      this.through = through;
      this.to = to;
    }

    @Override
    public void channelActive(ChannelHandlerContext ctx) {
      near = ctx;
      far = new FarEnd(ctx.channel().eventLoop(), 64 * 1024);
      far.listen(this);
      new Bootstrap()
          .group(through.eventLoop())
          .channelFactory(through.channels())
          .handler(far)
          .connect(to);
      ctx.read();
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object msg) {
      far.write((ByteBuf) msg);
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
      far.flush();
      if (far.isWritable()) {
        ctx.read();
      }
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
      far.close();
    }

    @Override
    public void farRead(ByteBuf bytes) {
      int count = bytes.readableBytes();
      near.write(bytes).addListener(_ -> far.consumed(count));
    }

    @Override
    public void farReadComplete() {
      near.flush();
    }

    @Override
    public void farWritable() {
      near.read();
    }

    @Override
    public void farPeerFinished() {}

    @Override
    public void farInputEnded() {}

    @Override
    public void farClosed(@Nullable Throwable failure) {
      near.close();
    }
  }
}
