package io.penstock.node.proxy;

import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ConnectTimeoutException;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.socksx.v5.DefaultSocks5CommandResponse;
import io.netty.handler.codec.socksx.v5.DefaultSocks5InitialResponse;
import io.netty.handler.codec.socksx.v5.DefaultSocks5PasswordAuthResponse;
import io.netty.handler.codec.socksx.v5.Socks5AddressType;
import io.netty.handler.codec.socksx.v5.Socks5AuthMethod;
import io.netty.handler.codec.socksx.v5.Socks5CommandRequest;
import io.netty.handler.codec.socksx.v5.Socks5CommandRequestDecoder;
import io.netty.handler.codec.socksx.v5.Socks5CommandStatus;
import io.netty.handler.codec.socksx.v5.Socks5CommandType;
import io.netty.handler.codec.socksx.v5.Socks5InitialRequest;
import io.netty.handler.codec.socksx.v5.Socks5Message;
import io.netty.handler.codec.socksx.v5.Socks5PasswordAuthRequest;
import io.netty.handler.codec.socksx.v5.Socks5PasswordAuthRequestDecoder;
import io.netty.handler.codec.socksx.v5.Socks5PasswordAuthStatus;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import org.jspecify.annotations.Nullable;

/// One client that speaks SOCKS5 (RFC 1928) with a password (RFC 1929); of the commands `CONNECT`
/// alone is there.
final class Socks5Front extends SimpleChannelInboundHandler<Socks5Message> {

  private final Passage passage;

  Socks5Front(Passage passage) {
    this.passage = passage;
  }

  @Override
  protected void channelRead0(ChannelHandlerContext ctx, Socks5Message message) {
    if (message.decoderResult().isFailure()) {
      ctx.close();
      return;
    }
    switch (message) {
      case Socks5InitialRequest initial -> methods(ctx, initial);
      case Socks5PasswordAuthRequest password -> password(ctx, password);
      case Socks5CommandRequest command -> command(ctx, command);
      default -> ctx.close();
    }
  }

  private static void methods(ChannelHandlerContext ctx, Socks5InitialRequest initial) {
    if (!initial.authMethods().contains(Socks5AuthMethod.PASSWORD)) {
      end(ctx, new DefaultSocks5InitialResponse(Socks5AuthMethod.UNACCEPTED));
      return;
    }
    ctx.pipeline().addBefore(ctx.name(), "password", new Socks5PasswordAuthRequestDecoder());
    ctx.writeAndFlush(new DefaultSocks5InitialResponse(Socks5AuthMethod.PASSWORD));
  }

  private void password(ChannelHandlerContext ctx, Socks5PasswordAuthRequest given) {
    if (!passage.isAllowed(given.username(), given.password())) {
      end(ctx, new DefaultSocks5PasswordAuthResponse(Socks5PasswordAuthStatus.FAILURE));
      return;
    }
    ctx.pipeline().addBefore(ctx.name(), "command", new Socks5CommandRequestDecoder());
    ctx.writeAndFlush(new DefaultSocks5PasswordAuthResponse(Socks5PasswordAuthStatus.SUCCESS));
  }

  private void command(ChannelHandlerContext ctx, Socks5CommandRequest command) {
    if (!command.type().equals(Socks5CommandType.CONNECT)) {
      end(ctx, answer(Socks5CommandStatus.COMMAND_UNSUPPORTED));
      return;
    }
    ctx.pipeline().remove(ConnectDoor.LIMIT);
    ctx.channel().config().setAutoRead(false);
    passage
        .dial(command.dstAddr(), command.dstPort())
        .whenComplete((channel, failure) -> dialled(ctx, channel, failure));
  }

  private static void dialled(
      ChannelHandlerContext ctx, @Nullable Channel dialled, @Nullable Throwable failure) {
    if (dialled == null) {
      end(ctx, answer(status(failure)));
      return;
    }
    ctx.writeAndFlush(answer(Socks5CommandStatus.SUCCESS));
    Passage.open(ctx, dialled);
  }

  /// RFC 1928, section 6.
  private static Socks5CommandStatus status(@Nullable Throwable failure) {
    return switch (failure) {
      case UnknownHostException _ -> Socks5CommandStatus.HOST_UNREACHABLE;
      case NoRouteToHostException _ -> Socks5CommandStatus.FORBIDDEN;
      case SocketTimeoutException _ -> Socks5CommandStatus.TTL_EXPIRED;
      case ConnectTimeoutException _ -> Socks5CommandStatus.TTL_EXPIRED;
      case ConnectException _ -> Socks5CommandStatus.CONNECTION_REFUSED;
      case null, default -> Socks5CommandStatus.FAILURE;
    };
  }

  private static Socks5Message answer(Socks5CommandStatus status) {
    return new DefaultSocks5CommandResponse(status, Socks5AddressType.IPv4);
  }

  private static void end(ChannelHandlerContext ctx, Socks5Message last) {
    ctx.writeAndFlush(last).addListener(ChannelFutureListener.CLOSE);
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    ctx.close();
  }
}
