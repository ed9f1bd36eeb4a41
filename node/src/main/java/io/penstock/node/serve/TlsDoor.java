package io.penstock.node.serve;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.ssl.SniCompletionEvent;
import io.netty.handler.ssl.SniHandler;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import io.netty.util.AsyncMapping;
import io.netty.util.concurrent.Promise;
import io.penstock.transport.relay.HeldInput;
import java.time.Duration;
import java.util.Objects;
import java.util.function.Predicate;
import javax.net.ssl.SSLHandshakeException;
import org.jspecify.annotations.Nullable;

/// TLS in front of a served connection: takes names that are served here and no others, and says
/// when the handshake is done.
///
/// Runs on the event loop of the connection.
final class TlsDoor extends ChannelInboundHandlerAdapter {

  /// Enough for a hello with post-quantum key shares.
  private static final int MAX_HELLO_BYTES = 16 * 1024;

  /// Goes on with a connection whose handshake is done.
  @FunctionalInterface
  interface Next {

    /// @param name in the handshake
    /// @param protocol that ALPN selected, or null
    void begin(Channel channel, String name, @Nullable String protocol);
  }

  private final Next next;
  private @Nullable String name;

  private TlsDoor(Next next) {
    this.next = next;
  }

  /// Puts TLS on an accepted channel and begins to read.
  ///
  /// @param served says whether a name is served; without one the handshake fails
  static void open(
      Channel channel,
      TlsContexts contexts,
      TlsContexts.Inside inside,
      Predicate<String> served,
      Duration limit,
      Next next) {
    AsyncMapping<String, SslContext> mapping =
        (@Nullable String name, Promise<SslContext> promise) ->
            name != null && served.test(name)
                ? contexts.find(name, inside, promise)
                : promise.setFailure(new SSLHandshakeException("this name is not served here"));
    channel
        .pipeline()
        .addLast(new SniHandler(mapping, MAX_HELLO_BYTES, limit.toMillis()))
        .addLast(new TlsDoor(next));
    channel.read();
  }

  @Override
  public void channelActive(ChannelHandlerContext ctx) {
    ctx.read();
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
    switch (event) {
      case SniCompletionEvent sni -> name = sni.hostname();
      case SslHandshakeCompletionEvent done when done.isSuccess() -> {
        ctx.pipeline().addLast(new HeldInput());
        ctx.pipeline().remove(this);
        next.begin(
            ctx.channel(),
            Objects.requireNonNull(name),
            ctx.pipeline().get(SslHandler.class).applicationProtocol());
      }
      case SslHandshakeCompletionEvent _ -> ctx.close();
      default -> {}
    }
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    ctx.close();
  }
}
