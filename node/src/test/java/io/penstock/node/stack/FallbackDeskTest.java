package io.penstock.node.stack;

import static io.penstock.node.stack.VirtualPair.SECOND;
import static io.penstock.node.stack.VirtualPair.SERVER_4;
import static io.penstock.node.stack.VirtualPair.SERVER_6;
import static io.penstock.node.stack.VirtualPair.saying;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.DatagramPacket;
import io.penstock.api.IpAddress;
import io.penstock.node.fallback.FallbackConfig;
import io.penstock.node.fallback.FallbackCounts;
import io.penstock.node.fallback.FallbackHandle;
import io.penstock.node.fallback.FallbackTcp;
import io.penstock.node.fallback.FlowAnswer;
import io.penstock.node.overlay.OverlayPort;
import io.penstock.node.overlay.PortRequest;
import io.penstock.protocol.netstack.StackDrop;
import io.penstock.protocol.netstack.flow.FlowCounter;
import io.penstock.testkit.leak.LeakCheck;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.PortUnreachableException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/// Fallback handlers in virtual time: two nodes, and everything on the thread of the test.
@ExtendWith(LeakCheck.class)
class FallbackDeskTest {

  private static final String OWNER = "a test";
  private static final FallbackTcp DECLINE = (_, _) -> FlowAnswer.decline();
  private static final FallbackTcp REJECT = (_, _) -> FlowAnswer.reject();

  private VirtualPair pair;

  @BeforeEach
  void start() {
    pair = new VirtualPair();
  }

  @AfterEach
  void close() {
    pair.close();
  }

  private void restart(FallbackConfig limits) {
    pair.close();
    pair = new VirtualPair(limits);
  }

  private FallbackHandle register(FallbackTcp handler) {
    return pair.server.fallback.registerTcp(handler);
  }

  private static FallbackTcp accept(String word) {
    return (_, _) -> FlowAnswer.acceptChannel(saying(word));
  }

  private FallbackCounts counts() {
    return pair.server.fallback.counts();
  }

  private void assertRefused(ChannelFuture dial) {
    assertThat(dial.cause()).isInstanceOf(ConnectException.class).hasMessageContaining("refused");
  }

  // ---- decisions ----

  @Test
  void an_accepted_flow_completes_on_its_first_syn() {
    register(accept("hello"));
    long before = pair.network.elapsedNanos();

    ChannelFuture dial = pair.dialled(SERVER_4, 4711);

    assertThat(dial.isSuccess()).isTrue();
    assertThat(pair.network.elapsedNanos() - before)
        .as("one round trip")
        .isLessThan(3 * VirtualPair.DELAY_MILLIS * 1_000_000L);
    assertThat(pair.clientTcp().retransmissions()).as("SYNs sent again").isZero();
    assertThat(pair.serverTcp().retransmissions()).isZero();
    assertThat(pair.wordOf(SERVER_6, 4712)).isEqualTo("hello");
    assertThat(pair.clientTcp().retransmissions()).isZero();
    assertThat(counts().accepted()).isEqualTo(2);
  }

  @Test
  void unclaimed_and_rejected_flows_are_reset_before_any_syn_ack() {
    register(DECLINE);
    assertRefused(pair.dialled(SERVER_4, 4711));
    register(REJECT);
    assertRefused(pair.dialled(SERVER_6, 4711));

    assertThat(pair.serverTcp().segmentsOut()).as("segments but resets").isZero();
    assertThat(pair.serverTcp().resetsOut()).isEqualTo(2);
    assertThat(pair.clientTcp().retransmissions()).isZero();
    assertThat(counts().unclaimed()).isEqualTo(1);
    assertThat(counts().rejected()).isEqualTo(1);
    assertThat(counts().inFlight()).isZero();
  }

  @Test
  void the_first_claim_in_registration_order_wins_and_later_handlers_are_not_asked() {
    List<String> asked = new ArrayList<>();
    register(
        (_, _) -> {
          asked.add("first");
          return FlowAnswer.decline();
        });
    register(
        (_, _) -> {
          asked.add("second");
          return FlowAnswer.acceptChannel(saying("second"));
        });
    register(
        (_, _) -> {
          asked.add("third");
          return FlowAnswer.acceptChannel(saying("third"));
        });

    assertThat(pair.wordOf(SERVER_4, 80)).isEqualTo("second");
    assertThat(asked).containsExactly("first", "second");
  }

  @Test
  void a_handler_is_told_the_ends_of_the_flow() {
    List<InetSocketAddress> ends = new ArrayList<>();
    register(
        (source, destination) -> {
          ends.addAll(List.of(source, destination));
          return FlowAnswer.reject();
        });
    pair.dialled(SERVER_6, 53);

    assertThat(ends.getFirst().getAddress())
        .isEqualTo(IpAddress.parse(VirtualPair.CLIENT_6).inet());
    assertThat(ends.getLast()).isEqualTo(new InetSocketAddress(SERVER_6, 53));
  }

  @Test
  void a_deregistered_handler_is_not_asked_any_more() {
    List<Integer> asked = new ArrayList<>();
    FallbackHandle handle =
        register(
            (_, destination) -> {
              asked.add(destination.getPort());
              return FlowAnswer.decline();
            });
    assertRefused(pair.dialled(SERVER_4, 1));
    handle.close();
    handle.close();
    assertRefused(pair.dialled(SERVER_4, 2));

    assertThat(asked).containsExactly(1);
  }

  @Test
  void handlers_register_and_close_handlers_inside() {
    List<FallbackHandle> own = new ArrayList<>();
    own.add(
        register(
            (_, _) -> {
              register(accept("from inside"));
              own.getFirst().close();
              return FlowAnswer.decline();
            }));
    assertRefused(pair.dialled(SERVER_4, 80));
    assertThat(pair.wordOf(SERVER_4, 81)).as("from the next flow on").isEqualTo("from inside");
  }

  @Test
  void what_a_handler_claims_after_it_was_closed_is_refused() {
    List<FallbackHandle> own = new ArrayList<>();
    own.add(
        register(
            (_, _) -> {
              own.getFirst().close();
              return FlowAnswer.acceptChannel(saying("too late"));
            }));
    assertRefused(pair.dialled(SERVER_4, 80));
  }

  @Test
  void a_handler_that_throws_refuses_the_flow_and_the_next_flow_is_asked_about() {
    register(
        (_, destination) -> {
          if (destination.getPort() == 1) {
            throw new IllegalStateException("on purpose");
          }
          return FlowAnswer.acceptChannel(saying("fine"));
        });
    assertRefused(pair.dialled(SERVER_4, 1));
    assertThat(pair.wordOf(SERVER_4, 2)).isEqualTo("fine");
    assertThat(counts().failed()).isEqualTo(1);
    assertThat(counts().inFlight()).isEqualTo(1);
  }

  @Test
  void a_slow_handler_is_a_refusal_and_its_late_answer_changes_nothing() {
    register(accept("too late"));
    pair.server.runHandlers(false);
    long before = pair.network.elapsedNanos();

    assertRefused(pair.dialled(SERVER_4, 80));

    assertThat(pair.network.elapsedNanos() - before)
        .as("the limit of a decision and a round trip")
        .isBetween(
            FallbackConfig.DEFAULT_DECISION_LIMIT.toNanos(),
            FallbackConfig.DEFAULT_DECISION_LIMIT.plusMillis(100).toNanos());
    assertThat(counts().inFlight()).as("the handler is still at it").isEqualTo(1);
    pair.server.runHandlers(true);
    pair.network.runFor(SECOND);
    assertThat(counts().late()).isEqualTo(1);
    assertThat(counts().inFlight()).isZero();
    assertThat(pair.server.count(stack -> stack.tcp().connectionCount())).isZero();
  }

  // ---- who comes before ----

  @Test
  void listeners_come_first_the_exact_one_before_that_of_all_addresses() {
    register(accept("fallback"));
    OverlayPort wildcard = pair.listen(PortRequest.everywhere(80, OWNER), saying("wildcard"));
    OverlayPort exact =
        pair.listen(PortRequest.at(IpAddress.parse(SERVER_4), 80, OWNER), saying("exact"));

    assertThat(pair.wordOf(SERVER_4, 80)).isEqualTo("exact");
    assertThat(pair.wordOf(SERVER_6, 80)).isEqualTo("wildcard");
    exact.close();
    pair.network.runFor(SECOND);
    assertThat(pair.wordOf(SERVER_4, 80)).isEqualTo("wildcard");
    wildcard.close();
    pair.network.runFor(SECOND);
    assertThat(pair.wordOf(SERVER_4, 80)).isEqualTo("fallback");
  }

  @Test
  void a_destination_that_is_not_ours_reaches_fallback_handlers_only() {
    pair.listen(PortRequest.everywhere(80, OWNER), saying("wildcard"));
    register(
        (_, destination) -> FlowAnswer.acceptChannel(saying("for " + destination.getHostString())));

    assertThat(pair.wordOf("192.0.2.1", 80)).isEqualTo("for 192.0.2.1");
    assertThat(pair.wordOf("2001:db8::7", 80)).isEqualTo("for 2001:db8:0:0:0:0:0:7");
    assertThat(pair.wordOf(SERVER_4, 80)).isEqualTo("wildcard");
  }

  @Test
  void without_handlers_the_stack_keeps_no_flows_and_says_nothing_for_foreign_addresses() {
    pair.listen(PortRequest.everywhere(80, OWNER), saying("wildcard"));
    register(DECLINE).close();
    assertRefused(pair.dialled(SERVER_4, 4711));

    ChannelFuture foreign = pair.dial("192.0.2.1", 80);
    pair.network.runFor(2 * SECOND);

    assertThat(foreign.isDone()).as("nobody says anything").isFalse();
    assertThat(pair.server.count(stack -> stack.pendingFlows().count(FlowCounter.ARRIVED)))
        .isZero();
    assertThat(pair.server.count(stack -> stack.count(StackDrop.NOT_OURS))).isPositive();
    foreign.channel().close();
  }

  // ---- limits ----

  @Test
  void one_flow_more_than_a_port_or_the_node_may_have_is_refused_and_counted() {
    restart(new FallbackConfig(2, 3, Duration.ofMillis(500)));
    register(accept("in"));

    Channel first = pair.dialled(SERVER_4, 80).channel();
    assertThat(pair.dialled(SERVER_4, 80).isSuccess()).isTrue();
    assertRefused(pair.dialled(SERVER_4, 80));
    assertThat(pair.dialled(SERVER_4, 81).isSuccess()).isTrue();
    assertRefused(pair.dialled(SERVER_4, 82));
    assertThat(counts().overPort()).isEqualTo(1);
    assertThat(counts().overAll()).isEqualTo(1);

    first.close();
    pair.network.runUntil(() -> counts().inFlight() == 2, 10 * SECOND);
    assertThat(pair.dialled(SERVER_4, 80).isSuccess()).as("there is room again").isTrue();
  }

  @Test
  void a_scan_of_ports_is_refused_within_bounds_and_a_good_connection_goes_on() {
    register(
        (_, destination) ->
            destination.getPort() == 443
                ? FlowAnswer.acceptChannel(saying("good"))
                : FlowAnswer.decline());
    VirtualPair.Reader reader = new VirtualPair.Reader();
    Channel good = pair.dialled(SERVER_4, 443).channel();
    good.pipeline().addLast(reader);
    List<ChannelFuture> scan = new ArrayList<>();
    for (int port = 1000; port < 11_000; port++) {
      scan.add(pair.dial(SERVER_4, port));
      if (port % 100 == 0) {
        pair.network.runFor(1_000_000L);
        assertThat(pair.server.count(stack -> stack.pendingFlows().heldBytes()))
            .isLessThanOrEqualTo(FallbackConfig.DEFAULT_MAX_FLOWS * 512);
      }
    }
    pair.network.runUntil(() -> scan.stream().allMatch(ChannelFuture::isDone), 60 * SECOND);

    scan.forEach(this::assertRefused);
    assertThat(pair.wordOf(SERVER_4, 443)).isEqualTo("good");
    assertThat(good.isActive()).isTrue();
  }

  // ---- UDP ----

  @Test
  void an_accepted_conversation_begins_with_its_first_datagram() {
    List<String> heard = new ArrayList<>();
    pair.server.fallback.registerUdp(
        (_, destination) ->
            destination.getPort() == 53
                ? FlowAnswer.acceptChannel(
                    new ChannelInboundHandlerAdapter() {
                      @Override
                      public void channelRead(ChannelHandlerContext ctx, Object msg) {
                        DatagramPacket packet = (DatagramPacket) msg;
                        heard.add(packet.content().toString(StandardCharsets.UTF_8));
                        packet.release();
                        ctx.writeAndFlush(Unpooled.copiedBuffer("answer", StandardCharsets.UTF_8));
                      }
                    })
                : FlowAnswer.reject());
    List<Object> answers = new ArrayList<>();
    Channel resolver = udp(53, answers);
    resolver.writeAndFlush(Unpooled.copiedBuffer("one", StandardCharsets.UTF_8));
    resolver.writeAndFlush(Unpooled.copiedBuffer("two", StandardCharsets.UTF_8));
    pair.network.runFor(SECOND);
    assertThat(heard).containsExactly("one", "two");
    assertThat(answers).containsExactly("answer", "answer");

    udp(54, answers).writeAndFlush(Unpooled.copiedBuffer("one", StandardCharsets.UTF_8));
    pair.network.runFor(SECOND);
    assertThat(answers.getLast()).isInstanceOf(PortUnreachableException.class);
  }

  private Channel udp(int port, List<Object> events) {
    ChannelFuture connected =
        pair.client
            .stack
            .datagrams()
            .handler(
                new ChannelInboundHandlerAdapter() {
                  @Override
                  public void channelRead(ChannelHandlerContext ctx, Object msg) {
                    DatagramPacket packet = (DatagramPacket) msg;
                    events.add(packet.content().toString(StandardCharsets.UTF_8));
                    packet.release();
                  }

                  @Override
                  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
                    events.add(cause);
                  }
                })
            .connect(new InetSocketAddress(SERVER_6, port));
    pair.network.runUntil(connected::isDone, SECOND);
    return connected.channel();
  }
}
