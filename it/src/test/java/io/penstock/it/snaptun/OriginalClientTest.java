package io.penstock.it.snaptun;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.penstock.it.PeerProgram;
import io.penstock.it.RustPeers;
import io.penstock.protocol.snaptun.TunnelEnd;
import io.penstock.transport.snaptun.Addresses;
import java.time.Duration;
import java.time.Instant;
import java.util.Collections;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;

/// The original's client with our server.
@ExtendWith(RustPeers.class)
class OriginalClientTest {

  private static final Duration LIMIT = Duration.ofSeconds(60);

  private static PeerProgram client(OurServer server, String... arguments) throws Exception {
    return RustPeers.start(
        "snaptun-client",
        Stream.concat(Stream.of("-connect", server.address()), Stream.of(arguments))
            .toArray(String[]::new));
  }

  private static List<String> addresses(JsonNode state) {
    return state.get("addresses").valueStream().map(JsonNode::asString).toList();
  }

  @ParameterizedTest
  @CsvSource({"64, 12", "64, 1100", "100000, 1100"})
  void everyPacketIsEchoedWholeAndInOrder(int packets, int bytes) throws Exception {
    try (OurServer server = OurServer.start();
        PeerProgram client = client(server, "echo=" + packets + "," + bytes, "close=0,done")) {
      assertThat(addresses(client.ready())).containsExactly("[1-ff00:0:110,10.0.0.1]");

      JsonNode echo = client.nextLine(LIMIT);

      assertThat(echo.get("sent").asInt()).isEqualTo(packets);
      assertThat(echo.get("echoed").asInt()).isEqualTo(packets);
      assertThat(echo.get("in_order").asBoolean()).isTrue();
      assertThat(server.end()).isEqualTo(new TunnelEnd.PeerClosed(0, "done"));
      assertThat(server.metrics().datagramsReceived()).isEqualTo(packets);
      assertThat(server.metrics().datagramsSent()).isEqualTo(packets);
      await("the address on hold").until(() -> server.addresses.held().size() == 1);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "1-ff00:0:110,192.168.0.1 | [1-ff00:0:110,192.168.0.1]",
        "1-ff00:0:110,2001:db8::1 | [1-ff00:0:110,2001:db8::1]",
        "1-ff00:0:110,0.0.0.0 | [1-ff00:0:110,10.0.0.1]",
        "1-ff00:0:110,:: | [1-ff00:0:110,fd00::1]"
      })
  void theDesiredAddressIsGiven(String wanted, String given) throws Exception {
    try (OurServer server = OurServer.start();
        PeerProgram client = client(server, "-address", wanted, "echo=4,100")) {
      assertThat(addresses(client.ready())).containsExactly(given);
      assertThat(client.nextLine(LIMIT).get("echoed").asInt()).isEqualTo(4);
    }
  }

  @Test
  void aClientWithoutWishesIsGivenIpv6WhereThereIsNoIpv4() throws Exception {
    try (OurServer server = OurServer.start(Addresses.ANY_V4);
        PeerProgram client = client(server)) {
      assertThat(addresses(client.ready())).containsExactly("[1-ff00:0:110,fd00::1]");
    }
  }

  @Test
  void aSessionIsRenewedOnCommand() throws Exception {
    try (OurServer server = OurServer.start();
        PeerProgram client = client(server, "wait=1100ms", "renew", "echo=4,100")) {
      long before = client.ready().get("expiry").asLong();
      long after = client.nextLine(LIMIT).get("expiry").asLong();

      assertThat(after).isGreaterThan(before);
      assertThat(server.tunnel().expiry()).isEqualTo(Instant.ofEpochSecond(after));
      assertThat(client.nextLine(LIMIT).get("echoed").asInt()).isEqualTo(4);
      assertThat(server.tokens.judged()).containsExactly("node:3600", "node:3600", "node:3600");
    }
  }

  @Test
  void aSessionOfASecondThatIsNotRenewedEndsWithCode4() throws Exception {
    try (OurServer server = OurServer.start();
        PeerProgram client = client(server, "-token", "node:1", "closed")) {
      Instant expiry = Instant.ofEpochSecond(client.ready().get("expiry").asLong());

      JsonNode closed = client.nextLine(LIMIT).get("closed");

      assertThat(closed.get("code").asInt()).isEqualTo(4);
      assertThat(closed.get("reason").asString()).isEqualTo("session expired");
      assertThat(Instant.now()).isBetween(expiry, expiry.plusMillis(2500));
      assertThat(server.end()).isEqualTo(TunnelEnd.ServerEnd.SESSION_EXPIRED);
      await("the address on hold").until(() -> server.addresses.held().size() == 1);
    }
  }

  @Test
  void aShortSessionOutlivesItsTokenByTheOriginalsRenewals() throws Exception {
    try (OurServer server = OurServer.start();
        PeerProgram client =
            client(server, "-token=node:3", "-renewal-threshold=1s", "wait=5s", "echo=4,100")) {
      client.ready();
      assertThat(client.nextLine(LIMIT).get("echoed").asInt()).isEqualTo(4);
    }
  }

  @Test
  void theOriginalsRenewalsWithoutAPauseAreSurvived() throws Exception {
    try (OurServer server = OurServer.start();
        PeerProgram client =
            client(
                server, "-token=node:30", "-renewal-threshold=300s", "wait=1s", "echo=64,1000")) {
      client.ready();

      assertThat(client.nextLine(LIMIT).get("echoed").asInt()).isEqualTo(64);
      assertThat(server.tokens.judged()).hasSizeGreaterThan(10);
      assertThat(server.ends).isEmpty();
    }
  }

  @ParameterizedTest
  @CsvSource({"strange", "expired", "nonsense"})
  void aWrongTokenIsRefused(String token) throws Exception {
    try (OurServer server = OurServer.start();
        PeerProgram client = client(server, "-token", token)) {
      JsonNode refused = client.ready();

      assertThat(refused.get("connected").asBoolean()).isFalse();
      assertThat(refused.get("closed").get("code").asInt()).isEqualTo(1);
      assertThat(refused.get("closed").get("reason").asString())
          .isEqualTo("handling session renewal request");
    }
  }

  @Test
  void aRequestThatIsTooBigIsRefused() throws Exception {
    String[] manyAddresses =
        Collections.nCopies(250, "-address=192.168.0.1").toArray(new String[0]);
    try (OurServer server = OurServer.start();
        PeerProgram renewing = client(server, "-token", "node:" + "0".repeat(4096) + "60");
        PeerProgram assigning = client(server, manyAddresses)) {
      for (PeerProgram client : List.of(renewing, assigning)) {
        JsonNode refused = client.ready();

        assertThat(refused.get("connected").asBoolean()).isFalse();
        assertThat(refused.get("closed").get("code").asInt()).isEqualTo(1);
        assertThat(refused.get("closed").get("reason").asString()).isEqualTo("request too big");
      }
    }
  }

  @Test
  void anAddressThatIsNotGivenIsRefused() throws Exception {
    try (OurServer server = OurServer.start(Addresses.V4);
        PeerProgram client = client(server, "-address", "192.168.0.1")) {
      JsonNode refused = client.ready();

      assertThat(refused.get("connected").asBoolean()).isFalse();
      assertThat(refused.get("closed").get("reason").asString())
          .isEqualTo("handling address assignment request");
    }
  }

  @Test
  void aClientThatAsksForTwoAddressesIsGivenBothInOrder() throws Exception {
    try (OurServer server = OurServer.start();
        PeerProgram client =
            client(server, "-address", "2001:db8::1", "-address", "192.168.0.1", "echo=4,100")) {
      assertThat(addresses(client.ready()))
          .containsExactly("[1-ff00:0:110,2001:db8::1]", "[1-ff00:0:110,192.168.0.1]");
      assertThat(client.nextLine(LIMIT).get("echoed").asInt()).isEqualTo(4);
    }
  }

  @Test
  void twoClientsHaveTunnelsOfTheirOwn() throws Exception {
    try (OurServer server = OurServer.start();
        PeerProgram one = client(server, "-token=one:60", "echo=2000,500");
        PeerProgram other = client(server, "-token=other:60", "echo=2000,600")) {
      one.ready();
      other.ready();

      assertThat(one.nextLine(LIMIT).get("echoed").asInt()).isEqualTo(2000);
      assertThat(other.nextLine(LIMIT).get("echoed").asInt()).isEqualTo(2000);
    }
  }
}
