package io.penstock.transport.relay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.penstock.testkit.wire.WireServer;
import io.penstock.testkit.wire.WireSocket;
import io.penstock.testkit.wire.WireSocket.End;
import io.penstock.transport.NativeSupport;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Two TCP connections with a relay between them, on one event loop or on two.
class ByteRelayTest {

  enum Loops {
    ONE,
    TWO
  }

  private final EventLoopGroup nearLoop = NativeSupport.newEventLoops(1, "near");
  private final EventLoopGroup farLoop = NativeSupport.newEventLoops(1, "far");
  private final WireServer server = WireServer.start();

  @AfterEach
  void stop() {
    server.close();
    farLoop.shutdownGracefully(0, 2, TimeUnit.SECONDS).syncUninterruptibly();
    nearLoop.shutdownGracefully(0, 2, TimeUnit.SECONDS).syncUninterruptibly();
  }

  private WireSocket connect(Loops loops) {
    return connect(loops, Duration.ofMinutes(1));
  }

  private WireSocket connect(Loops loops, Duration idle) {
    EventLoopGroup group = loops == Loops.ONE ? nearLoop : farLoop;
    Channel listener =
        new ServerBootstrap()
            .group(nearLoop)
            .channel(NativeSupport.serverSocketChannel())
            .childHandler(
                new ChannelInitializer<Channel>() {
                  @Override
                  protected void initChannel(Channel near) {
                    FarEnd far = new FarEnd(near.eventLoop(), 64 * 1024);
                    near.pipeline().addLast(new ByteRelay(far, idle));
                    new Bootstrap()
                        .group(group)
                        .channel(NativeSupport.socketChannel())
                        .option(ChannelOption.ALLOW_HALF_CLOSURE, true)
                        .option(ChannelOption.AUTO_READ, false)
                        .handler(far)
                        .connect(InetAddress.getLoopbackAddress(), server.port());
                  }
                })
            .bind(InetAddress.getLoopbackAddress(), 0)
            .syncUninterruptibly()
            .channel();
    return WireSocket.connect(((InetSocketAddress) listener.localAddress()).getPort());
  }

  @ParameterizedTest
  @EnumSource(Loops.class)
  void bytesPassBothWays(Loops loops) {
    try (var near = connect(loops)) {
      near.send("hello");
      try (var far = server.accept()) {
        assertThat(far.readText(5)).isEqualTo("hello");
        far.send("there");
        assertThat(near.readText(5)).isEqualTo("there");
      }
    }
  }

  @ParameterizedTest
  @EnumSource(Loops.class)
  void theEndOfOneDirectionIsPassedOnAlone(Loops loops) {
    try (var near = connect(loops)) {
      near.send("hello").halfClose();
      try (var far = server.accept()) {
        assertThat(far.readToEnd()).isEqualTo("hello");
        far.send("still here");
        assertThat(near.readText(10)).isEqualTo("still here");
        far.send("bye").halfClose();
        assertThat(near.readToEnd()).isEqualTo("bye");
      }
    }
  }

  @ParameterizedTest
  @EnumSource(Loops.class)
  void theOtherDirectionCanEndFirst(Loops loops) {
    try (var near = connect(loops);
        var far = server.accept()) {
      far.send("hello").halfClose();
      assertThat(near.readToEnd()).isEqualTo("hello");
      near.send("still here");
      assertThat(far.readText(10)).isEqualTo("still here");
      near.send("bye").halfClose();
      assertThat(far.readToEnd()).isEqualTo("bye");
    }
  }

  @ParameterizedTest
  @EnumSource(Loops.class)
  void aFailureOfOneSideIsAFailureOfTheOther(Loops loops) {
    try (var near = connect(loops);
        var far = server.accept()) {
      near.send("a");
      far.readText(1);
      far.reset();
      assertThat(near.awaitEnd()).isEqualTo(End.RESET);
    }
    try (var near = connect(loops);
        var far = server.accept()) {
      near.send("a");
      far.readText(1);
      near.reset();
      assertThat(far.awaitEnd()).isEqualTo(End.RESET);
    }
  }

  @ParameterizedTest
  @EnumSource(Loops.class)
  void manyBytesArriveWholeBothWaysAtOnce(Loops loops) {
    byte[] up = new byte[8 << 20];
    byte[] down = new byte[8 << 20];
    new Random(1).nextBytes(up);
    new Random(2).nextBytes(down);
    try (var near = connect(loops);
        var far = server.accept()) {
      Thread.startVirtualThread(() -> near.send(up).halfClose());
      Thread.startVirtualThread(() -> far.send(down).halfClose());
      Thread reader =
          Thread.startVirtualThread(() -> assertThat(far.readBytes(up.length)).isEqualTo(up));
      assertThat(near.readBytes(down.length)).isEqualTo(down);
      await().until(() -> !reader.isAlive());
    }
  }

  @ParameterizedTest
  @EnumSource(Loops.class)
  void aReaderThatPausesStopsItsSender(Loops loops) {
    try (var near = connect(loops);
        var far = server.accept()) {
      AtomicLong sent = new AtomicLong();
      Thread sender = Thread.startVirtualThread(() -> pour(near, sent));
      await().pollInterval(Duration.ofMillis(200)).until(sent::get, new Unchanged()::holds);
      long stalledAt = sent.get();
      assertThat(stalledAt).isLessThan(64 << 20);
      far.readBytes((int) stalledAt);
      await().until(() -> sent.get() > stalledAt);
      far.reset();
      await().until(() -> !sender.isAlive());
    }
  }

  private static final class Unchanged {
    private long last;

    boolean holds(long now) {
      boolean same = now > 0 && now == last;
      last = now;
      return same;
    }
  }

  private static void pour(WireSocket socket, AtomicLong sent) {
    byte[] piece = new byte[64 * 1024];
    try {
      while (true) {
        socket.send(piece);
        sent.addAndGet(piece.length);
      }
    } catch (UncheckedIOException e) {
      // The other side is gone, which ends the test.
    }
  }

  @Test
  void aRelayOnWhichNothingMovesIsCut() {
    try (var near = connect(Loops.TWO, Duration.ofMillis(200));
        var far = server.accept()) {
      near.send("a");
      far.readText(1);
      assertThat(near.awaitEnd()).isEqualTo(End.RESET);
      assertThat(far.awaitEnd()).isEqualTo(End.RESET);
    }
  }

  @Test
  void aNearSideThatLeavesBeforeTheFarOneIsThereLeavesNothingBehind() {
    try (var near = connect(Loops.TWO)) {
      near.send("hello");
      near.reset();
    }
    try (var far = server.accept()) {
      assertThat(far.awaitEnd()).isNotNull();
    }
  }
}
