package io.penstock.node;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.handler.ssl.OpenSslSessionContext;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslProvider;
import io.netty.handler.ssl.util.InsecureTrustManagerFactory;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;

/// Visits the server's port 443 again and again, each time with the ticket that the visit before
/// has left, under whatever name.
///
/// It is a client of BoringSSL: that of the JDK repeats the name for which its ticket was issued.
final class ResumingVisitor implements AutoCloseable {

  private static final int PORT = 443;
  private static final Duration LIMIT = Duration.ofSeconds(60);

  private final LinkedStacks stacks;
  private final SslContext tls;

  /// When the session of the last visit began, which one with its ticket goes on with.
  private long sessionMillis;

  private boolean resumed;

  ResumingVisitor(LinkedStacks stacks) throws SSLException {
    this.stacks = stacks;
    tls =
        SslContextBuilder.forClient()
            .sslProvider(SslProvider.OPENSSL)
            .trustManager(InsecureTrustManagerFactory.INSTANCE)
            .endpointIdentificationAlgorithm("")
            .build();
    keepTickets(true);
  }

  private void keepTickets(boolean keep) {
    ((OpenSslSessionContext) tls.sessionContext()).setSessionCacheEnabled(keep);
  }

  /// Connects and waits for a word of the server's.
  ///
  /// @param name to ask for in the handshake; none if it is empty
  /// @return false when the connection ended without one
  boolean isGreeted(String name) throws Exception {
    Greeting greeting = new Greeting();
    Channel channel =
        stacks
            .clientStack
            .dialer()
            .handler(
                new ChannelInitializer<Channel>() {
                  @Override
                  protected void initChannel(Channel made) {
                    made.pipeline().addLast(handler(made, name)).addLast(greeting);
                  }
                })
            .connect(new InetSocketAddress(LinkedStacks.SERVER.inet(), PORT))
            .sync()
            .channel();
    try {
      boolean greeted = greeting.came.get(LIMIT.toSeconds(), TimeUnit.SECONDS);
      SslHandler handler = channel.pipeline().get(SslHandler.class);
      if (greeted && handler != null) {
        long began = handler.engine().getSession().getCreationTime();
        resumed = began == sessionMillis;
        sessionMillis = began;
      }
      return greeted;
    } finally {
      channel.close().syncUninterruptibly();
    }
  }

  /// Whether the last visit went on with the session of the one before.
  boolean hasResumed() {
    return resumed;
  }

  /// The peer is the same for all names, so that its ticket is.
  private SslHandler handler(Channel channel, String name) {
    SslHandler handler = tls.newHandler(channel.alloc(), LinkedStacks.SERVER.toString(), PORT);
    handler.setHandshakeTimeoutMillis(LIMIT.toMillis());
    if (!name.isEmpty()) {
      SSLParameters parameters = handler.engine().getSSLParameters();
      parameters.setServerNames(List.of(new SNIHostName(name)));
      handler.engine().setSSLParameters(parameters);
    }
    return handler;
  }

  private static final class Greeting extends ChannelInboundHandlerAdapter {

    final CompletableFuture<Boolean> came = new CompletableFuture<>();

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
      ((ByteBuf) message).release();
      came.complete(true);
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
      came.complete(false);
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      ctx.close();
    }
  }

  @Override
  public void close() {
    keepTickets(false);
  }
}
