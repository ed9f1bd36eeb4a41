package io.penstock.transport.quic;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.quic.QuicChannel;
import io.netty.handler.codec.quic.QuicConnectionCloseEvent;
import io.netty.handler.codec.quic.QuicException;
import io.netty.util.AttributeKey;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/// Gathers what Netty tells of a connection's end, which it does in three places: the peer's close
/// frame is an event, an error found here is an exception, a timeout is a property.
final class EndWatch extends ChannelInboundHandlerAdapter {

  private static final AttributeKey<EndWatch> KEY = AttributeKey.valueOf(EndWatch.class, "watch");

  private final CompletableFuture<QuicEnd> end = new CompletableFuture<>();
  private @Nullable QuicEnd seen;

  private EndWatch() {}

  /// Starts to watch, or returns the one that watches already.
  static EndWatch on(QuicChannel connection) {
    EndWatch fresh = new EndWatch();
    EndWatch existing = connection.attr(KEY).setIfAbsent(fresh);
    if (existing != null) {
      return existing;
    }
    connection.pipeline().addFirst(fresh);
    connection.closeFuture().addListener(_ -> fresh.closed(connection));
    return fresh;
  }

  CompletionStage<QuicEnd> end() {
    return end.minimalCompletionStage();
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
    if (event instanceof QuicConnectionCloseEvent close) {
      long code = Integer.toUnsignedLong(close.error());
      String reason = new String(close.reason(), StandardCharsets.UTF_8);
      seen =
          close.isApplicationClose()
              ? new QuicEnd.ByPeer(code, reason)
              : new QuicEnd.ErrorAtPeer(code, reason);
    }
    ctx.fireUserEventTriggered(event);
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    if (cause instanceof QuicException || cause instanceof SSLException) {
      if (seen == null) {
        seen = new QuicEnd.ErrorHere(String.valueOf(cause.getMessage()));
      }
    }
    ctx.fireExceptionCaught(cause);
  }

  private void closed(QuicChannel connection) {
    if (seen != null) {
      end.complete(seen);
    } else if (connection.isTimedOut()) {
      end.complete(new QuicEnd.IdleTimeout());
    } else {
      end.complete(new QuicEnd.ByUs());
    }
  }
}
