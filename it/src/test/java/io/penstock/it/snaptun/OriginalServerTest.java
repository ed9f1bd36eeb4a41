package io.penstock.it.snaptun;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.netty.buffer.Unpooled;
import io.penstock.it.RustPeers;
import io.penstock.protocol.snaptun.AddressRange;
import io.penstock.protocol.snaptun.TunnelEnd;
import io.penstock.transport.quic.QuicConfig;
import io.penstock.transport.snaptun.Addresses;
import io.penstock.transport.snaptun.CommandResult;
import io.penstock.transport.snaptun.ConnectResult;
import io.penstock.transport.snaptun.SendResult;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Our client with the original's server.
@ExtendWith(RustPeers.class)
class OriginalServerTest {

  private static final AddressRange FIRST = AddressRange.ipv4(Addresses.ISD_AS, 0x0a000001);

  @ParameterizedTest
  @CsvSource({"64, 12", "64, 1100", "100000, 1100"})
  void everyPacketIsEchoedWholeAndInOrder(int packets, int bytes) throws Exception {
    try (OriginalServer server = OriginalServer.start();
        OurClient client = new OurClient()) {
      ConnectResult.Connected tunnel = client.connected(server);
      assertThat(tunnel.control().addresses()).containsExactly(FIRST);

      EchoRun.run(tunnel, packets, bytes);

      tunnel.control().close(0, "done");
      var ended = server.event("ended");
      assertThat(ended.get("echoed").asInt()).isEqualTo(packets);
      assertThat(ended.get("how").asString()).isEqualTo("closed by the peer");
    }
  }

  @Test
  void theDesiredAddressIsGiven() throws Exception {
    try (OriginalServer server = OriginalServer.start();
        OurClient client = new OurClient()) {
      for (AddressRange wanted : List.of(Addresses.V4, Addresses.V6)) {
        ConnectResult.Connected tunnel = client.connected(server, wanted);
        assertThat(tunnel.control().addresses()).containsExactly(wanted);
      }
      assertThat(client.connected(server, Addresses.ANY_V4).control().addresses())
          .containsExactly(FIRST);
    }
  }

  @Test
  void aClientWithoutWishesIsGivenIpv6WhereThereIsNoIpv4() throws Exception {
    try (OriginalServer server = OriginalServer.start("-refuse", "0.0.0.0");
        OurClient client = new OurClient()) {
      assertThat(client.connected(server).control().addresses())
          .containsExactly(AddressRange.ipv6(Addresses.ISD_AS, 0xfd00L << 48, 1));
    }
  }

  @Test
  void aSessionIsRenewedOnCommand() throws Exception {
    try (OriginalServer server = OriginalServer.start();
        OurClient client = new OurClient()) {
      ConnectResult.Connected tunnel = client.connected(server);
      Instant before = tunnel.control().expiry();

      await().until(() -> Instant.now().getEpochSecond() > before.getEpochSecond() - 3600);
      assertThat(OurClient.get(tunnel.control().renew())).isEqualTo(CommandResult.Done.DONE);

      assertThat(tunnel.control().expiry()).isAfter(before);
    }
  }

  @Test
  void aShortSessionOutlivesItsTokenByRenewals() throws Exception {
    try (OriginalServer server = OriginalServer.start();
        OurClient client = new OurClient()) {
      ConnectResult.Connected tunnel =
          OurClient.connected(client.connect(server, config -> config, () -> "node:3"));
      Instant first = tunnel.control().expiry();

      await().until(() -> Instant.now().isAfter(first.plusSeconds(2)));

      EchoRun.run(tunnel, 4, 100);
      assertThat(tunnel.control().closed().toCompletableFuture()).isNotDone();
    }
  }

  @Test
  void aSessionOfASecondThatIsNotRenewedEndsWithCode4() throws Exception {
    try (OriginalServer server = OriginalServer.start();
        OurClient client = new OurClient()) {
      ConnectResult.Connected tunnel =
          OurClient.connected(
              client.connect(server, config -> config.withoutAutoRenewal(), () -> "node:1"));
      Instant expiry = tunnel.control().expiry();

      assertThat(OurClient.get(tunnel.control().closed()))
          .isEqualTo(new TunnelEnd.PeerClosed(4, "session expired"));
      assertThat(Instant.now()).isAfterOrEqualTo(expiry);
      assertThat(tunnel.sender().send(Unpooled.copyLong(1)))
          .isInstanceOf(SendResult.ClosedTunnel.class);
      assertThat(server.event("ended").get("how").asString()).isEqualTo("session expired");
    }
  }

  @ParameterizedTest
  @CsvSource({"strange", "expired", "nonsense"})
  void aWrongTokenIsRefused(String token) throws Exception {
    try (OriginalServer server = OriginalServer.start();
        OurClient client = new OurClient()) {
      ConnectResult result = client.connect(server, config -> config, () -> token);

      assertThat(result).isInstanceOf(ConnectResult.Refused.class);
      assertThat(server.event("refused").get("error").asString())
          .isEqualTo("unexpected control request");
    }
  }

  @Test
  void anAddressThatIsNotGivenIsRefused() throws Exception {
    try (OriginalServer server = OriginalServer.start("-refuse", "192.168.0.1");
        OurClient client = new OurClient()) {
      ConnectResult result =
          client.connect(server, config -> config, () -> "node:60", Addresses.V4);

      assertThat(result).isInstanceOf(ConnectResult.Refused.class);
    }
  }

  @Test
  void twoAddressesAtOnceAreBeyondTheOriginal() throws Exception {
    try (OriginalServer server = OriginalServer.start();
        OurClient client = new OurClient()) {
      ConnectResult result =
          client.connect(server, config -> config, () -> "node:60", Addresses.V4, Addresses.V6);

      assertThat(result).isInstanceOf(ConnectResult.Refused.class);
    }
  }

  @Test
  void anotherAddressIsAssignedLater() throws Exception {
    try (OriginalServer server = OriginalServer.start();
        OurClient client = new OurClient()) {
      ConnectResult.Connected tunnel = client.connected(server);

      assertThat(OurClient.get(tunnel.control().assign(List.of(Addresses.V4))))
          .isEqualTo(CommandResult.Done.DONE);

      assertThat(tunnel.control().addresses()).containsExactly(Addresses.V4);
      SendResult outdated = tunnel.sender().send(Unpooled.EMPTY_BUFFER);
      assertThat(outdated).isInstanceOf(SendResult.NewAssignedAddress.class);
    }
  }

  @Test
  void aLaterRefusalLeavesTheTunnelUp() throws Exception {
    try (OriginalServer server = OriginalServer.start("-refuse", "192.168.0.1");
        OurClient client = new OurClient()) {
      ConnectResult.Connected tunnel = client.connected(server);

      assertThat(OurClient.get(tunnel.control().assign(List.of(Addresses.V4))))
          .isInstanceOfSatisfying(
              CommandResult.Failed.class,
              failed -> assertThat(failed.fault().logText()).contains("400"));

      EchoRun.run(tunnel, 4, 100);
    }
  }

  @Test
  void anIdleTunnelLivesByPresentingItsCurrentTokenAgain() throws Exception {
    Duration idle = Duration.ofSeconds(2);
    try (OriginalServer server = OriginalServer.start("-idle=2s", "-keep-alive=0s");
        OurClient client = new OurClient(QuicConfig.builder().idleTimeout(idle).build())) {
      ConnectResult.Connected tunnel =
          OurClient.connected(
              client.connect(server, config -> config.withoutAutoRenewal(), () -> "node:3600"));
      Instant established = Instant.now();

      await().until(() -> Instant.now().isAfter(established.plus(idle.multipliedBy(3))));

      EchoRun.run(tunnel, 4, 100);
      for (int judged = 0; judged < 2 + 3; judged++) {
        assertThat(server.event("token").get("token").asString()).isEqualTo("node:3600");
      }
    }
  }

  @Test
  void anIdleTunnelWithoutKeepAliveIsLost() throws Exception {
    Duration idle = Duration.ofSeconds(2);
    try (OriginalServer server = OriginalServer.start("-idle=2s", "-keep-alive=0s");
        OurClient client = new OurClient(QuicConfig.builder().idleTimeout(idle).build())) {
      ConnectResult.Connected tunnel =
          OurClient.connected(
              client.connect(
                  server,
                  config -> config.withoutAutoRenewal().idleTimeout(Duration.ZERO),
                  () -> "node:3600"));

      assertThat(OurClient.get(tunnel.control().closed()))
          .isInstanceOf(TunnelEnd.ConnectionLost.class);
    }
  }

  @Test
  void aPacketThatIsLargerThanThePathCarriesIsToldSo() throws Exception {
    try (OriginalServer server = OriginalServer.start();
        OurClient client = new OurClient()) {
      ConnectResult.Connected tunnel = client.connected(server);

      var told =
          tunnel
              .sender()
              .eventLoop()
              .submit(() -> tunnel.sender().send(Unpooled.wrappedBuffer(new byte[1500])));

      assertThat(told.get()).isEqualTo(SendResult.Outcome.TOO_BIG);
      EchoRun.run(tunnel, 4, 100);
    }
  }
}
