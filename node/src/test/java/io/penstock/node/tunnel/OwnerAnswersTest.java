package io.penstock.node.tunnel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penstock.api.HostLookup;
import io.penstock.api.HostPort;
import io.penstock.node.fixture.OverlayFixture;
import io.penstock.node.identity.NodeIdentity;
import io.penstock.transport.tls.Trust;
import java.net.InetAddress;
import java.time.Duration;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// What the owner's own code may do to a tunnel that asks it: not return in time, or ever, whether
/// it is interrupted or not.
class OwnerAnswersTest {

  private static final String HOST = "gateway.test";
  private static final Duration SHORT = Duration.ofMillis(100);
  private static final Duration PATIENT = Duration.ofSeconds(60);

  private final List<String> reasons = new CopyOnWriteArrayList<>();
  private OverlayFixture network;

  /// Code that does not return before it is let go.
  enum Hanging {
    UNTIL_INTERRUPTED,
    FOR_EVER
  }

  /// Who does not answer.
  private static final class Silent {

    final Queue<Thread> asked = new ConcurrentLinkedQueue<>();
    final CountDownLatch letGo = new CountDownLatch(1);
    private final Hanging hanging;

    Silent(Hanging hanging) {
      this.hanging = hanging;
    }

    void hang() {
      asked.add(Thread.currentThread());
      while (letGo.getCount() > 0) {
        try {
          letGo.await();
        } catch (InterruptedException e) {
          if (hanging == Hanging.UNTIL_INTERRUPTED) {
            throw new IllegalStateException("the owner's code was interrupted", e);
          }
        }
      }
    }

    String token() {
      hang();
      return "pst_good";
    }

    List<InetAddress> addresses(String host) {
      assertThat(host).isEqualTo(HOST);
      hang();
      return List.of(InetAddress.getLoopbackAddress());
    }

    long alive() {
      return asked.stream().filter(Thread::isAlive).count();
    }
  }

  /// Longer than any machine is busy with something else.
  private static ConditionFactory await() {
    return Awaitility.await().atMost(PATIENT);
  }

  @BeforeEach
  void start() throws Exception {
    network = OverlayFixture.start();
  }

  @AfterEach
  void close() {
    network.close();
  }

  private PacketTunnelConfig.Builder node() {
    return PacketTunnelConfig.builder(
            new HostPort(HOST, network.gateway().port()), NodeIdentity.ephemeral(), "db")
        .hosts(HostLookup.fixed(HOST, InetAddress.getLoopbackAddress()))
        .trust(new Trust.Anybody())
        .token("pst_good")
        .backoff(Duration.ofMillis(20), Duration.ofMillis(100));
  }

  private PacketTunnel started(PacketTunnelConfig config) throws Exception {
    return PacketTunnel.start(
        config,
        status -> {
          if (status instanceof TunnelStatus.Waiting(String reason, _)) {
            reasons.add(reason);
          }
        });
  }

  private long reasonsWith(String part) {
    return reasons.stream().filter(reason -> reason.contains(part)).count();
  }

  @Test
  void a_supplier_that_does_not_answer_in_time_is_interrupted_and_asked_again() throws Exception {
    Silent silent = new Silent(Hanging.UNTIL_INTERRUPTED);
    try (var tunnel = started(node().token(silent::token).answerLimit(SHORT).build())) {
      await()
          .until(
              () -> reasonsWith("the supplier of the API token did not answer within 100 ms") >= 3);
      assertThat(silent.asked).hasSizeGreaterThanOrEqualTo(3);
      await().until(() -> silent.alive() <= 1);
      silent.letGo.countDown();
      await().until(() -> tunnel.status() instanceof TunnelStatus.Connected);
    }
    await().until(() -> silent.alive() == 0);
  }

  @Test
  void a_supplier_that_ignores_interrupts_is_not_asked_again_before_it_has_returned()
      throws Exception {
    Silent silent = new Silent(Hanging.FOR_EVER);
    try (var tunnel = started(node().token(silent::token).answerLimit(SHORT).build())) {
      await().until(() -> reasonsWith("is not asked again before it does") >= 3);
      assertThat(reasons.getFirst()).contains("did not answer within 100 ms");
      assertThat(silent.asked).hasSize(1);
      silent.letGo.countDown();
      await().until(() -> tunnel.status() instanceof TunnelStatus.Connected);
    }
  }

  @ParameterizedTest
  @EnumSource
  void a_lookup_that_does_not_answer_is_a_failed_attempt(Hanging hanging) throws Exception {
    Silent silent = new Silent(hanging);
    try (var tunnel = started(node().hosts(silent::addresses).answerLimit(SHORT).build())) {
      await().until(() -> reasons.size() >= 3);
      assertThat(reasons.getFirst())
          .contains("no address is known for gateway.test")
          .contains("the look-up of gateway.test did not answer within 100 ms");
      assertThat(silent.alive()).isLessThanOrEqualTo(1);
      silent.letGo.countDown();
      await().until(() -> tunnel.status() instanceof TunnelStatus.Connected);
    }
  }

  @Test
  void what_is_no_exception_is_a_failed_attempt_too() throws Exception {
    var config =
        node()
            .token(
                () -> {
                  throw new NoClassDefFoundError("com/example/Vault");
                })
            .build();
    assertThatThrownBy(() -> PacketTunnel.connect(config))
        .hasMessageContaining("the supplier of the API token failed")
        .hasMessageContaining("com/example/Vault");
  }

  @Test
  void closing_interrupts_who_is_asked_and_leaves_no_thread() throws Exception {
    Silent token = new Silent(Hanging.UNTIL_INTERRUPTED);
    Silent lookup = new Silent(Hanging.UNTIL_INTERRUPTED);
    var waitsForToken = started(node().token(token::token).answerLimit(PATIENT).build());
    var waitsForLookup = started(node().hosts(lookup::addresses).answerLimit(PATIENT).build());
    await().until(() -> token.alive() == 1 && lookup.alive() == 1);
    waitsForToken.close();
    waitsForLookup.close();
    for (Thread asked : List.of(token.asked.remove(), lookup.asked.remove())) {
      assertThat(asked.join(PATIENT)).isTrue();
    }
    assertThat(token.asked).isEmpty();
    assertThat(lookup.asked).isEmpty();
  }

  @Test
  void closing_does_not_wait_for_who_ignores_interrupts() throws Exception {
    Silent silent = new Silent(Hanging.FOR_EVER);
    Duration limit = Duration.ofMillis(300);
    var tunnel = started(node().token(silent::token).answerLimit(SHORT).closeLimit(limit).build());
    await().until(() -> reasonsWith("is not asked again") >= 1);
    tunnel.close();
    assertThat(tunnel.status()).isEqualTo(new TunnelStatus.Closed());
    assertThat(silent.asked).singleElement().matches(Thread::isAlive, "left, and alone");
    silent.letGo.countDown();
    assertThat(silent.asked.remove().join(PATIENT)).isTrue();
  }
}
