package io.penstock.node.tunnel;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import io.penstock.api.HostLookup;
import io.penstock.api.HostPort;
import io.penstock.api.client.ApiException;
import io.penstock.api.client.GatewayAccess;
import io.penstock.api.client.PeerChange;
import io.penstock.api.client.PeerChanges;
import io.penstock.api.client.RequestHeaders;
import io.penstock.transport.tls.ClientTls;
import io.penstock.transport.tls.Trust;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import javax.net.ssl.ExtendedSSLSession;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// How clients of a gateway's API find its host when they are told how, and that they then still
/// mean the name.
class GatewayNameTest {

  private static final InetAddress LOOPBACK = InetAddress.ofLiteral("127.0.0.1");
  private static final InetAddress NOBODY = InetAddress.ofLiteral("127.0.0.86");
  private static final String NAME = "gateway.test";

  @TempDir private Path directory;

  private final List<String> asked = new CopyOnWriteArrayList<>();

  @SuppressWarnings("NullAway.Init") // each test starts one
  private SSLServerSocket server;

  @SuppressWarnings("NullAway.Init")
  private Trust trust;

  /// Starts something that speaks as a gateway does to those who listen to its peers.
  private HostPort start(String certified) throws Exception {
    CertificateBuilder builder =
        new CertificateBuilder().subject("CN=Test gateway").setIsCertificateAuthority(true);
    X509Bundle certificate =
        (Character.isDigit(certified.charAt(0))
                ? builder.addSanIpAddress(certified)
                : builder.addSanDnsName(certified))
            .buildSelfSigned();
    trust =
        new Trust.CaFile(
            Files.writeString(directory.resolve("ca.crt"), certificate.getCertificatePathPEM()));
    KeyStore store = certificate.toKeyStore(new char[0]);
    KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    keys.init(store, new char[0]);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(keys.getKeyManagers(), null, null);
    server = (SSLServerSocket) context.getServerSocketFactory().createServerSocket(0, 50, LOOPBACK);
    Thread.startVirtualThread(this::serve);
    return new HostPort(NAME, server.getLocalPort());
  }

  private void serve() {
    while (!server.isClosed()) {
      try (SSLSocket visitor = (SSLSocket) server.accept()) {
        visitor.startHandshake();
        asked.add(((ExtendedSSLSession) visitor.getSession()).getRequestedServerNames().toString());
        visitor.getInputStream().read();
        visitor
            .getOutputStream()
            .write(
                "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 5\r\n\r\n: hi\n"
                    .getBytes(US_ASCII));
        visitor.getInputStream().readAllBytes();
      } catch (IOException _) {
        // The visitor did not like us, or the test is over.
      }
    }
  }

  @AfterEach
  void close() throws IOException {
    server.close();
  }

  private PeerChanges open(HostPort gateway, HostLookup hosts) throws IOException {
    return PeerChanges.open(
        new GatewayAccess(gateway, ClientTls.jdkContext(trust), hosts, RequestHeaders.NONE),
        "token");
  }

  @Test
  void the_name_is_asked_for_and_checked_at_the_address_that_was_given() throws Exception {
    HostPort gateway = start(NAME);
    try (PeerChanges changes = open(gateway, HostLookup.fixed(NAME, LOOPBACK))) {
      assertThat(changes.next()).containsInstanceOf(PeerChange.StillThere.class);
    }
    assertThat(asked).singleElement().asString().contains(NAME);
  }

  @Test
  void a_certificate_for_the_address_is_not_one_for_the_name() throws Exception {
    for (String other : List.of("other.test", "127.0.0.1")) {
      HostPort gateway = start(other);
      assertThatThrownBy(() -> open(gateway, HostLookup.fixed(NAME, LOOPBACK)))
          .isInstanceOf(ApiException.class)
          .hasMessageContaining("no secure connection to https://gateway.test");
      server.close();
    }
  }

  @Test
  void an_address_where_nobody_answers_is_followed_by_the_next() throws Exception {
    HostPort gateway = start(NAME);
    try (PeerChanges changes = open(gateway, HostLookup.fixed(NAME, NOBODY, LOOPBACK))) {
      assertThat(changes.next()).isPresent();
    }
    assertThatThrownBy(() -> open(gateway, HostLookup.fixed(NAME, NOBODY)))
        .isInstanceOf(ApiException.class)
        .hasMessageContaining("nothing answers at https://gateway.test");
  }

  @Test
  void a_name_that_is_not_found_is_told_with_the_reason_and_an_address_is_not_looked_up()
      throws Exception {
    HostPort gateway = start(NAME);
    HostLookup none =
        host -> {
          throw new UnknownHostException("nobody knows " + host + " today");
        };
    assertThatThrownBy(() -> open(gateway, none))
        .isInstanceOf(ApiException.class)
        .hasMessageContaining("no address is known for gateway.test: nobody knows gateway.test");
    assertThatThrownBy(() -> open(gateway, HostLookup.fixed("other.test", LOOPBACK)))
        .hasMessageContaining("addresses are given for other.test alone");
    assertThat(none.resolve(new HostPort("::1", 7443)))
        .singleElement()
        .satisfies(at -> assertThat(at.getAddress()).isEqualTo(InetAddress.ofLiteral("::1")));
    assertThatThrownBy(() -> ((HostLookup) _ -> List.of()).resolve(gateway))
        .isInstanceOf(UnknownHostException.class);
    assertThatThrownBy(() -> HostLookup.fixed(NAME)).isInstanceOf(IllegalArgumentException.class);
  }
}
