package io.penstock.transport.relay;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.DefaultEventLoop;
import io.netty.channel.EventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.channel.local.LocalAddress;
import io.netty.channel.local.LocalChannel;
import io.netty.channel.local.LocalIoHandler;
import io.netty.channel.local.LocalServerChannel;
import io.penstock.transport.NativeSupport;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class FarEndTest {

  private static final int WINDOW_BYTES = 64 * 1024;

  @Test
  void whatArrivesForALoopThatHasEndedIsReleased() {
    EventLoop near = new DefaultEventLoop();
    end(near);
    EmbeddedChannel far = new EmbeddedChannel(new FarEnd(near, WINDOW_BYTES));
    ByteBuf first = Unpooled.directBuffer(8).writeZero(8);
    ByteBuf second = Unpooled.directBuffer(8).writeZero(8);

    far.writeInbound(first);
    far.writeInbound(second);

    assertThat(first.refCnt()).isZero();
    assertThat(second.refCnt()).isZero();
    far.finishAndReleaseAll();
  }

  @Test
  void whatIsWrittenToALoopThatHasEndedIsReleased() {
    EventLoop near = new DefaultEventLoop();
    EventLoop farLoop = new MultiThreadIoEventLoopGroup(1, LocalIoHandler.newFactory()).next();
    FarEnd far = new FarEnd(near, WINDOW_BYTES);
    Channel listener = connect(farLoop, far);
    end(farLoop);
    ByteBuf bytes = Unpooled.directBuffer(8).writeZero(8);

    far.write(bytes);
    far.flush();

    assertThat(bytes.refCnt()).isZero();
    assertThat(listener.eventLoop().isTerminated()).isTrue();
    end(near);
  }

  private static Channel connect(EventLoop loop, FarEnd far) {
    Channel listener =
        new ServerBootstrap()
            .group(loop)
            .channel(LocalServerChannel.class)
            .childHandler(new ChannelInboundHandlerAdapter())
            .bind(new LocalAddress(FarEndTest.class))
            .syncUninterruptibly()
            .channel();
    new Bootstrap()
        .group(loop)
        .channel(LocalChannel.class)
        .handler(far)
        .connect(listener.localAddress())
        .syncUninterruptibly();
    return listener;
  }

  private static void end(EventLoop loop) {
    NativeSupport.endEventLoops(loop, Duration.ofSeconds(5)).syncUninterruptibly();
  }
}
