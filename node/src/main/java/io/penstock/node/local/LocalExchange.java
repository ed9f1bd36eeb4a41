package io.penstock.node.local;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseDecoder;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.ReferenceCountUtil;
import io.penstock.api.Json;
import io.penstock.api.MalformedJsonException;
import io.penstock.api.Problem;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/// One request to a local API and its answer, on a connection of its own; blocks.
///
/// One thread reads and one may write; any may close, which ends both.
public final class LocalExchange implements AutoCloseable {

  private static final int READ_BYTES = 16 * 1024;

  /// A config of 1 MiB, or the peers of a large network.
  private static final int MAX_ANSWER_BYTES = 16 * 1024 * 1024;

  private static final byte[] NOTHING = {};

  private final LocalTarget target;
  private final SocketChannel socket;
  private final EmbeddedChannel decoder = new EmbeddedChannel(new HttpResponseDecoder());
  private final Deque<byte[]> pieces = new ArrayDeque<>();
  private final ByteBuffer in = ByteBuffer.allocate(READ_BYTES);
  private Optional<HttpResponse> head = Optional.empty();
  private boolean ended;

  private LocalExchange(LocalTarget target, SocketChannel socket) {
    this.target = target;
    this.socket = socket;
  }

  /// Sends a request, and waits for the head of its answer.
  ///
  /// @param limit for that, after which the connection is closed
  /// @throws NotRunningException when nobody listens there
  /// @throws LocalRefusedException when the answer is no success
  static LocalExchange begin(LocalTarget target, String requestHead, byte[] body, Duration limit)
      throws IOException {
    LocalExchange exchange = new LocalExchange(target, connect(target));
    try {
      return exchange.within(
          limit,
          () -> {
            exchange.write(requestHead.getBytes(StandardCharsets.UTF_8));
            exchange.write(body);
            exchange.readHead();
            return exchange;
          });
    } catch (IOException | RuntimeException e) {
      exchange.close();
      throw e;
    }
  }

  /// Sends a request without a body, and waits for the whole answer.
  ///
  /// @param limit for the answer's head, and once more for its body
  /// @throws NotRunningException when nobody listens there
  /// @throws LocalRefusedException when the answer is no success
  public static byte[] request(LocalTarget target, String method, String path, Duration limit)
      throws IOException {
    try (LocalExchange exchange = begin(target, head(method, path), NOTHING, limit)) {
      return exchange.readAll(limit);
    }
  }

  static String head(String method, String path) {
    return "%s %s HTTP/1.1\r\nHost: local\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
        .formatted(method, path);
  }

  private static SocketChannel connect(LocalTarget target) throws IOException {
    Path file = target.socket();
    SocketChannel socket = SocketChannel.open(StandardProtocolFamily.UNIX);
    try {
      socket.connect(UnixDomainSocketAddress.of(file));
      return socket;
    } catch (IOException e) {
      socket.close();
      if (Files.exists(file) && !Files.isWritable(file)) {
        throw new IOException(
            "%s is not this user's, and so is the %s".formatted(file, target.program()), e);
      }
      throw new NotRunningException(target, e);
    }
  }

  /// What blocks and may fail.
  @FunctionalInterface
  interface Step<T> {
    T run() throws IOException;
  }

  /// Does something for the limit at most, then closes the connection under it.
  private <T> T within(Duration limit, Step<T> step) throws IOException {
    CompletableFuture<Void> late =
        CompletableFuture.runAsync(
            this::close,
            CompletableFuture.delayedExecutor(
                limit.toNanos(), TimeUnit.NANOSECONDS, Thread::startVirtualThread));
    try {
      return step.run();
    } catch (IOException e) {
      if (late.isDone()) {
        throw new IOException(
            "the %s did not answer within %d s".formatted(target.program(), limit.toSeconds()), e);
      }
      throw e;
    } finally {
      late.cancel(false);
    }
  }

  // ---- what we say ----

  void write(byte[] bytes) throws IOException {
    write(ByteBuffer.wrap(bytes));
  }

  void write(ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      socket.write(bytes);
    }
  }

  /// Nothing more will be said.
  void shutdownOutput() throws IOException {
    socket.shutdownOutput();
  }

  // ---- what the node says ----

  private void readHead() throws IOException {
    while (head.isEmpty()) {
      readMore();
    }
    HttpResponse response = head.get();
    int status = response.status().code();
    if (status / 100 != 2) {
      throw refusal(status, new String(readAll(), StandardCharsets.UTF_8));
    }
  }

  private static LocalRefusedException refusal(int status, String text) {
    try {
      Problem problem = Json.readAnswer(text.getBytes(StandardCharsets.UTF_8), Problem.class);
      return new LocalRefusedException(status, problem.code(), problem.detail());
    } catch (MalformedJsonException _) {
      return new LocalRefusedException(status, "refused", text.strip());
    }
  }

  /// The value of a header field, or an empty text.
  String header(String name) {
    return head.map(response -> response.headers().get(name, "")).orElse("");
  }

  /// The whole body, for the limit at most.
  byte[] readAll(Duration limit) throws IOException {
    return within(limit, this::readAll);
  }

  private byte[] readAll() throws IOException {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    for (Optional<byte[]> piece = next(); piece.isPresent(); piece = next()) {
      all.write(piece.get());
      if (all.size() > MAX_ANSWER_BYTES) {
        throw new IOException(
            "the %s answers with more than %d bytes".formatted(target.program(), MAX_ANSWER_BYTES));
      }
    }
    return all.toByteArray();
  }

  /// Waits for the next piece of the body; empty at its end.
  ///
  /// @throws IOException when the connection broke, or ended before the body
  Optional<byte[]> next() throws IOException {
    while (pieces.isEmpty() && !ended) {
      readMore();
    }
    return Optional.ofNullable(pieces.poll());
  }

  private void readMore() throws IOException {
    in.clear();
    int read = socket.read(in);
    if (read < 0) {
      // A body without a length ends with the connection.
      decoder.finish();
    } else {
      decoder.writeInbound(Unpooled.copiedBuffer(in.flip()));
    }
    for (Object message = decoder.readInbound(); message != null; message = decoder.readInbound()) {
      take(message);
    }
    if (read < 0 && !ended) {
      throw new IOException("the %s has ended the connection".formatted(target.program()));
    }
  }

  private void take(Object message) throws IOException {
    try {
      if (message instanceof HttpResponse response) {
        if (response.decoderResult().isFailure()) {
          throw new IOException("what answers is no node", response.decoderResult().cause());
        }
        head = Optional.of(response);
      }
      if (message instanceof HttpContent content) {
        if (content.decoderResult().isFailure()) {
          throw new IOException(
              "the answer of the %s was cut short".formatted(target.program()),
              content.decoderResult().cause());
        }
        ByteBuf bytes = content.content();
        if (bytes.isReadable()) {
          byte[] piece = new byte[bytes.readableBytes()];
          bytes.readBytes(piece);
          pieces.add(piece);
        }
        ended |= message instanceof LastHttpContent;
      }
    } finally {
      ReferenceCountUtil.release(message);
    }
  }

  /// Ends the connection. Repeatable.
  @Override
  public void close() {
    try {
      socket.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
