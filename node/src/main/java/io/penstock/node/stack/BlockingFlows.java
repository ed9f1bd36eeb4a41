package io.penstock.node.stack;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.penstock.node.fallback.FlowHandler;
import io.penstock.transport.netstack.NetstackChannel;
import io.penstock.transport.netstack.NetstackDatagramChannel;
import io.penstock.transport.netstack.socket.StackSockets;
import java.io.Closeable;
import java.io.IOException;
import java.net.DatagramSocket;
import java.net.Socket;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Hands accepted flows to code that blocks: makes a socket of the channel once it is established,
/// and runs the user's handler with it on a thread of its own.
///
/// The handlers that it makes live on the event loop; nothing is read there.
final class BlockingFlows {

  private static final Logger LOG = LoggerFactory.getLogger(BlockingFlows.class);

  private final StackSockets sockets;
  private final Executor executor;

  BlockingFlows(StackSockets sockets, Executor executor) {
    this.sockets = sockets;
    this.executor = executor;
  }

  /// The first handler of a connection.
  ChannelHandler tcp(FlowHandler<Socket> handler) {
    return starting(channel -> handle(sockets.newSocket((NetstackChannel) channel), handler));
  }

  /// The first handler of a UDP conversation.
  ChannelHandler udp(FlowHandler<DatagramSocket> handler) {
    return starting(
        channel -> handle(sockets.newDatagramSocket((NetstackDatagramChannel) channel), handler));
  }

  private interface Start {
    void run(Channel established) throws IOException;
  }

  private ChannelHandler starting(Start start) {
    return new ChannelInitializer<>() {
      @Override
      protected void initChannel(Channel channel) {
        channel.config().setAutoRead(false);
        channel.pipeline().addLast(new OnceActive(start));
      }
    };
  }

  private static <S extends Closeable> void handle(S flow, FlowHandler<S> handler) {
    try (flow) {
      handler.handle(flow);
    } catch (IOException e) {
      LOG.debug("an accepted flow ended cause=\"{}\"", e.getMessage());
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    } catch (Exception e) {
      LOG.warn("the handler of an accepted flow failed", e);
    }
  }

  private final class OnceActive extends ChannelInboundHandlerAdapter {

    private final Start start;

    OnceActive(Start start) {
      this.start = start;
    }

    @Override
    public void channelActive(ChannelHandlerContext ctx) {
      Channel channel = ctx.channel();
      ctx.pipeline().remove(this);
      try {
        executor.execute(() -> begin(channel));
      } catch (RejectedExecutionException _) {
        channel.close();
      }
    }

    private void begin(Channel channel) {
      try {
        start.run(channel);
      } catch (IOException | RuntimeException e) {
        LOG.debug("an accepted flow was gone at once cause=\"{}\"", e.getMessage());
        channel.close();
      }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      ctx.close();
    }
  }
}
