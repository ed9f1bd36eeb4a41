package io.penstock.transport.quic;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.handler.codec.quic.QuicChannel;
import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import io.penstock.transport.tls.Fingerprint;
import io.penstock.transport.tls.QuicTls;
import io.penstock.transport.tls.Trust;
import java.io.IOException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class QuicDialerTest {

  @TempDir Path directory;
  private Endpoints ends;

  @BeforeEach
  void start() throws Exception {
    ends = Endpoints.start(1, Endpoints.quick().maxConnections(1).build(), Endpoints.discard());
  }

  @AfterEach
  void stop() {
    ends.close();
  }

  @Test
  void the_authority_of_a_file_is_trusted() throws Exception {
    assertThat(dial(new Trust.CaFile(file(ends.identity)), Endpoints.PROTOCOL).isActive()).isTrue();
  }

  @Test
  void a_pinned_key_is_trusted() throws Exception {
    Trust trust = new Trust.Pinned(Fingerprint.of(ends.identity.getCertificate()));

    assertThat(dial(trust, Endpoints.PROTOCOL).isActive()).isTrue();
  }

  @Test
  void another_authority_is_not_trusted() throws Exception {
    Trust trust = new Trust.CaFile(file(authority("CN=other")));

    assertThatThrownBy(() -> dial(trust, Endpoints.PROTOCOL))
        .hasCauseInstanceOf(IOException.class)
        .hasMessageContaining("its certificate is not trusted");
  }

  @Test
  void another_key_than_the_pinned_one_is_not_trusted() throws Exception {
    Trust trust = new Trust.Pinned(Fingerprint.of(authority("CN=other").getCertificate()));

    assertThatThrownBy(() -> dial(trust, Endpoints.PROTOCOL))
        .hasMessageContaining("its certificate is not trusted");
  }

  @Test
  void the_roots_of_the_system_do_not_know_our_authority() {
    assertThatThrownBy(() -> dial(new Trust.SystemRoots(), Endpoints.PROTOCOL))
        .hasMessageContaining("its certificate is not trusted");
  }

  @Test
  void the_name_has_to_be_in_the_certificate() throws Exception {
    Trust trust = new Trust.CaFile(file(ends.identity));
    QuicDialer dialer =
        new QuicDialer(QuicTls.client(trust, List.of(Endpoints.PROTOCOL)), ends.config);

    assertThatThrownBy(
            () ->
                dialer
                    .dial(
                        ends.loops.next(),
                        ends.server.address(),
                        "other.example",
                        Endpoints.nothing())
                    .toCompletableFuture()
                    .get(10, SECONDS))
        .hasMessageContaining("its certificate is not trusted");
  }

  @Test
  void a_file_without_a_certificate_is_named() {
    Path missing = directory.resolve("missing.pem");

    assertThatThrownBy(() -> QuicTls.client(new Trust.CaFile(missing), List.of(Endpoints.PROTOCOL)))
        .hasMessageContaining("missing.pem");
  }

  @Test
  void a_server_that_speaks_another_protocol_is_told_from_one_that_fails() {
    assertThatThrownBy(() -> dial(new Trust.Anybody(), "other"))
        .hasCauseInstanceOf(IOException.class)
        .hasMessageContaining("none of the protocols");
  }

  @Test
  void a_full_server_refuses() throws Exception {
    QuicChannel first = dial(new Trust.Anybody(), Endpoints.PROTOCOL);

    assertThatThrownBy(() -> dial(new Trust.Anybody(), Endpoints.PROTOCOL))
        .hasMessageContaining("it refuses new connections");
    assertThat(first.isActive()).isTrue();
  }

  @Test
  void silence_is_given_up_in_time() throws Exception {
    QuicConfig config = Endpoints.quick().handshakeTimeout(Duration.ofMillis(300)).build();
    QuicDialer dialer =
        new QuicDialer(QuicTls.client(new Trust.Anybody(), List.of(Endpoints.PROTOCOL)), config);
    try (DatagramSocket silent = new DatagramSocket(0, InetAddress.getLoopbackAddress())) {
      InetSocketAddress address = (InetSocketAddress) silent.getLocalSocketAddress();

      assertThatThrownBy(
              () ->
                  dialer
                      .dial(ends.loops.next(), address, "localhost", Endpoints.nothing())
                      .toCompletableFuture()
                      .get(10, SECONDS))
          .isInstanceOf(ExecutionException.class)
          .hasMessageContaining("within 300 ms");
    }
  }

  @Test
  void a_name_without_an_address_is_said_to_have_none() {
    var nowhere = InetSocketAddress.createUnresolved("nowhere.invalid", 1);

    assertThatThrownBy(
            () -> ends.dial(nowhere, Endpoints.discard()).toCompletableFuture().get(10, SECONDS))
        .hasMessageContaining("cannot resolve nowhere.invalid");
  }

  private QuicChannel dial(Trust trust, String protocol) throws Exception {
    return ends.dial(ends.server.address(), trust, protocol, Endpoints.discard())
        .toCompletableFuture()
        .get(10, SECONDS);
  }

  private static X509Bundle authority(String subject) throws Exception {
    return new CertificateBuilder()
        .subject(subject)
        .setIsCertificateAuthority(true)
        .buildSelfSigned();
  }

  private Path file(X509Bundle authority) throws IOException {
    return Files.writeString(directory.resolve("ca.pem"), authority.getCertificatePEM());
  }
}
