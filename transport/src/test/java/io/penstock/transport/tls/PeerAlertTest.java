package io.penstock.transport.tls;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.ApplicationProtocolConfig.Protocol;
import io.netty.handler.ssl.ApplicationProtocolConfig.SelectedListenerFailureBehavior;
import io.netty.handler.ssl.ApplicationProtocolConfig.SelectorFailureBehavior;
import io.netty.handler.ssl.OpenSsl;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslProvider;
import io.netty.handler.ssl.util.InsecureTrustManagerFactory;
import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import io.netty.util.ReferenceCountUtil;
import io.penstock.transport.NativeSupport;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/// What our client's handshake fails with, for each TLS engine and each way to fail.
class PeerAlertTest {

  private final MultiThreadIoEventLoopGroup loops = NativeSupport.newEventLoops(2, "alert-test");

  @AfterEach
  void stop() {
    NativeSupport.endEventLoops(loops, Duration.ofSeconds(5)).syncUninterruptibly();
  }

  @ParameterizedTest
  @CsvSource({"JDK, TLSv1.3", "JDK, TLSv1.2", "OPENSSL, TLSv1.3", "OPENSSL, TLSv1.2"})
  void a_server_that_does_not_know_our_protocol_refuses_the_offer(
      SslProvider provider, String version) throws Exception {
    SslContext server = server().applicationProtocolConfig(fatalWithout("something-else")).build();
    Throwable failure = handshake(tls(server), client(provider, version, "ours"), 10_000);
    assertThat(PeerAlert.refusesOffer(failure)).as(failure.toString()).isTrue();
  }

  @ParameterizedTest
  @EnumSource(
      value = SslProvider.class,
      names = {"JDK", "OPENSSL"})
  void a_server_that_has_no_cipher_in_common_refuses_the_offer(SslProvider provider)
      throws Exception {
    SslContext server =
        server()
            .protocols("TLSv1.2")
            .ciphers(List.of("TLS_DHE_RSA_WITH_AES_128_GCM_SHA256"))
            .build();
    Throwable failure = handshake(tls(server), client(provider, "TLSv1.2", "ours"), 10_000);
    assertThat(PeerAlert.refusesOffer(failure)).as(failure.toString()).isTrue();
  }

  @ParameterizedTest
  @EnumSource(
      value = SslProvider.class,
      names = {"JDK", "OPENSSL"})
  void silence_an_end_and_garbage_are_no_refusal(SslProvider provider) throws Exception {
    SslContext client = client(provider, "TLSv1.3", "ours");
    for (Channel server : List.of(silent(), closing(), garbage())) {
      Throwable failure = handshake(server, client, 300);
      assertThat(PeerAlert.refusesOffer(failure)).as(failure.toString()).isFalse();
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = SslProvider.class,
      names = {"JDK", "OPENSSL"})
  void our_own_distrust_is_no_refusal(SslProvider provider) throws Exception {
    assumeThat(provider == SslProvider.JDK || OpenSsl.isAvailable()).isTrue();
    SslContext client = SslContextBuilder.forClient().sslProvider(provider).build();
    Throwable failure = handshake(tls(server().build()), client, 10_000);
    assertThat(PeerAlert.refusesOffer(failure)).as(failure.toString()).isFalse();
  }

  // ---- fixture ----

  private static ApplicationProtocolConfig fatalWithout(String protocol) {
    return new ApplicationProtocolConfig(
        Protocol.ALPN,
        SelectorFailureBehavior.FATAL_ALERT,
        SelectedListenerFailureBehavior.ACCEPT,
        protocol);
  }

  private static SslContextBuilder server() throws Exception {
    X509Bundle identity =
        new CertificateBuilder()
            .subject("CN=localhost")
            .setIsCertificateAuthority(true)
            .buildSelfSigned();
    return SslContextBuilder.forServer(identity.toKeyManagerFactory()).sslProvider(SslProvider.JDK);
  }

  private static SslContext client(SslProvider provider, String version, String protocol)
      throws Exception {
    assumeThat(provider == SslProvider.JDK || OpenSsl.isAvailable()).isTrue();
    return SslContextBuilder.forClient()
        .sslProvider(provider)
        .protocols(version)
        .trustManager(InsecureTrustManagerFactory.INSTANCE)
        .applicationProtocolConfig(TlsVersions.alpn(List.of(protocol)))
        .build();
  }

  private Throwable handshake(Channel server, SslContext tls, long limitMillis) {
    // A handshake that fails takes the handler out of the pipeline.
    var handlers = new CompletableFuture<SslHandler>();
    Channel client =
        new Bootstrap()
            .group(loops)
            .channel(NativeSupport.socketChannel())
            .handler(
                new ChannelInitializer<Channel>() {
                  @Override
                  protected void initChannel(Channel channel) {
                    SslHandler handler = tls.newHandler(channel.alloc(), "localhost", 1);
                    handler.setHandshakeTimeoutMillis(limitMillis);
                    channel.pipeline().addLast(handler, new Quiet());
                    handlers.complete(handler);
                  }
                })
            .connect(server.localAddress())
            .syncUninterruptibly()
            .channel();
    var done = handlers.join().handshakeFuture().awaitUninterruptibly();
    client.close().syncUninterruptibly();
    server.close().syncUninterruptibly();
    return done.cause();
  }

  private Channel tls(SslContext tls) {
    return listen(
        new ChannelInitializer<>() {
          @Override
          protected void initChannel(Channel channel) {
            channel.pipeline().addLast(tls.newHandler(channel.alloc()), new Quiet());
          }
        });
  }

  private Channel silent() {
    return listen(
        new ChannelInitializer<>() {
          @Override
          protected void initChannel(Channel channel) {
            channel.pipeline().addLast(new Quiet());
          }
        });
  }

  private Channel closing() {
    return listen(
        new ChannelInitializer<>() {
          @Override
          protected void initChannel(Channel channel) {
            channel
                .pipeline()
                .addLast(
                    new Quiet() {
                      @Override
                      public void channelRead(ChannelHandlerContext ctx, Object message) {
                        ReferenceCountUtil.release(message);
                        ctx.close();
                      }
                    });
          }
        });
  }

  private Channel garbage() {
    return listen(
        new ChannelInitializer<>() {
          @Override
          protected void initChannel(Channel channel) {
            channel.pipeline().addLast(new Quiet());
            channel.writeAndFlush(Unpooled.copiedBuffer("HTTP/1.1 400 No\r\n\r\n", US_ASCII));
          }
        });
  }

  private Channel listen(ChannelInitializer<Channel> children) {
    return new ServerBootstrap()
        .group(loops)
        .channel(NativeSupport.serverSocketChannel())
        .childHandler(children)
        .bind("127.0.0.1", 0)
        .syncUninterruptibly()
        .channel();
  }

  /// Drops what comes, failures too.
  private static class Quiet extends ChannelInboundHandlerAdapter {

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
      ReferenceCountUtil.release(message);
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      ctx.close();
    }
  }
}
