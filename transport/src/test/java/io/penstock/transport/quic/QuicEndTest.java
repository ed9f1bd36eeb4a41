package io.penstock.transport.quic;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.Unpooled;
import io.netty.handler.codec.quic.QuicChannel;
import io.penstock.testkit.FaultyUdpRelay;
import io.penstock.testkit.LinkFaults;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class QuicEndTest {

  @Test
  void the_application_of_the_peer_says_why_it_closes() throws Exception {
    try (Endpoints ends = Endpoints.start(1, Endpoints.quick().build(), Endpoints.discard())) {
      QuicChannel client = ends.connect(ends.server.address(), Endpoints.discard());
      QuicChannel server = ends.accepted();

      close(server, true, 4, "session expired");

      assertThat(Endpoints.endOf(client)).isEqualTo(new QuicEnd.ByPeer(4, "session expired"));
      assertThat(Endpoints.endOf(server)).isEqualTo(new QuicEnd.ByUs());
    }
  }

  @ParameterizedTest
  @CsvSource({"true, 7, bye", "true, 7, ''", "true, 0, bye", "true, 0, ''", "false, 0, ''"})
  void the_client_tells_the_server_as_well_with_or_without_a_reason(
      boolean application, int code, String reason) throws Exception {
    try (Endpoints ends = Endpoints.start(1, Endpoints.quick().build(), Endpoints.discard())) {
      QuicChannel client = ends.connect(ends.server.address(), Endpoints.discard());
      QuicChannel server = ends.accepted();

      close(client, application, code, reason);

      assertThat(Endpoints.endOf(server))
          .isEqualTo(
              application
                  ? new QuicEnd.ByPeer(code, reason)
                  : new QuicEnd.ErrorAtPeer(code, reason));
      assertThat(Endpoints.endOf(client)).isEqualTo(new QuicEnd.ByUs());
    }
  }

  @Test
  void a_server_that_is_closed_ends_its_connections() throws Exception {
    try (Endpoints ends = Endpoints.start(1, Endpoints.quick().build(), Endpoints.discard())) {
      QuicChannel client = ends.connect(ends.server.address(), Endpoints.discard());
      QuicChannel server = ends.accepted();

      ends.server.close();

      assertThat(Endpoints.endOf(server)).isEqualTo(new QuicEnd.ByUs());
      assertThat(Endpoints.endOf(client)).isEqualTo(new QuicEnd.ErrorAtPeer(0, "server stops"));
    }
  }

  @Test
  void an_error_of_the_transport_is_not_one_of_the_application() throws Exception {
    try (Endpoints ends = Endpoints.start(1, Endpoints.quick().build(), Endpoints.discard())) {
      QuicChannel client = ends.connect(ends.server.address(), Endpoints.discard());
      QuicChannel server = ends.accepted();

      close(server, false, 10, "violation");

      assertThat(Endpoints.endOf(client)).isEqualTo(new QuicEnd.ErrorAtPeer(10, "violation"));
    }
  }

  @Test
  void silence_ends_both_ends_after_the_idle_timeout() throws Exception {
    QuicConfig config = Endpoints.quick().idleTimeout(Duration.ofMillis(600)).build();
    try (Endpoints ends = Endpoints.start(1, config, Endpoints.discard());
        FaultyUdpRelay relay = FaultyUdpRelay.start(ends.server.address(), LinkFaults.none(0), 1)) {
      QuicChannel client = ends.connect(relay.address(), Endpoints.discard());
      QuicChannel server = ends.accepted();

      assertThat(Endpoints.endOf(client)).isEqualTo(new QuicEnd.IdleTimeout());
      assertThat(Endpoints.endOf(server)).isEqualTo(new QuicEnd.IdleTimeout());
    }
  }

  private static void close(QuicChannel connection, boolean application, int code, String reason) {
    var _ = connection.close(application, code, Unpooled.copiedBuffer(reason, UTF_8));
  }
}
