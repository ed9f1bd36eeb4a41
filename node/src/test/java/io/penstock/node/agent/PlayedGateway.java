package io.penstock.node.agent;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.ApplicationProtocolConfig.Protocol;
import io.netty.handler.ssl.ApplicationProtocolConfig.SelectedListenerFailureBehavior;
import io.netty.handler.ssl.ApplicationProtocolConfig.SelectorFailureBehavior;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import io.penstock.protocol.smux.SmuxCloseReason;
import io.penstock.protocol.smux.SmuxConfig;
import io.penstock.protocol.smux.SmuxRole;
import io.penstock.transport.NativeSupport;
import io.penstock.transport.smux.SmuxConnection;
import io.penstock.transport.smux.SmuxStreamChannel;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.jspecify.annotations.Nullable;

/// A gateway's end that does no more than a test asks for: TLS or none, and an smux session whose
/// control stream it opens.
final class PlayedGateway implements AutoCloseable {

  /// What the gateway's TLS knows of application protocols.
  enum Tls {
    NONE,
    OUR_PROTOCOL,
    ANOTHER_PROTOCOL_OR_NO_TALK
  }

  final Queue<Channel> accepted = new ConcurrentLinkedQueue<>();
  private final EventLoopGroup loop = NativeSupport.newEventLoops(1, "played-gateway");
  private final @Nullable SslContext tls;
  private final String answer;
  private final Channel listener;

  private PlayedGateway(@Nullable SslContext tls, String answer) {
    this.tls = tls;
    this.answer = answer;
    this.listener =
        new ServerBootstrap()
            .group(loop)
            .channel(NativeSupport.serverSocketChannel())
            .childHandler(new Setup())
            .bind("127.0.0.1", 0)
            .syncUninterruptibly()
            .channel();
  }

  /// @param answer what it writes on the control stream at once; empty for nothing
  static PlayedGateway start(Tls tls, String answer) throws Exception {
    return switch (tls) {
      case NONE -> new PlayedGateway(null, answer);
      case OUR_PROTOCOL -> new PlayedGateway(tls("penstock-tun/1"), answer);
      case ANOTHER_PROTOCOL_OR_NO_TALK -> new PlayedGateway(tls("another"), answer);
    };
  }

  private static SslContext tls(String protocol) throws Exception {
    X509Bundle identity =
        new CertificateBuilder()
            .subject("CN=localhost")
            .setIsCertificateAuthority(true)
            .buildSelfSigned();
    return SslContextBuilder.forServer(identity.toKeyManagerFactory())
        .sslProvider(SslProvider.JDK)
        .applicationProtocolConfig(
            new ApplicationProtocolConfig(
                Protocol.ALPN,
                SelectorFailureBehavior.FATAL_ALERT,
                SelectedListenerFailureBehavior.ACCEPT,
                protocol))
        .build();
  }

  int port() {
    return ((InetSocketAddress) listener.localAddress()).getPort();
  }

  @Override
  public void close() {
    listener.close().syncUninterruptibly();
    accepted.forEach(channel -> channel.close().syncUninterruptibly());
    NativeSupport.endEventLoops(loop, Duration.ofSeconds(5)).syncUninterruptibly();
  }

  private final class Setup extends ChannelInitializer<Channel> implements SmuxConnection.Listener {

    @Override
    protected void initChannel(Channel channel) {
      if (tls != null) {
        channel.pipeline().addLast(tls.newHandler(channel.alloc()));
      }
      SmuxConfig config = tls == null ? SmuxConfig.original() : SmuxConfig.own();
      SmuxConnection smux = new SmuxConnection(config, SmuxRole.SERVER, this);
      channel.pipeline().addLast(smux);
      SmuxStreamChannel control = smux.openStream(new ChannelInboundHandlerAdapter());
      if (!answer.isEmpty()) {
        control.writeAndFlush(Unpooled.copiedBuffer(answer, StandardCharsets.UTF_8));
      }
      accepted.add(channel);
    }

    @Override
    public void streamAccepted(SmuxStreamChannel stream) {
      stream.close();
    }

    @Override
    public void closed(SmuxCloseReason reason) {
      // The session closes its channel by itself.
    }
  }
}
