package io.penstock.node.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import io.penstock.node.agent.app.AppConfig;
import io.penstock.transport.tls.Trust;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

class UnreachableGatewayTest {

  private static final Duration LONGER_THAN_THE_TEST = Duration.ofHours(1);

  private final Logger root = (Logger) LoggerFactory.getLogger(Logger.ROOT_LOGGER_NAME);
  private final List<String> warnings = new CopyOnWriteArrayList<>();
  private final AppenderBase<ILoggingEvent> collector =
      new AppenderBase<>() {
        @Override
        protected void append(ILoggingEvent event) {
          if (event.getLevel().isGreaterOrEqual(Level.WARN)) {
            warnings.add(event.toString());
          }
        }
      };

  @BeforeEach
  void collectWarnings() {
    collector.start();
    root.addAppender(collector);
  }

  @AfterEach
  void stopCollecting() {
    root.detachAppender(collector);
  }

  @Test
  void nobody_at_the_kcp_address_is_one_status_that_says_so_and_no_warning() throws Exception {
    InetSocketAddress kcp = freeUdpAddress();
    List<AgentStatus> statuses = statusesUntilFailed(kcp);

    assertThat(statuses)
        .first()
        .isInstanceOfSatisfying(
            AgentStatus.Connecting.class,
            connecting ->
                assertThat(connecting.cause().orElse(""))
                    .contains("Connection refused")
                    .contains(
                        "KCP before it: cannot connect to %s:%d: nobody listens"
                            .formatted(kcp.getHostString(), kcp.getPort())));
    assertThat(statuses).hasSize(2).last().isInstanceOf(AgentStatus.Closed.class);
    assertThat(warnings).isEmpty();
  }

  /// Runs an agent for one attempt over KCP, and over TCP after it.
  private static List<AgentStatus> statusesUntilFailed(InetSocketAddress kcp) throws Exception {
    List<AgentStatus> statuses = new CopyOnWriteArrayList<>();
    AgentConfig config =
        AgentConfig.builder(
                "127.0.0.1", freeTcpPort(), AppConfig.to(URI.create("http://127.0.0.1:1")))
            .trust(new Trust.Anybody())
            .transport(new GatewayTransport.Kcp(Optional.of(kcp)))
            .connections(1)
            .backoff(LONGER_THAN_THE_TEST, LONGER_THAN_THE_TEST)
            .build();
    try (Agent _ = Agent.start(config, statuses::add)) {
      await().until(() -> !statuses.isEmpty());
    }
    await().until(() -> statuses.getLast().isFinal());
    return statuses;
  }

  private static InetSocketAddress freeUdpAddress() throws Exception {
    try (var socket = new DatagramSocket(0, InetAddress.getLoopbackAddress())) {
      return (InetSocketAddress) socket.getLocalSocketAddress();
    }
  }

  private static int freeTcpPort() throws Exception {
    try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }
}
