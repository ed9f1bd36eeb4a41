package io.penstock.it.netstack;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.HttpServerExpectContinueHandler;
import io.netty.util.ResourceLeakDetector;
import io.penstock.it.tun.NetworkNamespace;
import io.penstock.it.tun.NetworkThread;
import io.penstock.transport.NativeSupport;
import io.penstock.transport.tun.TunConfig;
import io.penstock.transport.tun.TunOffload;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// `curl` moves a gibibyte each way between the kernel and a server on our stack.
class KernelCurlTest {

  private static final long BYTES = 1L << 30;
  private static final int PIECE_BYTES = 1 << 20;

  private static String expected = "";
  private static ResourceLeakDetector.Level level = ResourceLeakDetector.getLevel();

  private final MultiThreadIoEventLoopGroup loops = NativeSupport.newEventLoops(1, "stack");
  private @Nullable KernelStack stack;

  /// Watching every buffer would take most of the time; other tests do that.
  @BeforeAll
  static void beginAll() {
    level = ResourceLeakDetector.getLevel();
    ResourceLeakDetector.setLevel(ResourceLeakDetector.Level.SIMPLE);
    MessageDigest digest = BulkBytes.digest();
    BulkBytes bytes = new BulkBytes(BYTES);
    ByteBuf piece = Unpooled.directBuffer(PIECE_BYTES);
    while (bytes.left() > 0) {
      bytes.take(piece.clear(), PIECE_BYTES);
      digest.update(piece.nioBuffer());
    }
    piece.release();
    expected = BulkBytes.hex(digest);
  }

  @AfterAll
  static void endAll() {
    ResourceLeakDetector.setLevel(level);
  }

  @AfterEach
  void end() throws Exception {
    if (stack != null) {
      stack.close();
    }
    NativeSupport.endEventLoops(loops, Duration.ofSeconds(5)).sync();
  }

  private KernelStack serve(TunOffload offload) throws Exception {
    NetworkNamespace.requireProgram("curl");
    TunConfig config = TunConfig.builder().offload(offload).build();
    KernelStack started = KernelStack.start(loops.next(), config);
    stack = started;
    started.serve(
        80,
        () ->
            List.of(new HttpServerCodec(), new HttpServerExpectContinueHandler(), new BulkHttp()));
    return started;
  }

  private static String url(boolean ipv4) {
    String address = KernelStack.stackAddress(ipv4);
    return "http://" + (ipv4 ? address : "[" + address + "]") + "/";
  }

  @ParameterizedTest
  @CsvSource({"true, TCP", "false, TCP", "true, NONE"})
  void a_gibibyte_comes_down_exact(boolean ipv4, TunOffload offload) throws Exception {
    KernelStack started = serve(offload);
    String command = "curl -sS -m 110 " + url(ipv4) + BYTES + " | sha256sum";

    NetworkThread.Result result = started.kernel().execute(List.of("sh", "-c", command));

    assertThat(result.output()).isEqualTo(expected + "  -\n");
  }

  @ParameterizedTest
  @CsvSource({"true, TCP", "false, TCP", "true, NONE"})
  void a_gibibyte_goes_up_exact(boolean ipv4, TunOffload offload) throws Exception {
    KernelStack started = serve(offload);
    Process curl =
        started
            .kernel()
            .start(
                new ProcessBuilder("curl", "-sS", "-m", "110", "-T", "-", url(ipv4))
                    .redirectErrorStream(true));
    try {
      try (OutputStream out = curl.getOutputStream()) {
        BulkBytes bytes = new BulkBytes(BYTES);
        ByteBuf piece = Unpooled.buffer(PIECE_BYTES);
        while (bytes.left() > 0) {
          bytes.take(piece.clear(), PIECE_BYTES);
          out.write(piece.array(), 0, piece.readableBytes());
        }
      }
      String said = new String(curl.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

      assertThat(said).isEqualTo(expected);
      assertThat(curl.waitFor()).isZero();
    } finally {
      curl.destroyForcibly();
    }
  }
}
