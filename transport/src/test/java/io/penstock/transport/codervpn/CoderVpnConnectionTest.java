package io.penstock.transport.codervpn;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.channel.ChannelInboundHandlerAdapter;
import io.penstock.protocol.codervpn.CallFault;
import io.penstock.protocol.codervpn.HeaderChoice;
import io.penstock.protocol.codervpn.ProtocolVersion;
import io.penstock.protocol.codervpn.SpeakerConfig;
import io.penstock.protocol.codervpn.SpeakerEnd;
import io.penstock.protocol.codervpn.message.Log;
import io.penstock.protocol.codervpn.message.NetworkSettingsRequest;
import io.penstock.protocol.codervpn.message.NetworkSettingsResponse;
import io.penstock.protocol.codervpn.message.PeerUpdate;
import io.penstock.protocol.codervpn.message.StartRequest;
import io.penstock.protocol.codervpn.message.StartResponse;
import io.penstock.protocol.codervpn.message.StopResponse;
import java.io.IOException;
import java.nio.channels.Channels;
import java.nio.channels.Pipe;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// The two ends over real sockets and pipes.
@Timeout(180)
class CoderVpnConnectionTest {

  /// Far above what anything here takes.
  private static final Duration LIMIT = Duration.ofSeconds(60);

  private static final StartRequest START =
      StartRequest.newBuilder().setCoderUrl("https://a.test").build();

  private final TestTunnel tunnelSide = new TestTunnel();
  private final TestManager managerSide = new TestManager();

  private static SpeakerConfig.Builder current() {
    return SpeakerConfig.manager().header(HeaderChoice.CURRENT);
  }

  private static SpeakerConfig tunnelConfig() {
    return SpeakerConfig.tunnel().build();
  }

  private static <T> T get(CompletionStage<T> stage) throws Exception {
    return stage.toCompletableFuture().get(60, SECONDS);
  }

  private static CallFault fault(CompletionStage<?> stage) {
    var failure = new AtomicReference<Throwable>();
    assertThatThrownBy(() -> get(stage)).cause().satisfies(failure::set);
    return failure.get() instanceof CallFailedException failed
        ? failed.fault()
        : org.junit.jupiter.api.Assertions.fail(failure.get());
  }

  private static Log log(String message) {
    return Log.newBuilder().setMessage(message).build();
  }

  // ---- conversations ----

  @ParameterizedTest
  @EnumSource
  void a_tunnel_is_started_asked_and_stopped(Wires.Kind kind) throws Exception {
    try (var wires = new Wires(kind)) {
      var tunnel = new TunnelConnection(tunnelConfig(), tunnelSide);
      var manager = new ManagerConnection(current().build(), managerSide);
      wires.join(manager, tunnel);
      assertThat(get(manager.opened())).isEqualTo(ProtocolVersion.V1_3);
      assertThat(get(tunnel.opened())).isEqualTo(ProtocolVersion.V1_3);

      assertThat(get(manager.start(START, LIMIT)).getSuccess()).isTrue();
      assertThat(get(manager.peers(LIMIT))).isEqualTo(TestTunnel.PEERS);
      assertThat(get(manager.wake(LIMIT))).isNotNull();
      get(tunnel.log(log("hello")));
      get(tunnel.peersChanged(TestTunnel.PEERS));
      assertThat(
              get(tunnel.networkSettings(
                      NetworkSettingsRequest.newBuilder().setMtu(1200).build(), LIMIT))
                  .getSuccess())
          .isTrue();
      assertThat(get(manager.stop(LIMIT)).getSuccess()).isTrue();

      assertThat(get(manager.closed())).isEqualTo(SpeakerEnd.Orderly.STOPPED);
      assertThat(get(tunnel.closed())).isEqualTo(SpeakerEnd.Orderly.STOPPED);
      assertThat(tunnelSide.asked).containsExactly("start https://a.test", "peers", "wake", "stop");
      assertThat(managerSide.told).containsExactly("log hello", "peers 1", "settings 1200");
    }
  }

  @Test
  void a_manager_of_the_original_form_speaks_version_1_0_and_does_not_wake() throws Exception {
    try (var wires = new Wires(Wires.Kind.NATIVE)) {
      var tunnel = new TunnelConnection(tunnelConfig(), tunnelSide);
      var manager = new ManagerConnection(SpeakerConfig.manager().build(), managerSide);
      wires.join(manager, tunnel);
      assertThat(get(manager.opened())).isEqualTo(ProtocolVersion.V1_0);
      assertThat(fault(manager.wake(LIMIT)))
          .isEqualTo(new CallFault.Unsupported(ProtocolVersion.V1_3, ProtocolVersion.V1_0));
      assertThat(get(manager.peers(LIMIT))).isEqualTo(TestTunnel.PEERS);
      assertThat(tunnelSide.asked).containsExactly("peers");
    }
  }

  @ParameterizedTest
  @EnumSource
  void large_updates_and_many_logs_arrive_whole_and_in_order(Wires.Kind kind) throws Exception {
    try (var wires = new Wires(kind)) {
      var tunnel = new TunnelConnection(tunnelConfig(), tunnelSide);
      // The manager is slow to take what it is told, so that its reading stops and goes on.
      var manager = new ManagerConnection(current().maxWaitingBytes(4096).build(), managerSide);
      wires.join(manager, tunnel);
      get(tunnel.opened());
      var large = PeerUpdate.newBuilder();
      for (int i = 0; i < 1000; i++) {
        large.addUpsertedWorkspacesBuilder().setName("w".repeat(1000));
      }
      List<String> expected = new ArrayList<>();
      for (int i = 0; i < 300; i++) {
        String text = "x".repeat(100) + i;
        get(tunnel.log(log(text)));
        expected.add("log " + text);
        if (i % 100 == 50) {
          get(tunnel.peersChanged(large.build()));
          expected.add("peers 1000");
        }
      }
      Awaitility.await().atMost(LIMIT).until(() -> managerSide.told.size() == expected.size());
      assertThat(managerSide.told).containsExactlyElementsOf(expected);
    }
  }

  @ParameterizedTest
  @EnumSource
  void logs_that_were_said_before_the_stop_was_answered_are_not_lost(Wires.Kind kind)
      throws Exception {
    try (var wires = new Wires(kind)) {
      var connection = new CompletableFuture<TunnelConnection>();
      var chatty =
          new TestTunnel() {
            @Override
            public StopResponse stop() {
              for (int i = 0; i < 50; i++) {
                connection.join().log(log("stopping " + i)).join();
              }
              return super.stop();
            }
          };
      var tunnel = new TunnelConnection(tunnelConfig(), chatty);
      connection.complete(tunnel);
      var manager = new ManagerConnection(current().build(), managerSide);
      wires.join(manager, tunnel);
      get(manager.opened());
      get(manager.stop(LIMIT));
      assertThat(get(manager.closed())).isEqualTo(SpeakerEnd.Orderly.STOPPED);
      assertThat(managerSide.told).hasSize(50).last().isEqualTo("log stopping 49");
    }
  }

  @Test
  void an_end_that_is_closed_before_it_is_connected_ends_when_it_is() throws Exception {
    var tunnel = new TunnelConnection(tunnelConfig(), tunnelSide);
    tunnel.close();
    try (var wires = new Wires(Wires.Kind.NATIVE)) {
      var manager = new ManagerConnection(current().build(), managerSide);
      wires.join(manager, tunnel);
      assertThat(get(tunnel.closed())).isEqualTo(SpeakerEnd.Orderly.CLOSED_HERE);
      assertThat(get(manager.closed())).isNotNull();
    }
  }

  // ---- handlers ----

  @Test
  void a_stop_interrupts_the_start_that_is_under_way() throws Exception {
    try (var wires = new Wires(Wires.Kind.NATIVE)) {
      var started = new CountDownLatch(1);
      var blocking =
          new TestTunnel() {
            @Override
            public StartResponse start(StartRequest request) throws InterruptedException {
              started.countDown();
              new CountDownLatch(1).await();
              return super.start(request);
            }
          };
      var tunnel = new TunnelConnection(tunnelConfig(), blocking);
      var manager = new ManagerConnection(current().build(), managerSide);
      wires.join(manager, tunnel);
      get(manager.opened());
      var start = manager.start(START, LIMIT);
      assertThat(started.await(60, SECONDS)).isTrue();
      var stop = manager.stop(LIMIT);
      assertThat(get(start))
          .isEqualTo(StartResponse.newBuilder().setErrorMessage("the start was cancelled").build());
      assertThat(get(stop).getSuccess()).isTrue();
      assertThat(blocking.asked).containsExactly("stop");
    }
  }

  @Test
  void a_start_asks_for_network_settings_while_it_is_under_way() throws Exception {
    try (var wires = new Wires(Wires.Kind.NATIVE)) {
      var connection = new CompletableFuture<TunnelConnection>();
      var asking =
          new TestTunnel() {
            @Override
            public StartResponse start(StartRequest request) throws InterruptedException {
              try {
                var settings = NetworkSettingsRequest.newBuilder().setMtu(1280).build();
                var response = Calls.await(connection.join().networkSettings(settings, LIMIT));
                return StartResponse.newBuilder()
                    .setErrorMessage("network settings failed: " + response.getErrorMessage())
                    .build();
              } catch (IOException e) {
                throw new AssertionError(e);
              }
            }
          };
      var tunnel = new TunnelConnection(tunnelConfig(), asking);
      connection.complete(tunnel);
      var refusing =
          new TestManager() {
            @Override
            public NetworkSettingsResponse networkSettings(NetworkSettingsRequest request) {
              return NetworkSettingsResponse.newBuilder().setErrorMessage("no").build();
            }
          };
      var manager = new ManagerConnection(current().build(), refusing);
      wires.join(manager, tunnel);
      get(manager.opened());
      assertThat(get(manager.start(START, LIMIT)).getErrorMessage())
          .isEqualTo("network settings failed: no");
    }
  }

  @Test
  void a_handler_that_throws_becomes_a_refusal_and_costs_nothing_else() throws Exception {
    try (var wires = new Wires(Wires.Kind.NATIVE)) {
      var broken =
          new TestTunnel() {
            @Override
            public StartResponse start(StartRequest request) {
              throw new IllegalStateException("no device");
            }

            @Override
            public PeerUpdate peers() {
              throw new IllegalStateException("no peers");
            }

            @Override
            public StopResponse stop() {
              throw new IllegalStateException("stuck");
            }
          };
      var tunnel = new TunnelConnection(tunnelConfig(), broken);
      var throwing =
          new TestManager() {
            @Override
            public NetworkSettingsResponse networkSettings(NetworkSettingsRequest request) {
              throw new IllegalStateException("no rights");
            }
          };
      var manager = new ManagerConnection(current().build(), throwing);
      wires.join(manager, tunnel);
      get(manager.opened());
      assertThat(get(manager.start(START, LIMIT)).getErrorMessage()).contains("no device");
      assertThat(fault(manager.peers(Duration.ofMillis(200)))).isEqualTo(CallFault.Plain.TIMED_OUT);
      assertThat(
              get(tunnel.networkSettings(NetworkSettingsRequest.getDefaultInstance(), LIMIT))
                  .getErrorMessage())
          .contains("no rights");
      assertThat(get(manager.stop(LIMIT)).getErrorMessage()).contains("stuck");
      assertThat(get(manager.closed())).isEqualTo(SpeakerEnd.Orderly.STOPPED);
    }
  }

  // ---- calls ----

  @Test
  void a_call_that_is_cancelled_or_late_leaves_the_others_alone() throws Exception {
    try (var wires = new Wires(Wires.Kind.NATIVE)) {
      var release = new CountDownLatch(1);
      var slow =
          new TestTunnel() {
            @Override
            public StartResponse start(StartRequest request) throws InterruptedException {
              release.await();
              return super.start(request);
            }
          };
      var tunnel = new TunnelConnection(tunnelConfig(), slow);
      var manager = new ManagerConnection(current().build(), managerSide);
      wires.join(manager, tunnel);
      get(manager.opened());
      var cancelled = manager.start(START, LIMIT);
      var late = manager.start(START, Duration.ofMillis(100));
      var patient = manager.peers(LIMIT);
      assertThat(cancelled.cancel(true)).isTrue();
      assertThat(fault(late)).isEqualTo(CallFault.Plain.TIMED_OUT);
      release.countDown();
      assertThat(get(patient)).isEqualTo(TestTunnel.PEERS);
    }
  }

  @Test
  void whoever_waits_for_a_call_and_is_interrupted_gives_it_up() throws Exception {
    try (var wires = new Wires(Wires.Kind.NATIVE)) {
      var silent = new CountDownLatch(1);
      var arrived = new CountDownLatch(1);
      var tunnel =
          new TunnelConnection(
              tunnelConfig(),
              new TestTunnel() {
                @Override
                public StartResponse start(StartRequest request) throws InterruptedException {
                  arrived.countDown();
                  silent.await();
                  return super.start(request);
                }
              });
      var manager = new ManagerConnection(current().build(), managerSide);
      wires.join(manager, tunnel);
      get(manager.opened());
      var call = manager.start(START, LIMIT);
      var outcome = new CompletableFuture<Throwable>();
      Thread waiter =
          Thread.startVirtualThread(
              () -> {
                try {
                  var _ = Calls.await(call);
                  outcome.completeExceptionally(new AssertionError("it was not interrupted"));
                } catch (IOException | InterruptedException e) {
                  outcome.complete(e);
                }
              });
      // A call that is given up before it was sent never reaches the tunnel.
      arrived.await();
      waiter.interrupt();
      assertThat(get(outcome)).isInstanceOf(InterruptedException.class);
      assertThat(call).isCancelled();
      assertThatThrownBy(() -> Calls.await(call)).hasMessage("the call was cancelled");

      var failing = manager.peers(Duration.ofMillis(50));
      assertThatThrownBy(() -> Calls.await(failing))
          .isInstanceOf(CallFailedException.class)
          .hasMessage("the peer did not reply in time");
      silent.countDown();
    }
  }

  @Test
  void every_sender_gets_an_answer_when_the_tunnel_stops_under_it() throws Exception {
    try (var wires = new Wires(Wires.Kind.NATIVE)) {
      var tunnel = new TunnelConnection(tunnelConfig(), tunnelSide);
      var manager = new ManagerConnection(current().build(), managerSide);
      wires.join(manager, tunnel);
      get(tunnel.opened());
      get(manager.opened());
      List<Thread> senders = new ArrayList<>();
      var stopped = new CountDownLatch(4);
      for (int i = 0; i < 4; i++) {
        boolean asks = i % 2 == 0;
        senders.add(
            Thread.startVirtualThread(
                () -> {
                  try {
                    while (true) {
                      Object _ =
                          asks
                              ? Calls.await(
                                  tunnel.networkSettings(
                                      NetworkSettingsRequest.getDefaultInstance(), LIMIT))
                              : Calls.await(tunnel.log(log("busy")));
                    }
                  } catch (IOException | InterruptedException e) {
                    if (e instanceof CallFailedException failed
                        && failed.fault() instanceof CallFault.StreamEnded(SpeakerEnd end)
                        && end == SpeakerEnd.Orderly.STOPPED) {
                      stopped.countDown();
                    }
                  }
                }));
      }
      Awaitility.await().atMost(LIMIT).until(() -> managerSide.told.size() > 200);
      get(manager.stop(LIMIT));
      assertThat(stopped.await(60, SECONDS)).isTrue();
      for (Thread sender : senders) {
        sender.join();
      }
      assertThat(get(manager.closed())).isEqualTo(SpeakerEnd.Orderly.STOPPED);
      assertThat(get(tunnel.closed())).isEqualTo(SpeakerEnd.Orderly.STOPPED);
    }
  }

  @Test
  void nothing_can_be_asked_before_the_stream_is_open() throws Exception {
    var manager = new ManagerConnection(current().build(), managerSide);
    assertThatThrownBy(() -> get(manager.peers(LIMIT)))
        .cause()
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("the channel is not connected yet");
    try (var wires = new Wires(Wires.Kind.NATIVE)) {
      wires.listen(new ChannelInboundHandlerAdapter());
      wires.connect(manager.handler());
      Awaitility.await()
          .atMost(LIMIT)
          .untilAsserted(
              () ->
                  assertThatThrownBy(() -> get(manager.peers(LIMIT)))
                      .cause()
                      .isInstanceOf(IllegalStateException.class)
                      .hasMessage("the headers are not exchanged yet"));
    }
  }

  // ---- ends ----

  @ParameterizedTest
  @EnumSource
  void either_end_may_close_and_both_know_why(Wires.Kind kind) throws Exception {
    try (var wires = new Wires(kind)) {
      var tunnel = new TunnelConnection(tunnelConfig(), tunnelSide);
      var manager = new ManagerConnection(current().build(), managerSide);
      wires.join(manager, tunnel);
      get(manager.opened());
      manager.close();
      assertThat(get(tunnel.closed())).isEqualTo(SpeakerEnd.Orderly.PEER_CLOSED);
      assertThat(get(manager.closed())).isEqualTo(SpeakerEnd.Orderly.CLOSED_HERE);
      assertThat(fault(manager.peers(LIMIT)))
          .isEqualTo(new CallFault.StreamEnded(SpeakerEnd.Orderly.CLOSED_HERE));
    }
  }

  @Test
  void two_ends_of_the_same_role_refuse_each_other_in_words() throws Exception {
    try (var wires = new Wires(Wires.Kind.NATIVE)) {
      var one = new ManagerConnection(current().build(), managerSide);
      var other = new ManagerConnection(current().build(), managerSide);
      wires.listen(one.handler());
      wires.connect(other.handler());
      String text = "it is a manager, too, and this end needs a tunnel";
      assertThat(get(one.closed()).logText()).endsWith(text);
      assertThat(get(other.closed()).logText()).endsWith(text);
      assertThat(fault(one.opened()).logText()).endsWith(text);
    }
  }

  @Test
  void a_channel_that_is_never_connected_ends_the_stream() throws Exception {
    try (var wires = new Wires(Wires.Kind.NATIVE)) {
      var manager = new ManagerConnection(current().build(), managerSide);
      assertThatThrownBy(() -> wires.connect(manager.handler())).isInstanceOf(IOException.class);
      assertThat(get(manager.closed()).logText())
          .isEqualTo("the connection failed: it was never established");
      assertThat(fault(manager.opened())).isInstanceOf(CallFault.StreamEnded.class);
    }
  }

  // ---- pipes ----

  @Test
  void whoever_closes_its_pipe_after_asking_is_still_answered() throws Exception {
    try (var wires = new Wires(Wires.Kind.PIPES)) {
      Pipe toTunnel = Pipe.open();
      Pipe toManager = Pipe.open();
      var tunnel = new TunnelConnection(tunnelConfig(), tunnelSide);
      wires.pipe(toTunnel, toManager, tunnel.handler());
      try (var sink = Channels.newOutputStream(toTunnel.sink())) {
        sink.write("codervpn 1.0 manager\n".getBytes(StandardCharsets.US_ASCII));
        sink.write(new byte[] {0, 0, 0, 6, 0x0a, 2, 8, 1, 0x2a, 0});
      }
      try (var source = Channels.newInputStream(toManager.source())) {
        assertThat(source.readAllBytes())
            .startsWith("codervpn 1.0 tunnel\n".getBytes(StandardCharsets.US_ASCII))
            .endsWith(0, 0, 0, 8, 0x0a, 2, 0x10, 1, 0x32, 2, 8, 1);
      }
      assertThat(get(tunnel.closed())).isEqualTo(SpeakerEnd.Orderly.STOPPED);
    }
  }

  @Test
  void a_manager_whose_output_breaks_still_reads_the_last_words_of_its_tunnel() throws Exception {
    try (var wires = new Wires(Wires.Kind.PIPES)) {
      Pipe toTunnel = Pipe.open();
      Pipe toManager = Pipe.open();
      var manager = new ManagerConnection(current().build(), managerSide);
      wires.pipe(toManager, toTunnel, manager.handler());
      var sink = Channels.newOutputStream(toManager.sink());
      sink.write("codervpn tunnel 1.3\n".getBytes(StandardCharsets.US_ASCII));
      get(manager.opened());
      var stop = manager.stop(LIMIT);
      var source = Channels.newInputStream(toTunnel.source());
      assertThat(source.readNBytes("codervpn manager 1.3\n".length() + 10)).endsWith(0x2a, 0);

      source.close();
      var lost = manager.peers(LIMIT);
      Awaitility.await()
          .atMost(LIMIT)
          .until(() -> manager.peers(LIMIT).handle((_, e) -> e != null).getNow(false));
      sink.write(new byte[] {0, 0, 0, 8, 0x0a, 2, 0x10, 1, 0x32, 2, 8, 1});
      assertThat(get(stop).getSuccess()).isTrue();
      assertThat(fault(lost)).isEqualTo(new CallFault.StreamEnded(SpeakerEnd.Orderly.STOPPED));
      assertThat(get(manager.closed())).isEqualTo(SpeakerEnd.Orderly.STOPPED);
      sink.close();
    }
  }
}
