package io.penstock.api.web;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class WebStreamTest {

  private static final WebLimits PATIENT = new WebLimits(2048, 4096, Duration.ofMinutes(5));
  private static final WebLimits IMPATIENT = new WebLimits(2048, 4096, Duration.ofMillis(300));

  private final EventLoopGroup eventLoops =
      new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
  private final ExecutorService blocking = Executors.newVirtualThreadPerTaskExecutor();
  private final BlockingQueue<String> said = new LinkedBlockingQueue<>();
  private final AtomicLong sent = new AtomicLong();
  private final AtomicInteger streaming = new AtomicInteger();
  private final CompletableFuture<Throwable> broken = new CompletableFuture<>();
  private final CompletableFuture<Boolean> closed = new CompletableFuture<>();

  private final WebApi api =
      new WebApi(
          WebApi.Words.GATEWAY,
          _ -> {},
          List.of(
              new Endpoint("GET", "/say", _ -> new WebStream("text/event-stream", this::say)),
              new Endpoint("GET", "/flood", _ -> new WebStream("text/plain", this::flood)),
              new Endpoint(
                  "GET",
                  "/fail",
                  _ ->
                      new WebStream(
                          "text/plain",
                          sink -> {
                            sink.send("begun");
                            throw new IllegalStateException("secret detail");
                          }))));

  private Channel listener = listen(PATIENT);

  private Channel listen(WebLimits limits) {
    return new ServerBootstrap()
        .group(eventLoops)
        .channel(NioServerSocketChannel.class)
        .childOption(ChannelOption.SO_SNDBUF, 4096)
        .childHandler(
            new ChannelInitializer<SocketChannel>() {
              @Override
              protected void initChannel(SocketChannel channel) {
                WebConnection.install(
                    channel.pipeline(), api, limits, blocking, streaming::incrementAndGet);
              }
            })
        .bind(InetAddress.getLoopbackAddress(), 0)
        .syncUninterruptibly()
        .channel();
  }

  /// Says what the test says, until that is empty.
  private void say(WebSink sink) throws IOException, InterruptedException {
    sink.onClosed(() -> closed.complete(true));
    for (String text = said.take(); !text.isEmpty(); text = said.take()) {
      sink.send(text);
    }
  }

  private void flood(WebSink sink) throws IOException, InterruptedException {
    try {
      String text = "x".repeat(1000);
      while (true) {
        sink.send(text);
        sent.addAndGet(text.length());
      }
    } catch (IOException e) {
      broken.complete(e);
      throw e;
    }
  }

  @AfterEach
  void stop() {
    said.add("");
    listener.close().syncUninterruptibly();
    eventLoops.shutdownGracefully(50, 5_000, TimeUnit.MILLISECONDS).syncUninterruptibly();
    blocking.close();
  }

  private Socket ask(String method, String path) throws IOException {
    Socket socket = new Socket();
    socket.setReceiveBufferSize(4096);
    socket.setSoTimeout(60_000);
    socket.connect((InetSocketAddress) listener.localAddress());
    socket
        .getOutputStream()
        .write("%s %s HTTP/1.1\r\nHost: x\r\n\r\n".formatted(method, path).getBytes(UTF_8));
    return socket;
  }

  private static String until(InputStream in, String end) throws IOException {
    StringBuilder text = new StringBuilder();
    while (text.indexOf(end) < 0) {
      int next = in.read();
      assertThat(next).as("end of the stream after %s", text).isNotNegative();
      text.append((char) next);
    }
    return text.toString();
  }

  @Test
  void sendsEachPieceAtOnceAndEndsWithTheConnection() throws Exception {
    try (Socket socket = ask("GET", "/say")) {
      InputStream in = socket.getInputStream();
      assertThat(until(in, "\r\n\r\n"))
          .startsWith("HTTP/1.1 200 OK\r\n")
          .containsIgnoringCase("content-type: text/event-stream\r\n")
          .containsIgnoringCase("transfer-encoding: chunked\r\n")
          .containsIgnoringCase("connection: close\r\n")
          .containsIgnoringCase("cache-control: no-store\r\n");
      said.add("one");
      assertThat(until(in, "one\r\n")).isEqualTo("3\r\none\r\n");
      said.add("größer");
      assertThat(until(in, "er\r\n")).startsWith("8\r\n");
      said.add("");
      assertThat(new String(in.readAllBytes(), UTF_8)).isEqualTo("0\r\n\r\n");
      assertThat(streaming).hasValue(1);
    }
  }

  @Test
  void sendsTextThatIsLargerThanWhatMayWait() throws Exception {
    try (Socket socket = ask("GET", "/say")) {
      said.add("#".repeat(100_000));
      said.add("");

      String all = new String(socket.getInputStream().readAllBytes(), UTF_8);

      assertThat(all.chars().filter(c -> c == '#').count()).isEqualTo(100_000);
      assertThat(all).endsWith("0\r\n\r\n");
    }
  }

  @Test
  void holdsTheWriterBackWhileTheReaderTakesNothing() throws Exception {
    try (Socket socket = ask("GET", "/flood")) {
      await().until(() -> sent.get() > 0);
      AtomicLong before = new AtomicLong(-1);
      await()
          .pollInterval(Duration.ofMillis(200))
          .until(() -> before.getAndSet(sent.get()) == sent.get());
      assertThat(sent.get()).as("sockets' buffers and 4096 bytes").isLessThan(1_000_000);
      long stuck = sent.get();

      socket.getInputStream().readNBytes(2_000_000);

      await().until(() -> sent.get() > stuck);
    }
  }

  @Test
  void closesOnAReaderThatTakesNothingForTooLong() throws Exception {
    listener.close().syncUninterruptibly();
    listener = listen(IMPATIENT);
    try (Socket socket = ask("GET", "/flood")) {
      assertThat(broken.get(1, TimeUnit.MINUTES)).hasMessageContaining("took nothing within");
      String all = new String(socket.getInputStream().readAllBytes(), UTF_8);
      assertThat(all).as("no last chunk").doesNotEndWith("\r\n0\r\n\r\n");
    } catch (java.net.SocketException e) {
      assertThat(e).hasMessageContaining("reset");
    }
  }

  @Test
  void noticesAReaderThatGoesAwayWhileNothingIsSaid() throws Exception {
    try (Socket socket = ask("GET", "/say")) {
      until(socket.getInputStream(), "\r\n\r\n");
    }
    assertThat(closed.get(1, TimeUnit.MINUTES)).isTrue();
  }

  @Test
  void dropsWhatIsSentToItMeanwhile() throws Exception {
    try (Socket socket = ask("GET", "/say")) {
      until(socket.getInputStream(), "\r\n\r\n");
      for (int i = 0; i < 100; i++) {
        socket.getOutputStream().write("GET /say HTTP/1.1\r\nHost: x\r\n\r\n".getBytes(UTF_8));
      }
      said.add("still here");
      until(socket.getInputStream(), "still here\r\n");
      assertThat(streaming).hasValue(1);
    }
  }

  @Test
  void breaksOffWithoutALastChunkWhenTheWriterFails() throws Exception {
    try (Socket socket = ask("GET", "/fail")) {
      String all = new String(socket.getInputStream().readAllBytes(), UTF_8);

      assertThat(all)
          .startsWith("HTTP/1.1 200")
          .doesNotContain("secret")
          .doesNotEndWith("0\r\n\r\n");
    }
  }

  @Test
  void answersAHeadRequestWithTheHeadAlone() throws Exception {
    try (Socket socket = ask("HEAD", "/say")) {
      String all = new String(socket.getInputStream().readAllBytes(), UTF_8);

      assertThat(all).startsWith("HTTP/1.1 200 OK\r\n").endsWith("\r\n\r\n");
      assertThat(all.indexOf("\r\n\r\n")).isEqualTo(all.length() - 4);
    }
  }
}
