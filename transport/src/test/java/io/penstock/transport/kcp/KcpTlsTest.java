package io.penstock.transport.kcp;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import io.netty.handler.ssl.SslProvider;
import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import io.penstock.protocol.kcp.KcpConfig;
import io.penstock.transport.NativeSupport;
import java.io.ByteArrayOutputStream;
import java.time.Duration;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// TLS on top of KCP on real UDP, as an agent's connection has it.
class KcpTlsTest {

  private static final int BYTES = 2_000_000;

  private final MultiThreadIoEventLoopGroup loops = NativeSupport.newEventLoops(2, "kcp-tls-test");

  @AfterEach
  void stop() {
    NativeSupport.endEventLoops(loops, Duration.ofSeconds(5)).syncUninterruptibly();
  }

  @ParameterizedTest
  @CsvSource({"JDK, TLSv1.3", "JDK, TLSv1.2", "OPENSSL, TLSv1.3"})
  void an_echo_through_tls_returns_every_byte(SslProvider provider, String version)
      throws Exception {
    X509Bundle identity =
        new CertificateBuilder()
            .subject("CN=localhost")
            .setIsCertificateAuthority(true)
            .buildSelfSigned();
    SslContext serverTls =
        SslContextBuilder.forServer(identity.toKeyManagerFactory())
            .sslProvider(provider)
            .protocols(version)
            .build();
    SslContext clientTls =
        SslContextBuilder.forClient()
            .sslProvider(provider)
            .protocols(version)
            .trustManager(identity.getCertificate())
            .endpointIdentificationAlgorithm("")
            .build();
    byte[] sent = new byte[BYTES];
    new Random(1).nextBytes(sent);
    Collector collector = new Collector();

    Channel server = listen(serverTls);
    Channel client = connect(server, clientTls, collector);
    var _ = client.writeAndFlush(Unpooled.wrappedBuffer(sent));

    assertThat(collector.whole).succeedsWithin(30, SECONDS).isEqualTo(sent);
    client.close().syncUninterruptibly();
    assertThat(unprovenPeersOf(server)).isZero();
    server.close().syncUninterruptibly();
  }

  private static int unprovenPeersOf(Channel server) throws Exception {
    KcpServerChannel kcp = (KcpServerChannel) server;
    return kcp.eventLoop().submit(kcp::unprovenPeers).get();
  }

  private Channel listen(SslContext tls) {
    return new ServerBootstrap()
        .group(loops.next())
        .channelFactory(KcpServerChannel.factory(KcpConfig.defaults(), KcpServerLimits.defaults()))
        .childHandler(
            new ChannelInitializer<KcpChannel>() {
              @Override
              protected void initChannel(KcpChannel child) {
                child.pipeline().addLast(tls.newHandler(child.alloc()), new ProvenEcho(child));
              }
            })
        .bind("127.0.0.1", 0)
        .syncUninterruptibly()
        .channel();
  }

  private Channel connect(Channel server, SslContext tls, Collector collector) {
    return new Bootstrap()
        .group(loops)
        .channelFactory(KcpChannel.factory(KcpConfig.defaults()))
        .handler(
            new ChannelInitializer<KcpChannel>() {
              @Override
              protected void initChannel(KcpChannel channel) {
                SslHandler handler = tls.newHandler(channel.alloc());
                channel.pipeline().addLast(handler, collector);
              }
            })
        .connect(server.localAddress())
        .syncUninterruptibly()
        .channel();
  }

  private static final class ProvenEcho extends ChannelInboundHandlerAdapter {
    private final KcpChannel channel;

    ProvenEcho(KcpChannel channel) {
      this.channel = channel;
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
      if (event instanceof SslHandshakeCompletionEvent done && done.isSuccess()) {
        channel.markAdmitted();
      }
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object msg) {
      var _ = ctx.writeAndFlush(msg);
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      assertThat(cause).isInstanceOf(KcpException.class);
    }
  }

  private static final class Collector extends ChannelInboundHandlerAdapter {
    private final CompletableFuture<byte[]> whole = new CompletableFuture<>();
    private final ByteArrayOutputStream received = new ByteArrayOutputStream();

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object msg) throws Exception {
      ByteBuf bytes = (ByteBuf) msg;
      bytes.readBytes(received, bytes.readableBytes());
      bytes.release();
      if (received.size() == BYTES) {
        whole.complete(received.toByteArray());
      }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      whole.completeExceptionally(cause);
    }
  }
}
