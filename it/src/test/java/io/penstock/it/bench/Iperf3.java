package io.penstock.it.bench;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// A server for `iperf3` that takes or sends bytes as fast as it can, one test at a time.
///
/// A test has a control connection, which begins with 37 bytes of cookie, and after its parameters
/// a connection for each stream, which begins with the same. On the control connection the server
/// says where the test is, a byte each, and both sides tell results as JSON behind its length:
///
/// ```
/// client: cookie                 server: PARAM_EXCHANGE
/// client: parameters             server: CREATE_STREAMS
/// client: a cookie per stream    server: TEST_START, TEST_RUNNING
/// bytes flow                     client: TEST_END
/// client: results                server: EXCHANGE_RESULTS, results, DISPLAY_RESULTS
/// client: IPERF_DONE
/// ```
///
/// The client measures; all that is told it is how many bytes came. On one event loop.
final class Iperf3 {

  private static final int COOKIE_BYTES = 37;
  private static final int CHUNK_BYTES = 128 * 1024;
  private static final int MAX_JSON_BYTES = 64 * 1024;

  private static final byte TEST_START = 1;
  private static final byte TEST_RUNNING = 2;
  private static final byte TEST_END = 4;
  private static final byte PARAM_EXCHANGE = 9;
  private static final byte CREATE_STREAMS = 10;
  private static final byte EXCHANGE_RESULTS = 13;
  private static final byte DISPLAY_RESULTS = 14;
  private static final byte IPERF_DONE = 16;

  /// Where a control connection is.
  private enum Stage {
    COOKIE,
    PARAMETERS,
    RUNNING,
    RESULTS,
    DONE
  }

  private final JsonMapper json = new JsonMapper();
  private final ByteBuf chunk = Unpooled.directBuffer(CHUNK_BYTES).writeZero(CHUNK_BYTES);
  private @Nullable Control current;

  /// The handler of the next connection.
  ChannelInboundHandlerAdapter handler() {
    return current == null ? new Control() : new Stream(current);
  }

  /// The control connection of a test.
  private final class Control extends ChannelInboundHandlerAdapter {

    private final List<Stream> streams = new ArrayList<>();
    private final ByteBuf received = Unpooled.buffer();
    private Stage stage = Stage.COOKIE;
    private int expectedStreams;
    private boolean sends;
    private @Nullable Channel channel;

    @Override
    public void channelActive(ChannelHandlerContext ctx) {
      current = this;
      channel = ctx.channel();
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
      if (stage != Stage.DONE) {
        current = null;
      }
      received.release();
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
      ByteBuf bytes = (ByteBuf) message;
      received.writeBytes(bytes);
      bytes.release();
      while (take(ctx)) {
        received.discardSomeReadBytes();
      }
    }

    /// Takes the next thing that the client says; false when it has not come.
    private boolean take(ChannelHandlerContext ctx) {
      switch (stage) {
        case COOKIE -> {
          if (received.readableBytes() < COOKIE_BYTES) {
            return false;
          }
          received.skipBytes(COOKIE_BYTES);
          say(ctx, PARAM_EXCHANGE);
          stage = Stage.PARAMETERS;
        }
        case PARAMETERS -> {
          JsonNode parameters = takeJson();
          if (parameters == null) {
            return false;
          }
          expectedStreams = Math.max(1, parameters.path("parallel").asInt(1));
          sends = parameters.path("reverse").asBoolean(false);
          stage = Stage.RUNNING;
          say(ctx, CREATE_STREAMS);
        }
        case RUNNING -> {
          if (!received.isReadable()) {
            return false;
          }
          if (received.readByte() == TEST_END) {
            say(ctx, EXCHANGE_RESULTS);
            stage = Stage.RESULTS;
          }
        }
        case RESULTS -> {
          if (takeJson() == null) {
            return false;
          }
          byte[] results = json.writeValueAsBytes(results());
          ctx.write(ctx.alloc().buffer().writeInt(results.length).writeBytes(results));
          say(ctx, DISPLAY_RESULTS);
          stage = Stage.DONE;
          // The next connection is that of the next test, which may come before this one ends.
          current = null;
        }
        case DONE -> {
          if (!received.isReadable()) {
            return false;
          }
          if (received.readByte() == IPERF_DONE) {
            ctx.close();
          }
        }
      }
      return true;
    }

    private @Nullable JsonNode takeJson() {
      if (received.readableBytes() < Integer.BYTES) {
        return null;
      }
      int length = received.getInt(received.readerIndex());
      if (length < 0 || length > MAX_JSON_BYTES) {
        throw new IllegalStateException("a message of " + length + " bytes");
      }
      if (received.readableBytes() < Integer.BYTES + length) {
        return null;
      }
      received.skipBytes(Integer.BYTES);
      return json.readTree(received.readCharSequence(length, StandardCharsets.UTF_8).toString());
    }

    private void say(ChannelHandlerContext ctx, byte state) {
      ctx.writeAndFlush(ctx.alloc().buffer(1).writeByte(state));
    }

    private Map<String, Object> results() {
      List<Map<String, Object>> each = new ArrayList<>();
      for (int i = 0; i < streams.size(); i++) {
        each.add(
            Map.of(
                "id",
                i == 0 ? 1 : i + 2,
                "bytes",
                streams.get(i).bytes,
                "retransmits",
                0,
                "jitter",
                0,
                "errors",
                0,
                "packets",
                0));
      }
      return Map.of(
          "cpu_util_total",
          0,
          "cpu_util_user",
          0,
          "cpu_util_system",
          0,
          "sender_has_retransmits",
          0,
          "streams",
          each);
    }

    private void joined(Stream stream) {
      streams.add(stream);
      Channel control = channel;
      if (streams.size() == expectedStreams && control != null) {
        control.write(control.alloc().buffer(1).writeByte(TEST_START));
        control.writeAndFlush(control.alloc().buffer(1).writeByte(TEST_RUNNING));
        streams.forEach(Stream::begin);
      }
    }
  }

  /// A connection that carries bytes.
  private final class Stream extends ChannelInboundHandlerAdapter {

    private final Control control;
    private int cookieLeft = COOKIE_BYTES;
    private long bytes;
    private @Nullable ChannelHandlerContext context;

    Stream(Control control) {
      this.control = control;
    }

    @Override
    public void channelActive(ChannelHandlerContext ctx) {
      context = ctx;
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
      ByteBuf part = (ByteBuf) message;
      int cookie = Math.min(cookieLeft, part.readableBytes());
      cookieLeft -= cookie;
      bytes += part.readableBytes() - cookie;
      part.release();
      if (cookie > 0 && cookieLeft == 0) {
        control.joined(this);
      }
    }

    private void begin() {
      if (control.sends && context != null) {
        send(context);
      }
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
      send(ctx);
    }

    private void send(ChannelHandlerContext ctx) {
      while (control.sends && control.stage == Stage.RUNNING && ctx.channel().isWritable()) {
        ctx.write(chunk.retainedDuplicate());
        bytes += CHUNK_BYTES;
        ctx.flush();
      }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      // The client ends by a reset when it has what it wanted.
      ctx.close();
    }
  }
}
