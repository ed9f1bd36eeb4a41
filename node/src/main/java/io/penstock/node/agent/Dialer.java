package io.penstock.node.agent;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.ConnectTimeoutException;
import io.netty.channel.EventLoop;
import io.netty.handler.ssl.SslHandler;
import io.penstock.api.HostPort;
import io.penstock.api.tunnel.TunnelNames;
import io.penstock.transport.NativeSupport;
import io.penstock.transport.kcp.KcpChannel;
import io.penstock.transport.kcp.KcpException;
import io.penstock.transport.tls.ClientTls;
import io.penstock.transport.tls.PeerAlert;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.security.cert.CertPathBuilderException;
import java.security.cert.CertificateException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/// Makes one connection to the gateway, as far as the end of the TLS handshake.
///
/// It offers our own application protocol first, and once more none, for a gateway that says by a
/// TLS alert that it takes nothing we offered. Whatever else fails is no such answer: a gateway of
/// our own kind would take us for an original agent. KCP that does not connect gives way to TCP.
/// One dialer serves one attempt; everything but the DNS runs on the event loop.
final class Dialer {

  /// What became of the attempt; told on the event loop.
  sealed interface Dialled {

    /// A connection, its TLS done.
    ///
    /// @param own whether the gateway selected our own protocol
    /// @param note what the user should know about it
    record Connected(Channel channel, boolean own, String transport, Optional<String> note)
        implements Dialled {}

    /// None.
    ///
    /// @param cause why
    /// @param distrust whether somebody answered who is not the gateway that is trusted
    record Failed(String cause, boolean distrust) implements Dialled {
      Failed(String cause) {
        this(cause, false);
      }
    }
  }

  private final AgentConfig config;
  private final EventLoop loop;
  private final ExecutorService blocking;

  Dialer(AgentConfig config, EventLoop loop, ExecutorService blocking) {
    this.config = config;
    this.loop = loop;
    this.blocking = blocking;
  }

  void dial(Consumer<Dialled> result) {
    switch (config.transport()) {
      case GatewayTransport.Tcp() -> dialTcp(Optional.empty(), result);
      case GatewayTransport.Kcp(Optional<InetSocketAddress> address) -> {
        if (address.isPresent()) {
          dialKcp(address.get(), result);
        } else {
          new Discovery(config, loop, blocking)
              .kcpAddress(
                  found ->
                      found.ifPresentOrElse(
                          at -> dialKcp(at, result),
                          () ->
                              dialTcp(
                                  Optional.of("the gateway offers no KCP; using TCP"), result)));
        }
      }
    }
  }

  private void dialTcp(Optional<String> note, Consumer<Dialled> result) {
    resolve(
        config.gateway(),
        result,
        address -> secure(Attempt.first(address, "tcp", note, config.connectLimit()), result));
  }

  private void dialKcp(InetSocketAddress at, Consumer<Dialled> result) {
    Consumer<Dialled> orTcp =
        dialled -> {
          switch (dialled) {
            case Dialled.Connected connected -> result.accept(connected);
            case Dialled.Failed(String cause, boolean _) ->
                dialTcp(
                    Optional.of("KCP did not connect (" + cause + "); using TCP"),
                    instead -> result.accept(alsoWithoutKcp(instead, cause)));
          }
        };
    resolve(
        at,
        orTcp,
        address ->
            secure(Attempt.first(address, "kcp", Optional.empty(), config.kcpLimit()), orTcp));
  }

  private static Dialled alsoWithoutKcp(Dialled overTcp, String kcpCause) {
    return switch (overTcp) {
      case Dialled.Connected connected -> connected;
      case Dialled.Failed(String cause, boolean distrust) ->
          new Dialled.Failed(cause + "; KCP before it: " + kcpCause, distrust);
    };
  }

  /// One try to connect.
  ///
  /// @param endNanos when it has to be through, its TLS handshake and a second try included
  /// @param protocol the application protocol to offer; empty for none
  private record Attempt(
      InetSocketAddress address,
      String transport,
      Optional<String> note,
      Duration limit,
      long endNanos,
      String protocol) {

    static Attempt first(
        InetSocketAddress address, String transport, Optional<String> note, Duration limit) {
      long endNanos = System.nanoTime() + limit.toNanos();
      return new Attempt(address, transport, note, limit, endNanos, TunnelNames.ALPN_AGENT);
    }

    Attempt withoutProtocol() {
      return new Attempt(address, transport, note, limit, endNanos, "");
    }

    /// What is left of the time, at least a millisecond, because none at all means no limit.
    Duration left() {
      long millis = TimeUnit.NANOSECONDS.toMillis(endNanos - System.nanoTime());
      return Duration.ofMillis(Math.max(1, millis));
    }
  }

  /// Asks the DNS on a virtual thread and goes on with the address on the event loop.
  private void resolve(
      InetSocketAddress named, Consumer<Dialled> result, Consumer<InetSocketAddress> next) {
    if (!named.isUnresolved()) {
      next.accept(named);
      return;
    }
    try {
      blocking.execute(
          () -> {
            try {
              InetAddress ip = InetAddress.getByName(named.getHostString());
              loop.execute(() -> next.accept(new InetSocketAddress(ip, named.getPort())));
            } catch (UnknownHostException _) {
              loop.execute(
                  () ->
                      result.accept(
                          new Dialled.Failed("there is no host " + named.getHostString())));
            }
          });
    } catch (RejectedExecutionException _) {
      result.accept(new Dialled.Failed("the agent is closing"));
    }
  }

  private void secure(Attempt attempt, Consumer<Dialled> result) {
    if (loop.isShuttingDown()) {
      result.accept(new Dialled.Failed("the agent is closing"));
      return;
    }
    Bootstrap bootstrap =
        new Bootstrap()
            .group(loop)
            .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, (int) attempt.left().toMillis());
    if (attempt.transport().equals("kcp")) {
      bootstrap.channelFactory(KcpChannel.factory(config.kcp()));
    } else {
      bootstrap.channel(NativeSupport.socketChannel()).option(ChannelOption.TCP_NODELAY, true);
    }
    switch (config.security()) {
      case GatewaySecurity.Plaintext() -> plain(bootstrap, attempt, result);
      case GatewaySecurity.Tls(var trust) -> {
        try {
          List<String> protocols =
              attempt.protocol().isEmpty() ? List.of() : List.of(attempt.protocol());
          handshake(bootstrap, ClientTls.of(trust, protocols), attempt, result);
        } catch (SSLException e) {
          result.accept(new Dialled.Failed(String.valueOf(e.getMessage())));
        }
      }
    }
  }

  private void plain(Bootstrap bootstrap, Attempt attempt, Consumer<Dialled> result) {
    connect(
        bootstrap.handler(
            new ChannelInitializer<Channel>() {
              @Override
              protected void initChannel(Channel channel) {
                channel.config().setAutoRead(false);
              }
            }),
        attempt,
        result,
        channel ->
            result.accept(
                new Dialled.Connected(channel, false, attempt.transport(), attempt.note())));
  }

  private void handshake(
      Bootstrap bootstrap, ClientTls tls, Attempt attempt, Consumer<Dialled> result) {
    LinkFailure failure = new LinkFailure();
    connect(
        bootstrap.handler(
            new ChannelInitializer<Channel>() {
              @Override
              protected void initChannel(Channel channel) {
                channel
                    .pipeline()
                    .addLast(
                        tls.handler(
                            channel.alloc(),
                            config.gateway().getHostString(),
                            attempt.address().getPort(),
                            attempt.left()),
                        failure);
              }
            }),
        attempt,
        result,
        channel -> {
          SslHandler handler = channel.pipeline().get(SslHandler.class);
          // Connecting took some of it; the handshake starts when the channel becomes active.
          handler.setHandshakeTimeoutMillis(attempt.left().toMillis());
          handler
              .handshakeFuture()
              .addListener(
                  done -> {
                    if (done.isSuccess()) {
                      channel.pipeline().remove(failure);
                      boolean own = TunnelNames.ALPN_AGENT.equals(handler.applicationProtocol());
                      result.accept(
                          new Dialled.Connected(channel, own, attempt.transport(), attempt.note()));
                    } else {
                      channel.close();
                      handshakeFailed(attempt, failure.or(done.cause()), result);
                    }
                  });
        });
  }

  private void handshakeFailed(Attempt attempt, Throwable cause, Consumer<Dialled> result) {
    if (!attempt.protocol().isEmpty() && PeerAlert.refusesOffer(cause)) {
      secure(attempt.withoutProtocol(), result);
    } else if (cause instanceof KcpException) {
      result.accept(cannotConnect(attempt, cause));
    } else {
      result.accept(noTls(attempt, cause));
    }
  }

  private static Dialled noTls(Attempt attempt, Throwable cause) {
    for (Throwable each = cause; each != null; each = each.getCause()) {
      if (each instanceof CertificateException distrust) {
        return distrusted(distrust);
      }
    }
    String text = cause.getMessage();
    return new Dialled.Failed(
        "no TLS with %s: %s".formatted(at(attempt), text == null ? cause.toString() : text));
  }

  private static Dialled distrusted(CertificateException distrust) {
    String why = String.valueOf(distrust.getMessage());
    for (Throwable each = distrust; each != null; each = each.getCause()) {
      if (each instanceof CertPathBuilderException) {
        why = "no authority that is trusted here has issued it";
      }
    }
    return new Dialled.Failed(
        "the gateway's certificate is not trusted: "
            + why
            + "; give the gateway's fingerprint, as it prints it, with --fingerprint, or its CA"
            + " with --ca",
        true);
  }

  private void connect(
      Bootstrap bootstrap, Attempt attempt, Consumer<Dialled> result, Consumer<Channel> next) {
    ChannelFuture connecting = bootstrap.connect(attempt.address());
    connecting.addListener(
        done -> {
          if (done.isSuccess()) {
            next.accept(connecting.channel());
          } else {
            result.accept(cannotConnect(attempt, done.cause()));
          }
        });
  }

  private static Dialled cannotConnect(Attempt attempt, Throwable cause) {
    String why = cause.getMessage();
    return new Dialled.Failed(
        switch (cause) {
          case ConnectTimeoutException _ ->
              "no answer from %s within %d ms".formatted(at(attempt), attempt.limit().toMillis());
          case ConnectException _ -> "Connection refused: nothing listens at " + at(attempt);
          default -> "cannot connect to %s: %s".formatted(at(attempt), why == null ? cause : why);
        });
  }

  private static HostPort at(Attempt attempt) {
    return new HostPort(attempt.address().getHostString(), attempt.address().getPort());
  }

  /// The end of a pipeline that does not carry a session yet: keeps what broke the connection below
  /// TLS, which itself only sees that it was closed.
  private static final class LinkFailure extends ChannelInboundHandlerAdapter {

    private @Nullable KcpException first;

    Throwable or(Throwable ofTls) {
      return first == null ? ofTls : first;
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      if (first == null && cause instanceof KcpException kcp) {
        first = kcp;
      }
      ctx.close();
    }
  }
}
