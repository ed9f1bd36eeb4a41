package io.penstock.transport.quic;

import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.handler.codec.quic.QuicChannel;
import io.netty.handler.codec.quic.QuicConnectionCloseEvent;
import io.netty.handler.codec.quic.QuicException;
import io.netty.util.AttributeKey;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/// Gathers what Netty tells of a connection's end: the peer's close frame is an event, an error
/// found here is an exception, a timeout is a property, our own close passes the pipeline. What
/// ends with none of these was ended by the peer without a reason, as Netty drops the event then.
final class EndWatch extends ChannelDuplexHandler {

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
    connection.pipeline().addFirst(fresh, PromptReads.INSTANCE);
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
      String reason = reasonOf(close);
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

  @Override
  public void close(ChannelHandlerContext ctx, ChannelPromise promise) {
    if (seen == null) {
      seen = new QuicEnd.ByUs();
    }
    ctx.close(promise);
  }

  /// Netty throws where a peer gave no reason, as many do.
  private static String reasonOf(QuicConnectionCloseEvent close) {
    try {
      return new String(close.reason(), StandardCharsets.UTF_8);
    } catch (NullPointerException e) {
      return "";
    }
  }

  private void closed(QuicChannel connection) {
    if (seen != null) {
      end.complete(seen);
    } else if (connection.isTimedOut()) {
      end.complete(new QuicEnd.IdleTimeout());
    } else if (!connection.parent().isOpen()) {
      end.complete(new QuicEnd.ByUs());
    } else {
      end.complete(new QuicEnd.Lost());
    }
  }
}
