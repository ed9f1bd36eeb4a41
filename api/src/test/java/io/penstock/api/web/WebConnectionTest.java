package io.penstock.api.web;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.penstock.api.Json;
import io.penstock.api.Problem;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class WebConnectionTest {

  private static final WebLimits PATIENT = new WebLimits(2048, 4096, Duration.ofMinutes(5));
  private static final WebLimits IMPATIENT = new WebLimits(2048, 4096, Duration.ofMillis(300));

  private final EventLoopGroup eventLoops =
      new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
  private final ExecutorService blocking = Executors.newVirtualThreadPerTaskExecutor();
  private final CountDownLatch mayAnswer = new CountDownLatch(1);

  private final WebApi api =
      new WebApi(
          WebApi.Words.GATEWAY,
          _ -> {},
          List.of(
              new Endpoint(
                  "POST", "/echo", request -> WebResponse.text(200, "text/plain", request.body())),
              new Endpoint(
                  "GET",
                  "/echo/{name}",
                  request -> WebResponse.text(200, "text/plain", request.parameter("name"))),
              new Endpoint(
                  "GET",
                  "/wait",
                  _ -> {
                    try {
                      mayAnswer.await();
                    } catch (InterruptedException e) {
                      throw new IOException(e);
                    }
                    return WebResponse.text(200, "text/plain", "waited");
                  }),
              new Endpoint(
                  "GET",
                  "/fail",
                  _ -> {
                    throw new IllegalStateException("secret detail");
                  })));

  private Channel listener = listen(PATIENT);

  private Channel listen(WebLimits limits) {
    return new ServerBootstrap()
        .group(eventLoops)
        .channel(NioServerSocketChannel.class)
        .childHandler(
            new ChannelInitializer<SocketChannel>() {
              @Override
              protected void initChannel(SocketChannel channel) {
                WebConnection.install(channel.pipeline(), api, limits, blocking);
              }
            })
        .bind(InetAddress.getLoopbackAddress(), 0)
        .syncUninterruptibly()
        .channel();
  }

  private void becomeImpatient() {
    listener.close().syncUninterruptibly();
    listener = listen(IMPATIENT);
  }

  @AfterEach
  void stop() throws Exception {
    mayAnswer.countDown();
    listener.close().sync();
    blocking.close();
    eventLoops.shutdownGracefully(50, 5_000, TimeUnit.MILLISECONDS).sync();
  }

  private Socket connect() throws IOException {
    Socket socket = new Socket();
    socket.setTcpNoDelay(true);
    socket.setSoTimeout(60_000);
    socket.connect((InetSocketAddress) listener.localAddress());
    return socket;
  }

  private String exchange(String... pieces) throws Exception {
    try (Socket socket = connect()) {
      OutputStream out = socket.getOutputStream();
      for (String piece : pieces) {
        out.write(piece.getBytes(UTF_8));
        out.flush();
      }
      return new String(socket.getInputStream().readAllBytes(), UTF_8);
    }
  }

  private static String post(String body) {
    return "POST /echo HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s"
        .formatted(body.length(), body);
  }

  @Test
  void takesARequestInAnyPieces() throws Exception {
    String request = post("hello, gateway");
    for (int at = 1; at < request.length(); at++) {
      String answer = exchange(request.substring(0, at), request.substring(at));
      assertThat(answer).as("split at %d", at).startsWith("HTTP/1.1 200 OK\r\n");
      assertThat(answer).endsWith("\r\n\r\nhello, gateway");
    }
  }

  @Test
  void answersPipelinedRequestsInOrder() throws Exception {
    String get = "GET /echo/%s HTTP/1.1\r\nHost: x\r\n\r\n";

    String answers = exchange(get.formatted("a") + get.formatted("b") + post("c"));

    assertThat(answers.replaceAll("(?s)HTTP/1.1 200 OK\r\n.*?\r\n\r\n", "|")).isEqualTo("|a|b|c");
  }

  @Test
  void takesTheNextRequestOnTheSameConnection() throws Exception {
    try (Socket socket = connect()) {
      for (int i = 0; i < 3; i++) {
        socket
            .getOutputStream()
            .write("GET /echo/%d HTTP/1.1\r\nHost: x\r\n\r\n".formatted(i).getBytes(UTF_8));
        assertThat(readHead(socket)).startsWith("HTTP/1.1 200 OK");
        assertThat(socket.getInputStream().read()).isEqualTo('0' + i);
      }
    }
  }

  private static String readHead(Socket socket) throws IOException {
    StringBuilder head = new StringBuilder();
    while (head.indexOf("\r\n\r\n") < 0) {
      int next = socket.getInputStream().read();
      if (next < 0) {
        break;
      }
      head.append((char) next);
    }
    return head.toString();
  }

  @Test
  void says100ContinueToWhoAsks() throws Exception {
    String request = post("hello").replace("Host: x", "Host: x\r\nExpect: 100-continue");
    try (Socket socket = connect()) {
      socket.getOutputStream().write(request.substring(0, request.length() - 5).getBytes(UTF_8));
      assertThat(readHead(socket)).isEqualTo("HTTP/1.1 100 Continue\r\n\r\n");
      socket.getOutputStream().write("hello".getBytes(UTF_8));
      assertThat(readHead(socket)).startsWith("HTTP/1.1 200 OK");
    }
  }

  @Test
  void answersHeadWithoutABody() throws Exception {
    String answer = exchange("HEAD /echo/abc HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");

    assertThat(answer).contains("content-length: 3\r\n").endsWith("\r\n\r\n");
  }

  @Test
  void decodesAPathSegmentByItself() throws Exception {
    assertThat(exchange("GET /echo/a%2Fb+c%20d HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"))
        .endsWith("\r\n\r\na/b+c d");
  }

  @Test
  void tellsNothingOfWhatFailedInside() throws Exception {
    assertThat(exchange("GET /fail HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"))
        .startsWith("HTTP/1.1 500 ")
        .contains("\"code\":\"internal\"")
        .doesNotContain("secret detail");
  }

  static Stream<Arguments> wrongRequests() {
    String host = "Host: x\r\n";
    return Stream.of(
        arguments(400, "\0\1\2\3 x\r\n\r\n"),
        arguments(400, "GET /echo/a HTTP/1.1\r\nHost x\r\n\r\n"),
        arguments(400, "GET echo HTTP/1.1\r\n" + host + "Connection: close\r\n\r\n"),
        arguments(400, "GET /echo/%zz HTTP/1.1\r\n" + host + "Connection: close\r\n\r\n"),
        arguments(400, "POST /echo HTTP/1.1\r\n" + host + "Content-Length: x\r\n\r\n"),
        arguments(400, "POST /echo HTTP/1.1\r\n" + host + "Content-Length: -1\r\n\r\n"),
        arguments(
            400, "POST /echo HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\nzz\r\n"),
        arguments(413, "POST /echo HTTP/1.1\r\n" + host + "Content-Length: 4097\r\n\r\n"),
        arguments(
            413,
            "POST /echo HTTP/1.1\r\n"
                + host
                + "Transfer-Encoding: chunked\r\n\r\n1001\r\n"
                + "x".repeat(4097)),
        arguments(414, "GET /" + "x".repeat(3000) + " HTTP/1.1\r\n" + host + "\r\n"),
        arguments(431, "GET /echo/a HTTP/1.1\r\nHost: x\r\nX: " + "x".repeat(3000) + "\r\n\r\n"),
        arguments(404, "GET /nothing HTTP/1.1\r\n" + host + "Connection: close\r\n\r\n"),
        arguments(405, "DELETE /echo HTTP/1.1\r\n" + host + "Connection: close\r\n\r\n"),
        arguments(400, "GET /wait?a=1 HTTP/1.1\r\n" + host + "Connection: close\r\n\r\n"));
  }

  @ParameterizedTest
  @MethodSource("wrongRequests")
  void answersAWrongRequestWithAProblemAndCloses(int status, String request) throws Exception {
    String answer = exchange(request);

    assertThat(answer).startsWith("HTTP/1.1 " + status + " ");
    assertThat(answer).contains("content-type: application/problem+json\r\n");
    Problem problem =
        Json.readRequest(
            answer.substring(answer.indexOf("\r\n\r\n") + 4).getBytes(UTF_8), Problem.class);
    assertThat(problem.status()).isEqualTo(status);
  }

  @Test
  void givesASlowHeadUp() throws Exception {
    becomeImpatient();
    try (Socket socket = connect()) {
      socket.getOutputStream().write("GET / HTTP/1.1\r\nHo".getBytes(UTF_8));
      assertThat(socket.getInputStream().read()).isEqualTo(-1);
    }
  }

  @Test
  void givesASlowBodyUpWithAWord() throws Exception {
    becomeImpatient();
    assertThat(exchange("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhel"))
        .startsWith("HTTP/1.1 408 ")
        .contains("\"code\":\"too_slow\"");
  }

  @Test
  void closesAConnectionThatSaysNothing() throws Exception {
    becomeImpatient();
    assertThat(exchange("")).isEmpty();
  }

  @Test
  void letsAHandlerTakeItsTimeWithoutHoldingUpOthers() throws Exception {
    try (Socket slow = connect()) {
      slow.getOutputStream().write("GET /wait HTTP/1.1\r\nHost: x\r\n\r\n".getBytes(UTF_8));
      assertThat(exchange("GET /echo/a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"))
          .endsWith("\r\n\r\na");
      mayAnswer.countDown();
      assertThat(readHead(slow)).startsWith("HTTP/1.1 200 OK");
    }
  }

  @Test
  void survivesMutatedRequests() throws Exception {
    String request = post("hello") + "GET /echo/a HTTP/1.1\r\nHost: x\r\n\r\n";
    for (long seed = 0; seed < 200; seed++) {
      Random random = new Random(seed);
      byte[] bytes = request.getBytes(UTF_8);
      for (int i = 0; i < 3; i++) {
        bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
      }
      try (Socket socket = connect()) {
        socket.getOutputStream().write(bytes);
        socket.shutdownOutput();
        String answer = new String(socket.getInputStream().readAllBytes(), UTF_8);
        assertThat(answer).as("seed %d", seed).matches("(?s)(HTTP/1.1 [1-5].*)?");
      } catch (SocketException _) {
        // It closed while we still wrote.
      }
    }
    assertThat(exchange(post("still here"))).endsWith("still here");
  }
}
