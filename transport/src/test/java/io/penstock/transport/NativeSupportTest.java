package io.penstock.transport;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

class NativeSupportTest {

  @Test
  @EnabledOnOs(value = OS.LINUX, architectures = "amd64")
  void epoll_openssl_and_quic_are_all_active_on_the_class_path() {
    assertThat(NativeSupport.epoll()).as("epoll").isTrue();
    assertThat(NativeSupport.openSsl()).as("OpenSSL").isTrue();
    assertThat(NativeSupport.quic()).as("QUIC").isTrue();
  }

  @Test
  void ending_event_loops_in_the_midst_of_a_task_closes_what_is_open_on_them() throws Exception {
    var loops = NativeSupport.newEventLoops(1, "test");
    Channel listener =
        new ServerBootstrap()
            .group(loops)
            .channel(NativeSupport.serverSocketChannel())
            .childHandler(new ChannelInboundHandlerAdapter())
            .bind("127.0.0.1", 0)
            .sync()
            .channel();
    var running = new CountDownLatch(1);
    var asked = new CountDownLatch(1);
    loops.execute(
        () -> {
          running.countDown();
          awaitUninterruptibly(asked);
        });
    running.await();

    var ended = NativeSupport.endEventLoops(loops, Duration.ofSeconds(5));
    asked.countDown();

    assertThat(ended.await(20, TimeUnit.SECONDS)).isTrue();
    assertThat(listener.isOpen()).isFalse();
  }

  private static void awaitUninterruptibly(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }
}
