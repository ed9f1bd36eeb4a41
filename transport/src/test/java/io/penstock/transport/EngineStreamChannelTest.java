package io.penstock.transport;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.ChannelOutputShutdownException;
import java.io.IOException;
import java.net.SocketAddress;
import java.nio.channels.ClosedChannelException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// What a driver and its user may rely on, over an engine that is a queue each way.
class EngineStreamChannelTest {

  private final EmbeddedChannel parent = new EmbeddedChannel();
  private final List<String> happened = new ArrayList<>();
  private final Stream stream = new Stream(parent);

  @AfterEach
  void endsWithoutLeavingAnything() {
    stream.close();
    parent.runPendingTasks();
    parent.finishAndReleaseAll();
  }

  private void register() {
    stream.pipeline().addLast(new Recorder());
    parent.eventLoop().register(stream);
    parent.runPendingTasks();
  }

  private void run() {
    parent.runPendingTasks();
  }

  private static ByteBuf text(String text) {
    return Unpooled.copiedBuffer(text, StandardCharsets.US_ASCII);
  }

  // ---- reading ----

  @Test
  void bytes_that_come_while_a_read_is_pending_are_delivered_at_once() {
    register();
    stream.arrive("a");
    stream.arrive("b");
    assertThat(happened).containsExactly("active", "a", "complete", "b", "complete");
  }

  @Test
  void bytes_that_came_before_the_channel_was_registered_are_delivered() {
    stream.input.add(text("early"));
    register();
    assertThat(happened).containsExactly("active", "early", "complete");
  }

  @Test
  void without_auto_read_bytes_stay_in_the_engine_until_they_are_asked_for() {
    stream.config().setAutoRead(false);
    register();
    stream.arrive("a");
    stream.arrive("b");
    run();
    assertThat(happened).containsExactly("active");
    stream.read();
    assertThat(happened).containsExactly("active");
    run();
    assertThat(happened).containsExactly("active", "a", "b", "complete");
    stream.arrive("c");
    run();
    assertThat(happened).hasSize(4);
  }

  @Test
  void switching_auto_read_off_withdraws_a_pending_read() {
    register();
    stream.config().setAutoRead(false);
    stream.arrive("a");
    run();
    assertThat(happened).containsExactly("active");
    stream.config().setAutoRead(true);
    run();
    assertThat(happened).containsExactly("active", "a", "complete");
  }

  @Test
  void switching_auto_read_off_while_delivering_keeps_the_next_batch_in_the_engine() {
    stream.pauseAfter = "a";
    register();
    stream.input.add(text("a"));
    stream.input.add(Unpooled.wrappedBuffer(new byte[65_536]));
    stream.input.add(text("b"));
    stream.tell();
    run();
    assertThat(happened).containsExactly("active", "a", "65536 bytes", "complete");
    assertThat(stream.input).hasSize(1);
  }

  @Test
  void one_read_delivers_no_more_than_a_batch() {
    stream.config().setAutoRead(false);
    register();
    for (int i = 0; i < 5; i++) {
      stream.input.add(Unpooled.wrappedBuffer(new byte[30_000]));
    }
    stream.read();
    run();
    assertThat(stream.input).hasSize(2);
    assertThat(happened).endsWith("complete");
  }

  @Test
  void a_pending_read_with_nothing_to_deliver_queues_no_work() {
    register();
    assertThat(parent.hasPendingTasks()).isFalse();
    stream.arrive("a");
    assertThat(parent.hasPendingTasks()).isFalse();
  }

  // ---- the peer's end ----

  @Test
  void the_end_of_input_closes_the_channel_after_the_last_byte() {
    register();
    stream.input.add(text("last"));
    stream.finish();
    run();
    assertThat(happened).containsExactly("active", "finished", "last", "complete", "inactive");
    assertThat(stream.closes).isEqualTo(1);
  }

  @Test
  void the_end_of_input_waits_for_bytes_that_nobody_has_asked_for() {
    stream.config().setAutoRead(false);
    register();
    stream.arrive("last");
    stream.finish();
    run();
    assertThat(happened).containsExactly("active", "finished");
    assertThat(stream.isActive()).isTrue();
    stream.read();
    run();
    assertThat(happened).containsExactly("active", "finished", "last", "complete", "inactive");
  }

  @Test
  void with_half_closure_the_end_of_input_leaves_the_output_open() {
    stream.config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
    register();
    stream.finish();
    run();
    assertThat(happened).containsExactly("active", "finished", "input-shutdown");
    assertThat(stream.isInputShutdown()).isTrue();
    assertThat(stream.isOutputShutdown()).isFalse();
    assertThat(stream.writeAndFlush(text("answer")).isSuccess()).isTrue();
    assertThat(stream.shutdownOutput().isSuccess()).isTrue();
    run();
    assertThat(stream.written()).isEqualTo("answer|FIN");
    assertThat(happened).endsWith("inactive");
    assertThat(stream.isOpen()).isFalse();
  }

  @Test
  void the_end_of_input_is_told_once() {
    stream.config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
    register();
    stream.finish();
    stream.finish();
    run();
    assertThat(happened).containsExactly("active", "finished", "input-shutdown");
  }

  // ---- writing ----

  @Test
  void a_write_is_complete_when_the_engine_has_taken_all_of_it() {
    stream.room = 3;
    register();
    ChannelFuture written = stream.writeAndFlush(text("abcdef"));
    assertThat(written.isDone()).isFalse();
    assertThat(stream.written()).isEqualTo("abc");
    stream.room = 2;
    stream.tell();
    assertThat(written.isDone()).isFalse();
    stream.room = 100;
    stream.tell();
    assertThat(written.isSuccess()).isTrue();
    assertThat(stream.written()).isEqualTo("abc|de|f");
  }

  @Test
  void a_full_engine_makes_the_channel_unwritable_until_it_has_room() {
    stream.room = 0;
    register();
    var _ = stream.writeAndFlush(Unpooled.wrappedBuffer(new byte[100_000]));
    assertThat(stream.isWritable()).isFalse();
    assertThat(happened).endsWith("writable false");
    stream.room = 200_000;
    stream.tell();
    assertThat(stream.isWritable()).isTrue();
    assertThat(happened).endsWith("writable true");
  }

  @Test
  void an_empty_buffer_is_written_without_the_engine() {
    stream.room = 0;
    register();
    assertThat(stream.writeAndFlush(Unpooled.EMPTY_BUFFER).isSuccess()).isTrue();
    assertThat(stream.written()).isEmpty();
  }

  @Test
  void anything_but_bytes_is_refused() {
    register();
    assertThat(stream.writeAndFlush("text").cause())
        .isInstanceOf(UnsupportedOperationException.class);
  }

  @Test
  void the_output_ends_after_what_was_written_even_if_it_was_not_flushed() {
    register();
    ChannelFuture written = stream.write(text("x"));
    assertThat(stream.shutdownOutput().isSuccess()).isTrue();
    assertThat(written.isSuccess()).isTrue();
    assertThat(stream.written()).isEqualTo("x|FIN");
  }

  @Test
  void the_end_of_output_waits_for_pending_writes() {
    stream.room = 1;
    register();
    ChannelFuture written = stream.writeAndFlush(text("ab"));
    ChannelFuture finished = stream.shutdownOutput();
    assertThat(finished.isDone()).isFalse();
    assertThat(stream.shutdownOutput().cause()).isInstanceOf(IllegalStateException.class);
    stream.room = 10;
    stream.tell();
    assertThat(written.isSuccess()).isTrue();
    assertThat(finished.isSuccess()).isTrue();
    assertThat(stream.written()).isEqualTo("a|b|FIN");
    assertThat(stream.isOutputShutdown()).isTrue();
    assertThat(stream.isActive()).isTrue();
    assertThat(stream.shutdownOutput().isSuccess()).isTrue();
  }

  @Test
  void what_is_written_after_the_end_of_output_fails_and_is_released() {
    stream.room = 1;
    register();
    var _ = stream.writeAndFlush(text("ab"));
    var _ = stream.shutdownOutput();
    ByteBuf late = text("late");
    assertThat(stream.writeAndFlush(late).cause())
        .isInstanceOf(ChannelOutputShutdownException.class);
    assertThat(late.refCnt()).isZero();
    stream.room = 10;
    stream.tell();
    assertThat(stream.written()).isEqualTo("a|b|FIN");
    assertThat(stream.writeAndFlush(text("later")).cause())
        .isInstanceOf(ChannelOutputShutdownException.class);
  }

  // ---- closing ----

  @Test
  void a_close_does_not_wait_for_pending_writes() {
    stream.room = 1;
    register();
    ChannelFuture written = stream.writeAndFlush(text("ab"));
    ChannelFuture finished = stream.shutdownOutput();
    stream.close();
    run();
    assertThat(written.cause()).isInstanceOf(ClosedChannelException.class);
    assertThat(finished.cause()).isInstanceOf(ClosedChannelException.class);
    assertThat(stream.closes).isEqualTo(1);
    assertThat(stream.written()).isEqualTo("a");
  }

  @Test
  void a_close_while_delivering_stops_the_delivery() {
    stream.closeAfter = "a";
    register();
    stream.input.add(text("a"));
    stream.input.add(text("b"));
    stream.tell();
    run();
    assertThat(happened).containsExactly("active", "a", "complete", "inactive");
    assertThat(stream.closes).isEqualTo(1);
  }

  @Test
  void a_failed_engine_tells_its_cause_before_the_channel_becomes_inactive() {
    register();
    IOException cause = new IOException("broken");
    stream.fail(cause);
    run();
    assertThat(happened).containsExactly("active", "broken", "inactive");
    assertThat(stream.closes).isEqualTo(1);
    stream.fail(cause);
    run();
    assertThat(happened).hasSize(3);
  }

  @Test
  void an_engine_that_failed_before_the_channel_was_registered_leaves_it_closed() {
    stream.fail(new IOException("broken"));
    parent.eventLoop().register(stream);
    run();
    assertThat(stream.isOpen()).isFalse();
    assertThat(stream.closes).isEqualTo(1);
  }

  /// An engine that is a queue of received buffers and a list of what was written.
  private static final class Stream extends EngineStreamChannel {

    final ArrayDeque<ByteBuf> input = new ArrayDeque<>();
    final List<String> output = new ArrayList<>();
    int room = 1_000_000;
    int closes;
    String pauseAfter = "";
    String closeAfter = "";

    Stream(EmbeddedChannel parent) {
      super(parent);
      activateOnRegistration();
    }

    void arrive(String bytes) {
      input.add(text(bytes));
      onReadable();
    }

    void tell() {
      onReadable();
      onWritable();
    }

    void finish() {
      onPeerFinished();
    }

    void fail(IOException cause) {
      onEngineClosed(cause);
    }

    String written() {
      return String.join("|", output);
    }

    @Override
    protected int engineWritableBytes() {
      return room;
    }

    @Override
    protected void engineWrite(ByteBuf bytes) {
      assertThat(bytes.readableBytes()).isLessThanOrEqualTo(room);
      room -= bytes.readableBytes();
      output.add(bytes.toString(StandardCharsets.US_ASCII));
      bytes.release();
    }

    @Override
    protected @Nullable ByteBuf engineRead(int maxBytes) {
      return input.poll();
    }

    @Override
    protected boolean engineHasBytes() {
      return !input.isEmpty();
    }

    @Override
    protected void engineShutdownOutput() {
      output.add("FIN");
    }

    @Override
    protected void engineClose() {
      closes++;
      input.forEach(ByteBuf::release);
      input.clear();
    }

    @Override
    protected void engineChanged() {}

    @Override
    protected @Nullable SocketAddress localAddress0() {
      return null;
    }

    @Override
    protected @Nullable SocketAddress remoteAddress0() {
      return null;
    }
  }

  private final class Recorder extends ChannelInboundHandlerAdapter {

    @Override
    public void channelActive(ChannelHandlerContext ctx) {
      happened.add("active");
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object msg) {
      ByteBuf bytes = (ByteBuf) msg;
      String text =
          bytes.readableBytes() > 100
              ? bytes.readableBytes() + " bytes"
              : bytes.toString(StandardCharsets.US_ASCII);
      bytes.release();
      happened.add(text);
      if (text.equals(stream.pauseAfter)) {
        ctx.channel().config().setAutoRead(false);
      }
      if (text.equals(stream.closeAfter)) {
        ctx.close();
      }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
      happened.add("complete");
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
      if (event instanceof PeerFinished) {
        happened.add("finished");
      } else if (event instanceof ChannelInputShutdownEvent) {
        happened.add("input-shutdown");
      }
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
      happened.add("writable " + ctx.channel().isWritable());
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
      happened.add("inactive");
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      happened.add(cause.getMessage());
    }
  }
}
