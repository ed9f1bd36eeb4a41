package io.penstock.node;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import io.netty.handler.ssl.OpenSslSessionContext;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslProvider;
import io.netty.handler.ssl.util.SimpleTrustManagerFactory;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ssl.ManagerFactoryParameters;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509ExtendedTrustManager;

/// Visits the server's port 443 again and again, each time with the ticket that the visit before
/// has left, under whatever name.
///
/// It is a client of BoringSSL: that of the JDK repeats the name for which its ticket was issued.
/// It has come back with its ticket, and the server has taken it, if no certificate was shown to
/// it, which is what a ticket is for (RFC 8446 section 2.2).
final class ResumingVisitor implements AutoCloseable {

  /// What became of a visit.
  ///
  /// @param offered whether it brought a ticket
  record Visit(boolean offered, Answer answer) {}

  /// How a server answers.
  enum Answer {
    GREETS_AND_SHOWS_A_CERTIFICATE,
    GREETS_WITHOUT_A_CERTIFICATE,
    REFUSES
  }

  private static final int PORT = 443;
  private static final Duration LIMIT = Duration.ofSeconds(60);

  private final LinkedStacks stacks;
  private final SslContext tls;
  private final AtomicInteger certificates = new AtomicInteger();

  ResumingVisitor(LinkedStacks stacks) throws SSLException {
    this.stacks = stacks;
    tls =
        SslContextBuilder.forClient()
            .sslProvider(SslProvider.OPENSSL)
            .trustManager(new CountingTrust(certificates))
            .endpointIdentificationAlgorithm("")
            .build();
    keepTickets(true);
  }

  private void keepTickets(boolean keep) {
    ((OpenSslSessionContext) tls.sessionContext()).setSessionCacheEnabled(keep);
  }

  /// Connects and waits for a word of the server's, before which the ticket comes, or the end.
  ///
  /// @param name to ask for in the handshake; none if it is empty
  Visit visit(String name) throws Exception {
    int before = certificates.get();
    Hello hello = new Hello();
    Greeting greeting = new Greeting();
    Channel channel =
        stacks
            .clientStack
            .dialer()
            .handler(
                new ChannelInitializer<Channel>() {
                  @Override
                  protected void initChannel(Channel made) {
                    made.pipeline().addLast(hello, handler(made, name), greeting);
                  }
                })
            .connect(new InetSocketAddress(LinkedStacks.SERVER.inet(), PORT))
            .sync()
            .channel();
    try {
      boolean greeted = greeting.came.get(LIMIT.toSeconds(), TimeUnit.SECONDS);
      Answer answer = Answer.REFUSES;
      if (greeted) {
        answer =
            certificates.get() > before
                ? Answer.GREETS_AND_SHOWS_A_CERTIFICATE
                : Answer.GREETS_WITHOUT_A_CERTIFICATE;
      }
      return new Visit(hello.withTicket.get(LIMIT.toSeconds(), TimeUnit.SECONDS), answer);
    } finally {
      channel.close().syncUninterruptibly();
    }
  }

  /// The peer is the same for all names, so that its ticket is.
  private SslHandler handler(Channel channel, String name) {
    SslHandler handler = tls.newHandler(channel.alloc(), LinkedStacks.SERVER.toString(), PORT);
    handler.setHandshakeTimeoutMillis(LIMIT.toMillis());
    SSLParameters parameters = handler.engine().getSSLParameters();
    parameters.setServerNames(name.isEmpty() ? List.of() : List.of(new SNIHostName(name)));
    handler.engine().setSSLParameters(parameters);
    return handler;
  }

  /// Looks into the first message of the client's (RFC 8446 section 4.1.2) on its way out.
  private static final class Hello extends ChannelOutboundHandlerAdapter {

    private static final int RECORD_AND_HANDSHAKE_HEADERS = 5 + 4;
    private static final int VERSION_AND_RANDOM = 2 + 32;

    /// Section 4.2.11.
    private static final int PRE_SHARED_KEY = 41;

    final CompletableFuture<Boolean> withTicket = new CompletableFuture<>();

    @Override
    public void write(ChannelHandlerContext ctx, Object message, ChannelPromise promise) {
      if (!withTicket.isDone() && message instanceof ByteBuf bytes && bytes.isReadable()) {
        withTicket.complete(hasTicket(bytes.duplicate()));
      }
      ctx.write(message, promise);
    }

    private static boolean hasTicket(ByteBuf hello) {
      hello.skipBytes(RECORD_AND_HANDSHAKE_HEADERS + VERSION_AND_RANDOM);
      hello.skipBytes(hello.readUnsignedByte()); // session id
      hello.skipBytes(hello.readUnsignedShort()); // cipher suites
      hello.skipBytes(hello.readUnsignedByte()); // compression methods
      int end = hello.readUnsignedShort() + hello.readerIndex();
      while (hello.readerIndex() < end) {
        if (hello.readUnsignedShort() == PRE_SHARED_KEY) {
          return true;
        }
        hello.skipBytes(hello.readUnsignedShort());
      }
      return false;
    }
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

  /// Trusts all certificates and counts how often it is shown some.
  private static final class CountingTrust extends SimpleTrustManagerFactory {

    private final AtomicInteger certificates;

    CountingTrust(AtomicInteger certificates) {
      this.certificates = certificates;
    }

    @Override
    protected void engineInit(KeyStore keys) {
      // It needs none.
    }

    @Override
    protected void engineInit(ManagerFactoryParameters parameters) {
      // It has none.
    }

    @Override
    protected TrustManager[] engineGetTrustManagers() {
      return new TrustManager[] {
        new X509ExtendedTrustManager() {
          @Override
          public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine) {
            certificates.incrementAndGet();
          }

          @Override
          public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket) {
            certificates.incrementAndGet();
          }

          @Override
          public void checkServerTrusted(X509Certificate[] chain, String type) {
            certificates.incrementAndGet();
          }

          @Override
          public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine) {
            throw new AssertionError("a client is shown no client");
          }

          @Override
          public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket) {
            throw new AssertionError("a client is shown no client");
          }

          @Override
          public void checkClientTrusted(X509Certificate[] chain, String type) {
            throw new AssertionError("a client is shown no client");
          }

          @Override
          public X509Certificate[] getAcceptedIssuers() {
            return new X509Certificate[0];
          }
        }
      };
    }
  }

  @Override
  public void close() {
    keepTickets(false);
  }
}
