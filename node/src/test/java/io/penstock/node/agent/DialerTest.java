package io.penstock.node.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.netty.channel.EventLoopGroup;
import io.penstock.node.agent.Dialer.Dialled;
import io.penstock.node.agent.app.AppConfig;
import io.penstock.transport.NativeSupport;
import io.penstock.transport.tls.Trust;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// What a dialer makes of gateways that do not answer as ours does.
class DialerTest {

  private static final Duration LIMIT = Duration.ofMillis(300);

  private final EventLoopGroup loops = NativeSupport.newEventLoops(1, "dialer-test");
  private final ExecutorService blocking = Executors.newVirtualThreadPerTaskExecutor();

  @AfterEach
  void stop() {
    NativeSupport.endEventLoops(loops, Duration.ofSeconds(5)).syncUninterruptibly();
    blocking.close();
  }

  private Dialled dial(AgentConfig.Builder config) throws Exception {
    CompletableFuture<Dialled> result = new CompletableFuture<>();
    Dialer dialer = new Dialer(config.build(), loops.next(), blocking);
    loops.next().execute(() -> dialer.dial(result::complete));
    return result.get(30, TimeUnit.SECONDS);
  }

  private static AgentConfig.Builder to(int port) {
    AppConfig app = AppConfig.to(URI.create("http://localhost:3000"));
    return AgentConfig.builder("127.0.0.1", port, app).trust(new Trust.Anybody());
  }

  @Test
  void a_handshake_that_takes_too_long_is_not_tried_again_without_our_protocol() throws Exception {
    try (StallingGateway gateway = new StallingGateway()) {
      Dialled dialled = dial(to(gateway.port()).connectLimit(LIMIT));
      assertThat(dialled)
          .isInstanceOfSatisfying(
              Dialled.Failed.class, failed -> assertThat(failed.cause()).contains("timed out"));
      assertThat(gateway.accepted).hasSize(1);
    }
  }

  @Test
  void a_connection_that_ends_in_the_handshake_is_not_tried_again_without_our_protocol()
      throws Exception {
    try (StallingGateway gateway = new StallingGateway()) {
      CompletableFuture<Dialled> dialled = CompletableFuture.supplyAsync(() -> dialled(gateway));
      await().until(() -> !gateway.accepted.isEmpty());
      gateway.accepted.getFirst().close();
      assertThat(dialled.get(30, TimeUnit.SECONDS)).isInstanceOf(Dialled.Failed.class);
      assertThat(gateway.accepted).hasSize(1);
    }
  }

  private Dialled dialled(StallingGateway gateway) {
    try {
      return dial(to(gateway.port()));
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void a_gateway_that_refuses_our_protocol_is_dialled_again_without_it() throws Exception {
    try (PlayedGateway gateway =
        PlayedGateway.start(PlayedGateway.Tls.ANOTHER_PROTOCOL_OR_NO_TALK, "")) {
      Dialled dialled = dial(to(gateway.port()));
      assertThat(dialled)
          .isInstanceOfSatisfying(
              Dialled.Connected.class, connected -> assertThat(connected.own()).isFalse());
      ((Dialled.Connected) dialled).channel().close().syncUninterruptibly();
      assertThat(gateway.accepted).hasSize(2);
    }
  }

  @Test
  void kcp_that_nobody_answers_is_tried_once_before_tcp() throws Exception {
    try (PlayedGateway gateway = PlayedGateway.start(PlayedGateway.Tls.OUR_PROTOCOL, "");
        DatagramSocket silent = new DatagramSocket(0, InetAddress.getLoopbackAddress())) {
      var kcp = new GatewayTransport.Kcp(Optional.of((InetSocketAddress) local(silent)));
      Dialled dialled = dial(to(gateway.port()).transport(kcp).kcpLimit(LIMIT));
      assertThat(dialled)
          .isInstanceOfSatisfying(
              Dialled.Connected.class,
              connected -> {
                assertThat(connected.own()).isTrue();
                assertThat(connected.transport()).isEqualTo("tcp");
                assertThat(connected.note().orElse("")).startsWith("KCP did not connect (");
              });
      ((Dialled.Connected) dialled).channel().close().syncUninterruptibly();
      assertThat(senders(silent)).hasSize(1);
    }
  }

  private static SocketAddress local(DatagramSocket socket) {
    return socket.getLocalSocketAddress();
  }

  /// The addresses from which something has come.
  private static Set<SocketAddress> senders(DatagramSocket socket) throws IOException {
    Set<SocketAddress> senders = new HashSet<>();
    socket.setSoTimeout(50);
    DatagramPacket packet = new DatagramPacket(new byte[2000], 2000);
    while (true) {
      try {
        socket.receive(packet);
        senders.add(packet.getSocketAddress());
      } catch (SocketTimeoutException _) {
        return senders;
      }
    }
  }

  /// Accepts and says nothing.
  private static final class StallingGateway implements AutoCloseable {

    private final ServerSocket listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    private final List<Socket> accepted = new CopyOnWriteArrayList<>();

    StallingGateway() throws IOException {
      Thread.startVirtualThread(this::accept);
    }

    private void accept() {
      try {
        while (true) {
          accepted.add(listener.accept());
        }
      } catch (IOException _) {
        // The test has ended.
      }
    }

    int port() {
      return listener.getLocalPort();
    }

    @Override
    public void close() throws IOException {
      listener.close();
      for (Socket socket : accepted) {
        socket.close();
      }
    }
  }
}
