package io.penstock.node.agent.app;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.testkit.wire.WireServer;
import io.penstock.transport.tls.Trust;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A local app that speaks HTTPS with a certificate that nobody vouches for.
class SecureAppTest {

  private static final String GET = "GET / HTTP/1.1\r\nHost: app.test\r\n\r\n";
  private static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
  private static final char[] PASSWORD = "changeit".toCharArray();

  @TempDir private Path directory;
  private final WireServer unused = WireServer.start();
  private SSLServerSocket server;

  @BeforeEach
  void start() throws Exception {
    Path store = directory.resolve("app.p12");
    run(
        Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
        "-genkeypair",
        "-alias",
        "app",
        "-keyalg",
        "EC",
        "-dname",
        "CN=localhost",
        "-storetype",
        "PKCS12",
        "-storepass",
        new String(PASSWORD),
        "-keystore",
        store.toString());
    KeyStore keys = KeyStore.getInstance("PKCS12");
    try (InputStream in = Files.newInputStream(store)) {
      keys.load(in, PASSWORD);
    }
    KeyManagerFactory managers =
        KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    managers.init(keys, PASSWORD);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(managers.getKeyManagers(), null, null);
    server =
        (SSLServerSocket)
            context
                .getServerSocketFactory()
                .createServerSocket(0, 50, InetAddress.getLoopbackAddress());
    Thread.startVirtualThread(this::serve);
  }

  @AfterEach
  void stop() throws IOException {
    server.close();
    unused.close();
  }

  private static void run(String... command) throws Exception {
    Process process = new ProcessBuilder(command).inheritIO().start();
    assertThat(process.waitFor()).isZero();
  }

  private void serve() {
    while (!server.isClosed()) {
      try (SSLSocket socket = (SSLSocket) server.accept()) {
        byte[] head = socket.getInputStream().readNBytes(GET.length());
        if (head.length == GET.length()) {
          socket.getOutputStream().write(OK.getBytes(StandardCharsets.US_ASCII));
          socket.getInputStream().read();
        }
      } catch (IOException e) {
        // A client that does not trust us breaks the handshake off.
      }
    }
  }

  private URI target() {
    return URI.create("https://127.0.0.1:" + server.getLocalPort());
  }

  @Test
  void isReachedWhenItsCertificateIsNotToBeChecked() {
    try (var agent = AppFixture.to(target(), unused, c -> c.trust(new Trust.Anybody()));
        var stream = agent.stream()) {
      assertThat(stream.send(GET).readMessage()).isEqualTo(OK);
    }
  }

  @Test
  void isDownWhenItsCertificateIsChecked() {
    try (var agent = AppFixture.to(target(), unused, c -> c);
        var stream = agent.stream()) {
      assertThat(stream.send(GET).readMessage()).contains("Penstock-App-Down: 1\r\n");
    }
  }
}
