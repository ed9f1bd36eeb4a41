package io.penstock.it.tunnel;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penstock.api.RouteName;
import io.penstock.api.client.AdminClient;
import io.penstock.gateway.certificate.CertificateAuthority;
import io.penstock.gateway.certificate.Identity;
import io.penstock.gateway.config.GatewayConfig;
import io.penstock.gateway.config.IngressSettings;
import io.penstock.it.GoPeers;
import io.penstock.it.PeerProgram;
import io.penstock.node.agent.Agent;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Clock;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Visitors over HTTPS, from their handshake to the app behind an agent.
class HttpsVisitTest {

  private static final int BODY_BYTES = 3_000_000;

  private static PeerProgram app;
  private static URI appUrl;

  @TempDir private Path data;

  @BeforeAll
  static void startApp() throws Exception {
    app = GoPeers.start("app");
    appUrl = URI.create("http://" + app.ready().get("listening").asString());
  }

  @AfterAll
  static void stopApp() {
    if (app != null) {
      app.close();
    }
  }

  private static SSLSocket connect(TestGateway gateway, String serverName) throws IOException {
    return TlsVisit.connect(gateway.https(), gateway.ca(), serverName);
  }

  // ---- certificates of the own authority ----

  @Test
  void an_existing_route_has_its_certificate_and_its_requests_arrive() throws Exception {
    try (TestGateway gateway = TestGateway.start(data)) {
      String route = gateway.newRoute();
      try (Agent agent = Agent.connect(gateway.agent(appUrl, route).build())) {
        assertThat(agent.urls()).anyMatch(url -> url.startsWith("https://" + route));
        try (SSLSocket visitor = connect(gateway, route)) {
          assertThat(TlsVisit.names(visitor)).containsExactly(route);
          assertThat(visitor.getApplicationProtocol()).isEqualTo("http/1.1");
          RawVisit echo = RawVisit.over(visitor, route, "GET", "/echo", "X-Forwarded-Proto: http");
          assertThat(echo.status()).isEqualTo(200);
          assertThat(echo.body().replaceAll("\\s", ""))
              .contains("\"X-Forwarded-Proto\":[\"https\"]")
              .contains("\"X-Forwarded-Host\":[\"" + route + "\"]");
        }
        try (SSLSocket visitor = connect(gateway, route)) {
          RawVisit bytes = RawVisit.over(visitor, route, "GET", bytesTarget());
          byte[] sum =
              MessageDigest.getInstance("SHA-256").digest(bytes.body().getBytes(ISO_8859_1));
          assertThat(bytes.body()).hasSize(BODY_BYTES);
          assertThat(bytes.head()).contains("x-checksum: " + HexFormat.of().formatHex(sum));
        }
      }
    }
  }

  private static String bytesTarget() {
    return "/bytes?framing=length&n=" + BODY_BYTES;
  }

  @Test
  void a_host_is_served_from_when_it_has_a_route_until_it_has_none() throws Exception {
    try (TestGateway gateway = TestGateway.start(data)) {
      String route = gateway.newRoute();
      String late = "late." + route;
      assertRefused(gateway, late);
      assertRefused(gateway, "");
      gateway.addRoute(late + "/path");
      try (SSLSocket visitor = connect(gateway, late.toUpperCase(Locale.ROOT))) {
        assertThat(TlsVisit.names(visitor)).containsExactly(late);
        assertThat(RawVisit.over(visitor, late, "GET", "/path").error()).isEqualTo("no_agent");
      }
      gateway.addRoute("*." + route);
      String below = "any.depth." + route;
      try (SSLSocket visitor = connect(gateway, below)) {
        assertThat(TlsVisit.names(visitor)).containsExactly(below);
      }
      try (AdminClient admin = gateway.admin()) {
        admin.removeRoute(RouteName.parse("*." + route));
        admin.removeRoute(RouteName.parse(late + "/path"));
      }
      assertRefused(gateway, late);
      assertRefused(gateway, below);
      try (SSLSocket visitor = connect(gateway, route)) {
        assertThat(RawVisit.over(visitor, route, "GET", "/").error()).isEqualTo("no_agent");
      }
    }
  }

  private static void assertRefused(TestGateway gateway, String serverName) {
    assertThatThrownBy(() -> connect(gateway, serverName).close())
        .as(serverName)
        .isInstanceOf(IOException.class);
  }

  // ---- a certificate from files ----

  @Test
  void a_certificate_from_files_is_shown_to_everybody(@TempDir Path elsewhere) throws Exception {
    String host = "shop.example.test";
    Identity bought =
        CertificateAuthority.loadOrCreate(elsewhere, Clock.systemUTC())
            .issue(List.of(host, "*." + host), List.of());
    Path certificate = elsewhere.resolve("chain.pem");
    Path key = elsewhere.resolve("key.pem");
    StringBuilder chain = new StringBuilder();
    for (var each : bought.chain()) {
      chain.append(pem("CERTIFICATE", each.getEncoded()));
    }
    Files.writeString(certificate, chain);
    Files.writeString(key, pem("PRIVATE KEY", bought.key().getEncoded()));
    Path ca = CertificateAuthority.certificateFile(elsewhere);
    try (TestGateway gateway =
        TestGateway.start(data, builder -> withCertificate(builder, certificate, key))) {
      gateway.addRoute(host);
      try (Agent _ = Agent.connect(gateway.agent(appUrl, host).build());
          SSLSocket visitor = TlsVisit.connect(gateway.https(), ca, host)) {
        assertThat(TlsVisit.certificate(visitor)).isEqualTo(bought.chain().getFirst());
        assertThat(visitor.getApplicationProtocol()).isEqualTo("http/1.1");
        assertThat(RawVisit.over(visitor, host, "GET", "/1k").status()).isEqualTo(200);
      }
      try (SSLSocket visitor = TlsVisit.connect(gateway.https(), ca, "other." + host)) {
        assertThat(RawVisit.over(visitor, "other." + host, "GET", "/").error())
            .isEqualTo("no_route");
      }
      assertThatThrownBy(() -> connect(gateway, host).close()).isInstanceOf(SSLException.class);
    }
  }

  private static String pem(String what, byte[] bytes) {
    String text = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(bytes);
    return "-----BEGIN %s-----\n%s\n-----END %s-----\n".formatted(what, text, what);
  }

  private static GatewayConfig.Builder withCertificate(
      GatewayConfig.Builder builder, Path certificate, Path key) {
    IngressSettings usual = builder.build().ingress();
    return builder.ingress(
        new IngressSettings(
            usual.http(),
            usual.https(),
            usual.publicHttpPort(),
            usual.publicHttpsPort(),
            Optional.of(certificate),
            Optional.of(key),
            usual.limits()));
  }

  // ---- WebSocket ----

  @Test
  void a_websocket_echoes_through_it() throws Exception {
    try (TestGateway gateway = TestGateway.start(data)) {
      String route = gateway.newRoute();
      try (Agent _ = Agent.connect(gateway.agent(appUrl, route).build());
          SSLSocket visitor = connect(gateway, route)) {
        OutputStream out = visitor.getOutputStream();
        out.write(
            """
            GET /ws HTTP/1.1
            Host: %s
            Connection: Upgrade
            Upgrade: websocket
            Sec-WebSocket-Version: 13
            Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==

            """
                .formatted(route)
                .replace("\n", "\r\n")
                .getBytes(ISO_8859_1));
        DataInputStream in = new DataInputStream(visitor.getInputStream());
        // The key and the answer to it are those of RFC 6455 section 1.3.
        assertThat(head(in))
            .startsWith("HTTP/1.1 101 ")
            .containsIgnoringCase("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
        for (int size : new int[] {0, 5, 125, 126, 60_000}) {
          byte[] payload = "x".repeat(size).getBytes(ISO_8859_1);
          out.write(maskedBinaryFrame(payload));
          assertThat(in.readUnsignedByte()).isEqualTo(0x82);
          int length = in.readUnsignedByte();
          byte[] echoed = new byte[length == 126 ? in.readUnsignedShort() : length];
          in.readFully(echoed);
          assertThat(echoed).isEqualTo(payload);
        }
      }
    }
  }

  private static String head(DataInputStream in) throws IOException {
    StringBuilder head = new StringBuilder();
    while (head.indexOf("\r\n\r\n") < 0) {
      head.append((char) in.readUnsignedByte());
    }
    return head.toString();
  }

  /// A frame of RFC 6455 section 5.2 with a mask of zeros, which leaves the payload as it is.
  private static byte[] maskedBinaryFrame(byte[] payload) {
    boolean isLong = payload.length >= 126;
    ByteBuffer frame = ByteBuffer.allocate((isLong ? 8 : 6) + payload.length);
    frame.put((byte) 0x82).put((byte) (0x80 | (isLong ? 126 : payload.length)));
    if (isLong) {
      frame.putShort((short) payload.length);
    }
    return frame.putInt(0).put(payload).array();
  }
}
