package io.penstock.transport.relay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.penstock.testkit.leak.LeakCheck;
import io.penstock.transport.NativeSupport;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.Random;
import java.util.zip.CRC32;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/// A relay between a visitor and a backend, both plain sockets of the JDK.
@ExtendWith(LeakCheck.class)
@SuppressWarnings("try") // Ends are closed early where that is what is tested.
class ByteRelayTest {

  private static final int LONG = 8 * 1024 * 1024;
  private static final int ANSWER = 1024 * 1024;
  private static final int LIMIT_MILLIS = 60_000;

  private EventLoopGroup loops;
  private ServerSocket backend;
  private Channel front;

  @BeforeEach
  void start() throws Exception {
    loops = NativeSupport.newEventLoops(1, "relay");
    backend = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
    front =
        new ServerBootstrap()
            .group(loops)
            .channel(NativeSupport.serverSocketChannel())
            .childOption(ChannelOption.AUTO_READ, false)
            .childHandler(
                new ChannelInitializer<>() {
                  @Override
                  protected void initChannel(Channel visitor) {
                    dial(visitor)
                        .addListener(
                            (ChannelFuture dialled) -> ByteRelay.join(visitor, dialled.channel()));
                  }
                })
            .bind(InetAddress.getLoopbackAddress(), 0)
            .sync()
            .channel();
  }

  @AfterEach
  void close() throws Exception {
    backend.close();
    NativeSupport.endEventLoops(loops, Duration.ofSeconds(5)).syncUninterruptibly();
  }

  private ChannelFuture dial(Channel visitor) {
    return new Bootstrap()
        .group(visitor.eventLoop())
        .channel(NativeSupport.socketChannel())
        .option(ChannelOption.AUTO_READ, false)
        .handler(new ChannelInboundHandlerAdapter())
        .connect(backend.getLocalSocketAddress());
  }

  private Socket visit() throws IOException {
    InetSocketAddress at = (InetSocketAddress) front.localAddress();
    Socket visitor = new Socket(at.getAddress(), at.getPort());
    visitor.setSoTimeout(LIMIT_MILLIS);
    return visitor;
  }

  @Test
  void an_answer_arrives_whole_after_the_end_of_a_long_request() throws Exception {
    byte[] request = new byte[LONG];
    byte[] answer = new byte[ANSWER];
    new Random(1).nextBytes(request);
    new Random(2).nextBytes(answer);
    try (Socket visitor = visit();
        Socket served = backend.accept()) {
      Thread sending =
          Thread.ofVirtual()
              .start(
                  () -> {
                    try {
                      OutputStream out = visitor.getOutputStream();
                      out.write(request);
                      visitor.shutdownOutput();
                    } catch (IOException e) {
                      throw new AssertionError(e);
                    }
                  });
      byte[] got = served.getInputStream().readAllBytes();
      served.getOutputStream().write(answer);
      served.close();

      assertThat(crc(got)).isEqualTo(crc(request));
      assertThat(crc(visitor.getInputStream().readAllBytes())).isEqualTo(crc(answer));
      sending.join();
    }
  }

  @Test
  void a_broken_backend_is_no_orderly_end_to_the_visitor() throws Exception {
    try (Socket visitor = visit();
        Socket served = backend.accept()) {
      served.getOutputStream().write(1);
      assertThat(visitor.getInputStream().read()).isEqualTo(1);

      served.setSoLinger(true, 0);
      served.close();

      assertThatThrownBy(() -> visitor.getInputStream().read()).isInstanceOf(IOException.class);
    }
  }

  @Test
  void a_visitor_that_reads_nothing_stops_the_backend() throws Exception {
    try (Socket visitor = visit();
        Socket served = backend.accept()) {
      served.setSoTimeout(LIMIT_MILLIS);
      Thread sending =
          Thread.ofVirtual()
              .start(
                  () -> {
                    try {
                      served.getOutputStream().write(new byte[64 * 1024 * 1024]);
                    } catch (IOException _) {
                      // The visitor goes without having read.
                    }
                  });
      assertThat(sending.join(Duration.ofMillis(500))).as("64 MiB found room").isFalse();
      visitor.close();
      assertThat(sending.join(Duration.ofSeconds(60))).isTrue();
    }
  }

  private static long crc(byte[] bytes) {
    CRC32 crc = new CRC32();
    crc.update(bytes);
    return crc.getValue();
  }
}
