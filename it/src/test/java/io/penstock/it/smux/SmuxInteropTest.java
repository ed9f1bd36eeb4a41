package io.penstock.it.smux;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.it.GoPeers;
import io.penstock.it.PeerProgram;
import io.penstock.protocol.smux.SmuxCloseReason;
import io.penstock.protocol.smux.SmuxConfig;
import io.penstock.protocol.smux.SmuxRole;
import io.penstock.transport.smux.SmuxConnection;
import io.penstock.transport.smux.SmuxStreamChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/// Our streams against those of the original, in both versions and both roles.
class SmuxInteropTest {

  private static final Duration LIMIT = Duration.ofSeconds(60);

  private static SmuxConfig config(int version) {
    return SmuxConfig.builder().version(version).build();
  }

  private static void echo(SmuxStreamChannel stream) {
    stream.pipeline().addLast(new EchoHandler());
  }

  private static List<EchoCheck> openChecks(SmuxConnection connection, int streams, int bytes)
      throws Exception {
    List<EchoCheck> checks = new ArrayList<>();
    for (int i = 0; i < streams; i++) {
      byte[] data = new byte[bytes + i];
      new Random(i).nextBytes(data);
      EchoCheck check = new EchoCheck(data);
      SmuxHost.open(connection, check);
      checks.add(check);
    }
    return checks;
  }

  @ParameterizedTest
  @CsvSource({"1, client", "1, server", "2, client", "2, server"})
  void the_original_dials_opens_and_gets_its_bytes_back_and_their_end(int version, String role)
      throws Exception {
    SmuxRole ours = role.equals("client") ? SmuxRole.SERVER : SmuxRole.CLIENT;
    try (SmuxHost host = new SmuxHost(config(version), SmuxInteropTest::echo);
        PeerProgram peer =
            GoPeers.start(
                "smux-peer",
                "-version",
                String.valueOf(version),
                "-dial",
                host.listen(ours),
                "-role",
                role,
                "-open",
                "16",
                "-size",
                "1048576",
                "-rounds",
                "3",
                "-half-close")) {
      peer.ready();
      JsonNode result = peer.nextLine(LIMIT);
      assertThat(result.get("failed").asInt()).as(result.toString()).isZero();
      assertThat(result.get("ok").asInt()).isEqualTo(48);
      assertThat(peer.exitCode(LIMIT)).isZero();
    }
  }

  @ParameterizedTest
  @CsvSource({"1, client", "1, server", "2, client", "2, server"})
  void we_dial_open_and_get_our_bytes_back_and_their_end(int version, String role)
      throws Exception {
    SmuxRole ours = role.equals("client") ? SmuxRole.SERVER : SmuxRole.CLIENT;
    SmuxHost host = new SmuxHost(config(version), SmuxInteropTest::echo);
    try (host;
        PeerProgram peer =
            GoPeers.start(
                "smux-peer",
                "-version",
                String.valueOf(version),
                "-listen",
                "127.0.0.1:0",
                "-role",
                role)) {
      SmuxConnection connection = host.dial(peer.ready().get("listening").asString(), ours);
      for (EchoCheck check : openChecks(connection, 16, 1_000_000)) {
        assertThat(check.result.get(60, TimeUnit.SECONDS)).isEqualTo(check.bytes().length);
      }
      host.close();
      JsonNode end = peer.nextLine(LIMIT);
      assertThat(end.get("ended").asInt()).as(end.toString()).isEqualTo(16);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2})
  void both_ends_open_streams_at_the_same_time(int version) throws Exception {
    try (SmuxHost host = new SmuxHost(config(version), SmuxInteropTest::echo);
        PeerProgram peer =
            GoPeers.start(
                "smux-peer",
                "-version",
                String.valueOf(version),
                "-dial",
                host.listen(SmuxRole.SERVER),
                "-open",
                "8",
                "-size",
                "1048576")) {
      peer.ready();
      SmuxConnection connection = host.connection();
      // The peer does not accept streams while it opens its own: ours must not disturb them.
      openChecks(connection, 8, 1000);
      JsonNode result = peer.nextLine(LIMIT);
      assertThat(result.get("ok").asInt()).as(result.toString()).isEqualTo(8);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2})
  void with_our_own_settings_against_the_original(int version) throws Exception {
    SmuxConfig ours = SmuxConfig.own().toBuilder().version(version).build();
    try (SmuxHost host = new SmuxHost(ours, SmuxInteropTest::echo);
        PeerProgram peer =
            GoPeers.start(
                "smux-peer",
                "-version",
                String.valueOf(version),
                "-dial",
                host.listen(SmuxRole.SERVER),
                "-open",
                "4",
                "-size",
                "20000000")) {
      peer.ready();
      JsonNode result = peer.nextLine(LIMIT);
      assertThat(result.get("ok").asInt()).as(result.toString()).isEqualTo(4);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2})
  void a_stream_that_we_do_not_read_leaves_the_originals_others_alone(int version)
      throws Exception {
    List<SmuxStreamChannel> accepted = new CopyOnWriteArrayList<>();
    SmuxConfig ours = config(version).toBuilder().stallLimit(Duration.ofMillis(500)).build();
    try (SmuxHost host =
            new SmuxHost(
                ours,
                stream -> {
                  if (accepted.isEmpty()) {
                    stream.config().setAutoRead(false);
                  }
                  accepted.add(stream);
                  echo(stream);
                });
        PeerProgram peer =
            GoPeers.start(
                "smux-peer",
                "-version",
                String.valueOf(version),
                "-dial",
                host.listen(SmuxRole.SERVER),
                "-unread",
                "1",
                "-open",
                "4",
                "-size",
                "8000000")) {
      peer.ready();
      JsonNode result = peer.nextLine(LIMIT);
      assertThat(result.get("ok").asInt()).as(result.toString()).isGreaterThanOrEqualTo(3);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {2})
  void a_stream_that_the_original_does_not_read_leaves_our_others_alone(int version)
      throws Exception {
    try (SmuxHost host = new SmuxHost(config(version), SmuxInteropTest::echo);
        PeerProgram peer =
            GoPeers.start(
                "smux-peer",
                "-version",
                String.valueOf(version),
                "-listen",
                "127.0.0.1:0",
                "-unread",
                "1")) {
      SmuxConnection connection =
          host.dial(peer.ready().get("listening").asString(), SmuxRole.CLIENT);
      List<EchoCheck> checks = openChecks(connection, 5, 2_000_000);
      for (EchoCheck check : checks.subList(1, 5)) {
        assertThat(check.result.get(60, TimeUnit.SECONDS)).isEqualTo(check.bytes().length);
      }
      assertThat(checks.getFirst().result).isNotDone();
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2})
  void garbage_in_the_middle_of_a_session_ends_that_session_alone(int version) throws Exception {
    try (SmuxHost host = new SmuxHost(config(version), SmuxInteropTest::echo)) {
      String address = host.listen(SmuxRole.SERVER);
      String[] common = {"-version", String.valueOf(version), "-dial", address, "-open", "4"};
      try (PeerProgram garbled =
              GoPeers.start(
                  "smux-peer", with(common, "-garbage-after", "200ms", "-size", "200000000"));
          PeerProgram neighbour = GoPeers.start("smux-peer", with(common, "-size", "50000000"))) {
        assertThat(garbled.ready()).isNotNull();
        neighbour.ready();
        JsonNode result = neighbour.nextLine(LIMIT);
        assertThat(result.get("ok").asInt()).as(result.toString()).isEqualTo(4);
        SmuxCloseReason reason = host.ends.poll(30, TimeUnit.SECONDS);
        assertThat(reason).isInstanceOf(SmuxCloseReason.ProtocolError.class);
      }
    }
  }

  private static String[] with(String[] common, String... more) {
    List<String> all = new ArrayList<>(List.of(common));
    all.addAll(List.of(more));
    return all.toArray(new String[0]);
  }
}
