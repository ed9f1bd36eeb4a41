package io.penstock.node.agent.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.penstock.protocol.smux.SmuxCloseReason;
import io.penstock.protocol.smux.SmuxConfig;
import io.penstock.protocol.smux.SmuxRole;
import io.penstock.testkit.wire.WireServer;
import io.penstock.testkit.wire.WireSocket;
import io.penstock.transport.NativeSupport;
import io.penstock.transport.smux.SmuxConnection;
import io.penstock.transport.smux.SmuxStreamChannel;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// A visitor who pauses for longer than the agent waits at the end of a stream, with the tail of
/// the response still in the agent's smux engine.
class PausedVisitorTest {

  private static final Duration WAIT = Duration.ofMillis(100);

  /// More than the first window of a stream, and less than that and what the agent's stream takes.
  private static final int BODY_BYTES = 262_144 + 50_000;

  private final EventLoopGroup loops = NativeSupport.newEventLoops(2, "paused");
  private final WireServer app = WireServer.start();
  private final CompletableFuture<SmuxConnection> gateway = new CompletableFuture<>();
  private final AtomicInteger agentStreams = new AtomicInteger();
  private final Visitor visitor = new Visitor();
  private Channel listener;

  @BeforeEach
  void connect() throws Exception {
    SmuxConfig config = SmuxConfig.own().toBuilder().linger(WAIT).build();
    listener =
        new ServerBootstrap()
            .group(loops)
            .channel(NativeSupport.serverSocketChannel())
            .childHandler(
                new ChannelInitializer<>() {
                  @Override
                  protected void initChannel(Channel channel) {
                    SmuxConnection smux =
                        new SmuxConnection(config, SmuxRole.SERVER, new Gateway());
                    channel.pipeline().addLast(smux);
                    gateway.complete(smux);
                  }
                })
            .bind("127.0.0.1", 0)
            .sync()
            .channel();
    AppConfig appConfig =
        AppConfig.builder(URI.create("http://127.0.0.1:" + app.port())).finishWait(WAIT).build();
    AppProxy proxy = new AppProxy(appConfig);
    new Bootstrap()
        .group(loops)
        .channel(NativeSupport.socketChannel())
        .handler(
            new ChannelInitializer<>() {
              @Override
              protected void initChannel(Channel channel) {
                channel
                    .pipeline()
                    .addLast(new SmuxConnection(config, SmuxRole.CLIENT, new Agent(proxy)));
              }
            })
        .connect(listener.localAddress())
        .sync();
  }

  @AfterEach
  void stop() {
    listener.close().syncUninterruptibly();
    gateway.join().channel().close().syncUninterruptibly();
    app.close();
    NativeSupport.endEventLoops(loops, Duration.ofSeconds(5)).syncUninterruptibly();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        // Ended by its length.
        "GET / HTTP/1.1\r\nHost: app.test\r\n\r\n",
        // Ended by the end of the stream, as this visitor knows no chunks.
        "GET / HTTP/1.0\r\nHost: app.test\r\n\r\n"
      })
  void gets_the_tail_of_a_response_however_long_the_pause(String request) throws Exception {
    SmuxConnection connection = gateway.get(10, TimeUnit.SECONDS);
    SmuxStreamChannel stream =
        connection
            .channel()
            .eventLoop()
            .submit(() -> connection.openStream(visitor))
            .get(10, TimeUnit.SECONDS);
    stream.config().setAutoRead(false);
    stream.writeAndFlush(Unpooled.copiedBuffer(request, StandardCharsets.US_ASCII));
    try (WireSocket connected = app.accept()) {
      connected.readHead();
      String length = request.contains("1.1") ? "Content-Length: " + BODY_BYTES + "\r\n" : "";
      connected.send("HTTP/1.1 200 OK\r\n" + length + "Connection: close\r\n\r\n");
      connected.send(new byte[BODY_BYTES]);
    }
    await().until(() -> agentStreams.get() == 1);
    await().during(WAIT.multipliedBy(8)).until(() -> agentStreams.get() == 1);

    stream.config().setAutoRead(true);

    await().until(() -> visitor.bodyBytes.get() >= BODY_BYTES);
    await().until(() -> agentStreams.get() == 0);
    assertThat(visitor.bodyBytes).hasValue(BODY_BYTES);
  }

  /// Counts what comes behind the head.
  private static final class Visitor extends ChannelInboundHandlerAdapter {

    private final AtomicInteger bodyBytes = new AtomicInteger();
    private final StringBuilder head = new StringBuilder();

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
      ByteBuf in = (ByteBuf) message;
      while (in.isReadable() && !head.toString().endsWith("\r\n\r\n")) {
        head.append((char) in.readByte());
      }
      bodyBytes.addAndGet(in.readableBytes());
      in.release();
    }
  }

  private static final class Gateway implements SmuxConnection.Listener {

    @Override
    public void streamAccepted(SmuxStreamChannel stream) {
      stream.close();
    }

    @Override
    public void closed(SmuxCloseReason reason) {
      // Nothing else lives on the connection.
    }
  }

  private final class Agent implements SmuxConnection.Listener {

    private final AppProxy proxy;

    Agent(AppProxy proxy) {
      this.proxy = proxy;
    }

    @Override
    public void streamAccepted(SmuxStreamChannel stream) {
      agentStreams.incrementAndGet();
      stream.closeFuture().addListener(_ -> agentStreams.decrementAndGet());
      stream.pipeline().addLast(proxy);
    }

    @Override
    public void closed(SmuxCloseReason reason) {
      // Nothing else lives on the connection.
    }
  }
}
