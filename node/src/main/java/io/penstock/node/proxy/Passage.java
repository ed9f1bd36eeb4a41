package io.penstock.node.proxy;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelPipeline;
import io.penstock.transport.relay.ByteRelay;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.List;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/// What the two protocols of the proxy have in common: who may pass, and the way through.
final class Passage {

  private final @Nullable ProxyConfig config;
  private final OverlayDialer dialer;

  private Passage(@Nullable ProxyConfig config, OverlayDialer dialer) {
    this.config = config;
    this.dialer = dialer;
  }

  /// For those who know the password.
  static Passage withPassword(ProxyConfig config, OverlayDialer dialer) {
    return new Passage(config, dialer);
  }

  /// For everybody who comes.
  static Passage toAll(OverlayDialer dialer) {
    return new Passage(null, dialer);
  }

  boolean isOpenToAll() {
    return config == null;
  }

  /// Compares in a time that tells nothing.
  boolean isAllowed(String user, String password) {
    if (config == null) {
      return true;
    }
    boolean sameUser = same(user, config.user());
    boolean samePassword = same(password, config.password());
    return sameUser && samePassword;
  }

  private static boolean same(String given, String right) {
    return MessageDigest.isEqual(
        given.getBytes(StandardCharsets.UTF_8), right.getBytes(StandardCharsets.UTF_8));
  }

  CompletionStage<Channel> dial(String host, int port) {
    return dialer.dial(host, port, new ChannelInboundHandlerAdapter());
  }

  /// Joins a client to what was dialled for it, once its last answer has been written: everything
  /// of the proxy leaves its pipeline.
  static void open(ChannelHandlerContext client, Channel dialled) {
    Channel channel = client.channel();
    if (!channel.isActive()) {
      dialled.close();
      return;
    }
    ChannelPipeline pipeline = channel.pipeline();
    List<String> ours = List.copyOf(pipeline.toMap().keySet()).reversed();
    ByteRelay.join(channel, dialled);
    // The last one first, so that bytes which a decoder still has find the relay next.
    ours.forEach(pipeline::remove);
  }
}
