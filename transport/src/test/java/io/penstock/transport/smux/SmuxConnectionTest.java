package io.penstock.transport.smux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.penstock.protocol.smux.SmuxCloseReason.SessionEnd;
import io.penstock.protocol.smux.SmuxCloseReason.StreamEnd;
import io.penstock.protocol.smux.SmuxConfig;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SmuxConnectionTest {

  private static final class Echo extends ChannelInboundHandlerAdapter {
    @Override
    public void channelRead(ChannelHandlerContext ctx, Object msg) {
      var _ = ctx.write(msg);
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
      ctx.flush();
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
      ctx.channel().config().setAutoRead(ctx.channel().isWritable());
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
      if (event instanceof ChannelInputShutdownEvent) {
        var _ = ((SmuxStreamChannel) ctx.channel()).shutdownOutput();
      }
    }
  }

  private static SmuxConfig config(int version) {
    return version == 1 ? SmuxConfig.original() : SmuxConfig.own();
  }

  private static ByteBuf text(String text) {
    return Unpooled.copiedBuffer(text, StandardCharsets.US_ASCII);
  }

  private static void halfClosing(SmuxStreamChannel stream) {
    stream.config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2})
  void many_streams_echo_megabytes_each_and_end_both_ways(int version) throws Exception {
    try (LoopbackPair pair =
        new LoopbackPair(
            config(version),
            stream -> {
              halfClosing(stream);
              stream.pipeline().addLast(new Echo());
            })) {
      List<Sink> sinks = new ArrayList<>();
      List<byte[]> sent = new ArrayList<>();
      List<SmuxStreamChannel> streams = new ArrayList<>();
      for (int i = 0; i < 8; i++) {
        byte[] data = new byte[2_000_000 + i];
        new Random(i).nextBytes(data);
        Sink sink = new Sink();
        SmuxStreamChannel stream = pair.open(sink);
        halfClosing(stream);
        var _ = stream.writeAndFlush(Unpooled.wrappedBuffer(data));
        var _ = stream.shutdownOutput();
        sinks.add(sink);
        sent.add(data);
        streams.add(stream);
      }
      for (int i = 0; i < streams.size(); i++) {
        assertThat(streams.get(i).closeFuture().await(20, TimeUnit.SECONDS)).isTrue();
        assertThat(sinks.get(i).bytes()).isEqualTo(sent.get(i));
        assertThat(sinks.get(i).failures).isEmpty();
      }
      await().until(() -> LoopbackPair.onLoop(pair.server, pair.server::streams) == 0);
      assertThat(LoopbackPair.onLoop(pair.client, pair.client::streams)).isZero();
    }
  }

  @Test
  void a_stream_goes_on_writing_after_the_peer_has_finished() throws Exception {
    List<SmuxStreamChannel> accepted = new CopyOnWriteArrayList<>();
    Sink serverSink = new Sink();
    try (LoopbackPair pair =
        new LoopbackPair(
            SmuxConfig.own(),
            stream -> {
              halfClosing(stream);
              stream.pipeline().addLast(serverSink);
              accepted.add(stream);
            })) {
      Sink sink = new Sink();
      SmuxStreamChannel stream = pair.open(sink);
      var _ = stream.writeAndFlush(text("question"));
      stream.shutdownOutput().sync();
      await().until(() -> serverSink.happened.contains("input-shutdown"));
      assertThat(serverSink.bytes()).asString().isEqualTo("question");
      assertThat(serverSink.happened).containsExactly("active", "finished", "input-shutdown");
      accepted.getFirst().writeAndFlush(text("answer")).sync();
      accepted.getFirst().close().sync();
      stream.closeFuture().sync();
      assertThat(sink.bytes()).asString().isEqualTo("answer");
      await()
          .untilAsserted(
              () -> assertThat(sink.happened).containsExactly("active", "finished", "inactive"));
    }
  }

  @Test
  void when_the_connection_breaks_every_stream_fails_with_the_reason() throws Exception {
    Sink serverSink = new Sink();
    try (LoopbackPair pair =
        new LoopbackPair(SmuxConfig.own(), stream -> stream.pipeline().addLast(serverSink))) {
      Sink sink = new Sink();
      SmuxStreamChannel stream = pair.open(sink);
      var _ = stream.writeAndFlush(text("x")).sync();
      await().until(() -> serverSink.size() == 1);
      pair.client.channel().close().sync();
      assertThat(pair.serverClosed.get(5, TimeUnit.SECONDS)).isEqualTo(SessionEnd.PEER_CLOSED);
      await()
          .untilAsserted(
              () ->
                  assertThat(serverSink.happened)
                      .containsExactly("active", "SmuxException", "inactive"));
      assertThat(serverSink.failures.getFirst())
          .isInstanceOfSatisfying(
              SmuxException.class, e -> assertThat(e.reason()).isEqualTo(SessionEnd.PEER_CLOSED));
      await()
          .untilAsserted(
              () ->
                  assertThat(sink.happened).containsExactly("active", "SmuxException", "inactive"));
      assertThat(pair.client.canOpenStreams()).isFalse();
    }
  }

  @Test
  void a_shutdown_delivers_what_was_written_and_closes_both_ends() throws Exception {
    Sink serverSink = new Sink();
    try (LoopbackPair pair =
        new LoopbackPair(SmuxConfig.own(), stream -> stream.pipeline().addLast(serverSink))) {
      SmuxStreamChannel stream = pair.open(new Sink());
      byte[] data = new byte[100_000];
      LoopbackPair.onLoop(
          pair.client,
          () -> {
            var _ = stream.writeAndFlush(Unpooled.wrappedBuffer(data));
            pair.client.shutdown();
            return true;
          });
      assertThat(pair.clientClosed.get(5, TimeUnit.SECONDS)).isEqualTo(SessionEnd.SHUT_DOWN);
      // The server answers FIN with FIN, which may find the connection closed.
      assertThat(pair.serverClosed.get(5, TimeUnit.SECONDS).code())
          .isIn("peer_closed", "connection_failed");
      assertThat(serverSink.size()).isEqualTo(data.length);
      await()
          .untilAsserted(
              () ->
                  assertThat(serverSink.happened)
                      .containsExactly("active", "finished", "inactive"));
    }
  }

  @Test
  void a_reader_that_pauses_stops_its_writer_and_nobody_else_in_version_2() throws Exception {
    List<SmuxStreamChannel> accepted = new CopyOnWriteArrayList<>();
    try (LoopbackPair pair =
        new LoopbackPair(
            SmuxConfig.own(),
            stream -> {
              if (accepted.isEmpty()) {
                stream.config().setAutoRead(false);
                stream.pipeline().addLast(new Sink());
              } else {
                stream.pipeline().addLast(new Echo());
              }
              accepted.add(stream);
            })) {
      SmuxStreamChannel paused = pair.open(new Sink());
      byte[] large = new byte[10_000_000];
      var written = paused.writeAndFlush(Unpooled.wrappedBuffer(large));
      await().until(() -> !accepted.isEmpty());
      Sink sink = new Sink();
      SmuxStreamChannel lively = pair.open(sink);
      var _ = lively.writeAndFlush(Unpooled.wrappedBuffer(new byte[5_000_000]));
      await().until(() -> sink.size() == 5_000_000);
      assertThat(written.isDone()).isFalse();
      assertThat(paused.isWritable()).isFalse();
      accepted.getFirst().config().setAutoRead(true);
      assertThat(written.await(10, TimeUnit.SECONDS)).isTrue();
      Sink resumed = accepted.getFirst().pipeline().get(Sink.class);
      await().until(() -> resumed.size() == large.length);
    }
  }

  @Test
  void a_paused_reader_in_version_1_is_cut_off_and_the_others_go_on() throws Exception {
    SmuxConfig config =
        SmuxConfig.builder()
            .maxReceiveBufferBytes(300_000)
            .stallLimit(Duration.ofMillis(200))
            .build();
    List<SmuxStreamChannel> accepted = new CopyOnWriteArrayList<>();
    Sink pausedSink = new Sink();
    try (LoopbackPair pair =
        new LoopbackPair(
            config,
            stream -> {
              if (accepted.isEmpty()) {
                stream.config().setAutoRead(false);
                stream.pipeline().addLast(pausedSink);
              } else {
                stream.pipeline().addLast(new Echo());
              }
              accepted.add(stream);
            })) {
      SmuxStreamChannel paused = pair.open(new Sink());
      var _ = paused.writeAndFlush(Unpooled.wrappedBuffer(new byte[10_000_000]));
      await().until(() -> !accepted.isEmpty());
      Sink sink = new Sink();
      SmuxStreamChannel lively = pair.open(sink);
      var _ = lively.writeAndFlush(Unpooled.wrappedBuffer(new byte[1_000_000]));
      await().until(() -> sink.size() == 1_000_000);
      assertThat(pausedSink.failures)
          .singleElement()
          .isInstanceOfSatisfying(
              SmuxException.class, e -> assertThat(e.reason()).isEqualTo(StreamEnd.STALLED));
      await().until(() -> !paused.isActive());
      assertThat(pair.serverClosed).isNotDone();
    }
  }
}
