package io.penstock.gateway.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penstock.api.HostPort;
import io.penstock.api.config.ConfigException;
import io.penstock.gateway.backend.HealthConfig;
import io.penstock.gateway.overlay.router.RouterConfig;
import io.penstock.protocol.snaptun.ServerTunnelConfig;
import io.penstock.transport.quic.DatagramConfig;
import io.penstock.transport.quic.QuicConfig;
import io.penstock.transport.snaptun.SnapTunServerConfig;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class GatewayConfigTest {

  private static GatewayConfig bind(String toml) throws ConfigException {
    return GatewayConfig.binder().toml(toml, "p.toml", Path.of("/etc/penstock")).bind();
  }

  @Test
  void listensByDefaultWhereTheDesignSays() {
    GatewayConfig config = GatewayConfig.defaults();

    assertThat(config.ingress().http()).contains(HostPort.parse("127.0.0.1:8000"));
    assertThat(config.ingress().https()).contains(HostPort.parse("127.0.0.1:8443"));
    assertThat(config.tunnel().tls()).isEqualTo(HostPort.parse(":7443"));
    assertThat(config.tunnel().kcp()).isEmpty();
    assertThat(config.admin().listen()).isEqualTo(HostPort.parse("127.0.0.1:7070"));
  }

  @Test
  void hasTheLimitsOfTheSpecificationByDefault() {
    GatewayConfig config = GatewayConfig.defaults();

    assertThat(config.tunnel().limits().helloLimit()).isEqualTo(Duration.ofSeconds(5));
    assertThat(config.tunnel().limits().helloBytes()).isEqualTo(16 * 1024);
    assertThat(config.health())
        .isEqualTo(
            new HealthConfig(
                Duration.ofSeconds(5),
                Duration.ofSeconds(1),
                15,
                Duration.ofSeconds(1),
                Duration.ofSeconds(5),
                8));
    assertThat(config.gateway().drainLimit()).isEqualTo(Duration.ofSeconds(30));
    assertThat(config.kcp().unproven().unprovenSegments()).isEqualTo(32);
  }

  @Test
  void takesEveryKeyFromTheFile() throws Exception {
    GatewayConfig config =
        bind(
            """
            data = "state"
            [gateway]
            hostname = "gateway.example.com"
            drain_limit = "1m"
            [ingress]
            http = ":80"
            https = ":443"
            public_https_port = 443
            certificate = "tls/chain.pem"
            key = "tls/key.pem"
            max_head_bytes = "32KiB"
            trusted_proxies = ["10.0.0.0/8"]
            access_log = "info"
            [tunnel]
            tls = ":7443"
            kcp = ":7444"
            hello_limit = "2s"
            [kcp]
            nodelay = false
            snd_wnd = 64
            unproven_segments = 16
            [health]
            ping_interval = "10s"
            [admin]
            listen = "127.0.0.1:0"
            hosts = ["ops.example.com"]
            [storage]
            url = "postgresql://penstock@db.example/penstock"
            password = "hush"
            """);

    assertThat(config.data()).isEqualTo(Path.of("/etc/penstock/state"));
    assertThat(config.gateway().hostname()).contains("gateway.example.com");
    assertThat(config.ingress().certificate()).contains(Path.of("/etc/penstock/tls/chain.pem"));
    assertThat(config.ingress().publicHttpsPort()).contains(443);
    assertThat(config.ingress().limits().maxHeadBytes()).isEqualTo(32 * 1024);
    assertThat(config.tunnel().kcp()).contains(HostPort.parse(":7444"));
    assertThat(config.kcp().session().sndWnd()).isEqualTo(64);
    assertThat(config.kcp().unproven().unprovenSegments()).isEqualTo(16);
    assertThat(config.health().pingInterval()).isEqualTo(Duration.ofSeconds(10));
    assertThat(config.admin().hosts()).containsExactly("ops.example.com");
    assertThat(config.toString()).doesNotContain("hush");
  }

  @Test
  void takesTheRulesOfTheOverlay() throws Exception {
    GatewayConfig config =
        bind(
            """
            [overlay]
            quic = "127.0.0.1:7000"
            ipv6 = "off"
            hold = "1h"

            [[overlay.allow]]
            from = "user:bob"
            to = "node:db"
            protocol = "tcp"
            ports = ["5432", "8000-8100"]

            [[overlay.allow]]
            from = "*"
            to = "user:ops"
            """);

    assertThat(config.overlay().quic()).contains(HostPort.parse("127.0.0.1:7000"));
    assertThat(config.overlay().addresses().ipv6()).isEmpty();
    assertThat(config.overlay().addresses().hold()).isEqualTo(Duration.ofHours(1));
    assertThat(config.overlay().allow())
        .containsExactly(
            new AllowSettings(
                "user:bob",
                "node:db",
                Optional.of(AllowSettings.Protocol.TCP),
                List.of("5432", "8000-8100")),
            new AllowSettings("*", "user:ops", Optional.empty(), List.of()));
  }

  @Test
  void takesTheLimitsOfTunnelsAndOfTheRouter() throws Exception {
    GatewayConfig config =
        bind(
            """
            [overlay.tunnel]
            idle_timeout = "1m"
            keep_alive = "15s"
            handshake_limit = "4s"
            address_proof_limit = "5s"
            establish_limit = "6s"
            request_limit = "7s"
            answer_limit = "8s"
            path_wait = "2s"
            max_connections = 11
            max_streams = 12
            stream_window_bytes = "13KiB"
            max_udp_payload_bytes = 1400
            quic_queue_datagrams = 1024
            pending_datagrams = 15
            max_queued_bytes = "1MiB"
            socket_receive_bytes = "2MiB"
            socket_send_bytes = "3MiB"

            [overlay.router]
            tunnel_queue_bytes = "2MiB"
            loop_queue_bytes = "128MiB"
            service_queue_bytes = "256KiB"
            quantum_bytes = 1280
            delay_target = "10ms"
            delay_interval = "200ms"
            crossing_packets = 1024
            crossing_bytes = "1MiB"
            max_flows = 1000
            max_flows_per_node = 100
            tcp_opening_timeout = "10s"
            tcp_open_timeout = "1h"
            tcp_closing_timeout = "20s"
            udp_timeout = "30s"
            icmp_timeout = "40s"
            icmp_errors_per_second = 500
            icmp_errors_per_source_per_second = 20
            """);

    OverlayTunnelSettings tunnel = config.overlay().tunnel();
    assertThat(tunnel.quic())
        .isEqualTo(
            QuicConfig.builder()
                .idleTimeout(Duration.ofMinutes(1))
                .handshakeTimeout(Duration.ofSeconds(4))
                .tokenLifetime(Duration.ofSeconds(5))
                .maxConnections(11)
                .maxStreams(12)
                .streamWindowBytes(13 * 1024)
                .maxUdpPayloadBytes(1400)
                .datagrams(new DatagramConfig(1024, 15, 1024 * 1024))
                .socketBytes(2 * 1024 * 1024, 3 * 1024 * 1024)
                .build());
    assertThat(tunnel.server())
        .isEqualTo(
            SnapTunServerConfig.of(tunnel.quic().datagrams())
                .withTunnel(
                    ServerTunnelConfig.builder()
                        .acceptTimeout(Duration.ofSeconds(6))
                        .requestTimeout(Duration.ofSeconds(7))
                        .sendTimeout(Duration.ofSeconds(8))
                        .build())
                .withMaxPerFamily(1)
                .withPathWait(Duration.ofSeconds(2)));
    assertThat(tunnel.times().keepAlive()).isEqualTo(Duration.ofSeconds(15));
    assertThat(config.overlay().router())
        .isEqualTo(
            RouterConfig.builder()
                .queueBytes(2 * 1024 * 1024, 128 * 1024 * 1024)
                .serviceQueueBytes(256 * 1024)
                .quantumBytes(1280)
                .delay(Duration.ofMillis(10), Duration.ofMillis(200))
                .crossing(1024, 1024 * 1024)
                .flows(1000, 100)
                .tcpTimeouts(Duration.ofSeconds(10), Duration.ofHours(1), Duration.ofSeconds(20))
                .udpTimeout(Duration.ofSeconds(30))
                .icmpTimeout(Duration.ofSeconds(40))
                .icmpErrors(500, 20)
                .build());
  }

  @Test
  void theLimitsOfTunnelsAreByDefaultThoseOfTheLibrary() {
    OverlayTunnelSettings tunnel = GatewayConfig.defaults().overlay().tunnel();

    assertThat(tunnel.quic()).isEqualTo(QuicConfig.defaults());
    assertThat(tunnel.server())
        .isEqualTo(SnapTunServerConfig.of(DatagramConfig.defaults()).withMaxPerFamily(1));
  }

  @ParameterizedTest
  @CsvSource({
    "idle_timeout, 1s, 10m",
    "keep_alive, 100ms, 10m",
    "handshake_limit, 100ms, 10m",
    "address_proof_limit, 100ms, 10m",
    "establish_limit, 1s, 10m",
    "request_limit, 100ms, 10m",
    "answer_limit, 100ms, 10m",
    "path_wait, 0s, 3s",
    "stream_window_bytes, 4KiB, 16MiB",
    "max_udp_payload_bytes, 1324B, 9000B",
    "max_queued_bytes, 64KiB, 1GiB",
    "socket_receive_bytes, 64KiB, 1GiB",
    "socket_send_bytes, 64KiB, 1GiB"
  })
  void theLibraryTakesWhatIsAllowed(String key, String least, String most) throws Exception {
    for (String value : List.of(least, most)) {
      OverlayTunnelSettings tunnel =
          bind("overlay.tunnel.%s = '%s'".formatted(key, value)).overlay().tunnel();
      assertThat(tunnel.quic().datagrams()).isEqualTo(tunnel.server().packets().datagrams());
    }
  }

  @Test
  void takesVariablesAndIgnoresThoseOfThePrograms() throws Exception {
    GatewayConfig config =
        GatewayConfig.binder()
            .environment(
                Map.of(
                    "PENSTOCK_INGRESS_HTTP", "off",
                    "PENSTOCK_ADMIN_LISTEN", "[::1]:0",
                    "PENSTOCK_STORAGE_URL", "postgresql://db/penstock",
                    "PENSTOCK_TOKEN", "pst_x",
                    "PENSTOCK_ADMIN_TOKEN", "pst_x",
                    "PENSTOCK_JAVA_HOME", "/opt/jdk"))
            .bind();

    assertThat(config.ingress().http()).isEmpty();
    assertThat(config.admin().listen()).isEqualTo(HostPort.parse("[::1]:0"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "ingres.http = ':80' | p.toml:1: ingres: unknown key; did you mean \"ingress\"?",
        "ingress.htp = ':80' | p.toml:1: ingress.htp: unknown key; did you mean \"ingress.http\"?",
        "ingress.max_connections = 0 | p.toml:1: ingress.max_connections is 0, allowed is 1 or"
            + " more",
        "ingress.http = 'off'~ingress.https = 'off' | p.toml:1: ingress.http is off, allowed is an"
            + " address",
        "ingress.key = 'k.pem' | ingress.certificate is off, allowed is a PEM file",
        "health.ping_limit = '5s' | p.toml:1: health.ping_limit is 5s, allowed is less than"
            + " ping_interval (5s)",
        "kcp.interval_millis = 0 | p.toml:1: kcp.interval_millis is 0, allowed is 1 to 5000",
        "tunnel.hello_bytes = 1 | p.toml:1: tunnel.hello_bytes is 1B, allowed is 256B to 1MiB",
        "gateway.hostname = 'https://x' | p.toml:1: gateway.hostname is https://x, allowed is a"
            + " host name",
        "storage.url = 'mysql://hush' | p.toml:1: storage.url is (hidden), allowed is"
            + " postgresql://",
        "admin = '127.0.0.1:1' | p.toml:1: admin: is a table; its keys are body_bytes",
        "overlay.ipv4 = '10.86.0.1/16' | overlay.ipv4 is \"10.86.0.1/16\", allowed is a network"
            + " such",
        "overlay.ipv4 = 'fd00::/64' | p.toml:1: overlay.ipv4 is fd00::/64, allowed is an IPv4"
            + " network",
        "overlay.isd_as = '0-1' | overlay.isd_as is \"0-1\", allowed is an ISD-AS without"
            + " wildcards",
        "overlay.zone = 'Up.' | p.toml:1: overlay.zone is Up., allowed is a domain in lower case",
        "overlay.tunnel.idle_timeout = '999ms' | p.toml:1: overlay.tunnel.idle_timeout is 999ms,"
            + " allowed is 1s to 10m",
        "overlay.tunnel.keep_alive = '0s' | overlay.tunnel.keep_alive is 0s, allowed is 100ms to",
        "overlay.tunnel.path_wait = '4s' | overlay.tunnel.path_wait is 4s, allowed is 0s to 3s",
        "overlay.tunnel.quic_queue_datagrams = 63 | overlay.tunnel.quic_queue_datagrams is 63,"
            + " allowed is 64 to 65536",
        "overlay.tunnel.socket_send_bytes = '1KiB' | overlay.tunnel.socket_send_bytes is 1KiB,"
            + " allowed is 64KiB to 1GiB",
        "overlay.tunnel.max_udp_payload_bytes = 1323 | overlay.tunnel.max_udp_payload_bytes is"
            + " 1323B, allowed is 1324B to 9000B",
        "overlay.tunnel.idle = '30s' | p.toml:1: overlay.tunnel.idle: unknown key",
        "overlay.router.tunnel_queue_bytes = 1 | p.toml:1: overlay.router.tunnel_queue_bytes is 1B,"
            + " allowed is 64KiB to 1GiB",
        "overlay.router.loop_queue_bytes = '512KiB' | overlay.router.loop_queue_bytes is 512KiB,"
            + " allowed is 1MiB to 1GiB",
        "overlay.router.crossing_packets = 100 | overlay.router.crossing_packets is 100, allowed is"
            + " a power of two",
        "overlay.router.max_flows_per_node = 0 | overlay.router.max_flows_per_node is 0, allowed is"
            + " 1 to",
        "[[overlay.allow]]~from = 'ann'~to = '*' | p.toml:1: overlay.allow[0]: from is ann, allowed"
            + " is user:NAME, node:NAME or *",
        "[[overlay.allow]]~from = '*'~to = '*'~protocol = 'tcp'~ports = ['0'] | ports is 0, allowed"
            + " is PORT or FIRST-LAST",
        "[[overlay.allow]]~from = '*'~to = '*'~protocol = 'off' | p.toml:4:"
            + " overlay.allow[0].protocol is \"off\", allowed is one of tcp, udp, icmp, any",
        "[[overlay.allow]]~from = '*'~to = '*'~protocol = 'udp'~ports = [] | p.toml:5:"
            + " overlay.allow[0].ports is [], allowed is",
        "[[overlay.allow]]~from = '*'~to = '*'~protocl = 'tcp' | p.toml:4:"
            + " overlay.allow[0].protocl: unknown key; did you mean \"protocol\"?",
        "[[overlay.allow]]~from = '*'~to = '*'~ports = ['80'] | allowed is none unless protocol",
      })
  void saysWhatIsWrongWhereAndWhatIsAllowed(String toml, String message) {
    assertThatThrownBy(() -> bind(toml.replace('~', '\n')))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining(message)
        .hasMessageNotContaining("hush");
  }
}
