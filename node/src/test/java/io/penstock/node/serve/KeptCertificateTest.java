package io.penstock.node.serve;

import static io.penstock.node.serve.ServeFixture.NAME;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penstock.api.IssuedCertificate;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The certificate that a node has kept over a restart, and what becomes of one that it must not
/// show.
class KeptCertificateTest {

  private static final String GATEWAY = "gw.example.com:7443, Pinned[fingerprint=sha256:00]";
  private static final Duration LIFE = Duration.ofDays(30);

  @TempDir private Path directory;

  private final Instant now = Instant.now();
  private Path file;
  private int asked;

  @BeforeEach
  void name() {
    file = directory.resolve("certificate.pem");
  }

  /// A node that has just been started.
  private GatewayCertificates node(String gateway, String name, Instant at) {
    return new GatewayCertificates(
        () -> Optional.of(name),
        csr -> issue(csr, at),
        () -> at,
        new GatewayCertificates.Kept(file, gateway));
  }

  private IssuedCertificate issue(String csr, Instant at) throws IOException {
    asked++;
    return TestAuthority.certify(csr, at, LIFE);
  }

  private CertificateSource.Certificate kept() throws IOException {
    return node(GATEWAY, NAME, now).certificate(NAME);
  }

  /// A node that is started with what is in the file asks for another certificate, shows and keeps
  /// that, and shows nothing when the gateway is away.
  private void assertNotShown(
      CertificateSource.Certificate wrong, String gateway, String name, Instant at)
      throws IOException {
    byte[] content = Files.readAllBytes(file);
    GatewayCertificates lonely =
        new GatewayCertificates(
            () -> Optional.of(name),
            _ -> {
              throw new IOException("the gateway is away");
            },
            () -> at,
            new GatewayCertificates.Kept(file, gateway));
    assertThatThrownBy(() -> lonely.certificate(name)).hasMessage("the gateway is away");
    assertThat(Files.readAllBytes(file)).isEqualTo(content);

    int before = asked;
    CertificateSource.Certificate shown = node(gateway, name, at).certificate(name);
    assertThat(asked).isEqualTo(before + 1);
    assertThat(shown.chain()).isNotEqualTo(wrong.chain());
    assertThat(shown.key()).isNotEqualTo(wrong.key());
    assertThat(ServedNames.of(shown.chain().getFirst())).containsExactly(name);
    assertThat(node(gateway, name, at).certificate(name)).as("it is kept").isEqualTo(shown);
    assertThat(asked).isEqualTo(before + 1);
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
        .isEqualTo("rw-------");
  }

  @Test
  void a_good_one_is_shown_again_and_the_gateway_not_asked() throws Exception {
    CertificateSource.Certificate first = kept();
    assertThat(kept()).isEqualTo(first);
    assertThat(node(GATEWAY, NAME, now.plus(Duration.ofDays(19))).certificate(NAME))
        .isEqualTo(first);
    assertThat(asked).isEqualTo(1);
  }

  @Test
  void one_of_another_gateway_or_authority_is_not_shown() throws Exception {
    CertificateSource.Certificate first = kept();
    assertNotShown(first, "gw.example.org:7443, Pinned[fingerprint=sha256:00]", NAME, now);
    assertNotShown(kept(), "gw.example.com:7443, Pinned[fingerprint=sha256:11]", NAME, now);
  }

  @Test
  void one_for_another_name_is_not_shown() throws Exception {
    assertNotShown(kept(), GATEWAY, "db.penstock.internal", now);
  }

  @Test
  void one_that_has_expired_is_not_shown() throws Exception {
    assertNotShown(kept(), GATEWAY, NAME, now.plus(LIFE).plusSeconds(1));
  }

  @Test
  void one_that_is_old_is_renewed_and_shown_while_the_gateway_is_away() throws Exception {
    CertificateSource.Certificate first = kept();
    Instant late = now.plus(Duration.ofDays(25));
    GatewayCertificates lonely =
        new GatewayCertificates(
            () -> Optional.of(NAME),
            _ -> {
              throw new IOException("the gateway is away");
            },
            () -> late,
            new GatewayCertificates.Kept(file, GATEWAY));
    assertThat(lonely.certificate(NAME)).isEqualTo(first);
    assertThat(node(GATEWAY, NAME, late).certificate(NAME)).isNotEqualTo(first);
    assertThat(asked).isEqualTo(2);
  }

  @Test
  void one_whose_key_is_another_is_not_shown() throws Exception {
    CertificateSource.Certificate first = kept();
    String ours = Files.readString(file);
    Files.delete(file);
    CertificateSource.Certificate other = kept();
    CertificateSource.Certificate mixed =
        new CertificateSource.Certificate(other.key(), first.chain());
    Files.writeString(file, ours);
    new CertificateStore(file, GATEWAY).save(mixed);
    assertNotShown(mixed, GATEWAY, NAME, now);
  }

  @Test
  void one_that_others_can_read_is_not_shown() throws Exception {
    CertificateSource.Certificate first = kept();
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));
    assertNotShown(first, GATEWAY, NAME, now);
  }

  @Test
  void one_that_was_cut_off_anywhere_is_not_shown() throws Exception {
    CertificateSource.Certificate first = kept();
    byte[] whole = Files.readAllBytes(file);
    for (int length = 0; length < whole.length; length += 31) {
      Files.write(file, Arrays.copyOf(whole, length));
      assertNotShown(first, GATEWAY, NAME, now);
    }
  }

  @Test
  void one_with_a_wrong_byte_anywhere_is_not_shown() throws Exception {
    CertificateSource.Certificate first = kept();
    byte[] whole = Files.readAllBytes(file);
    Random random = new Random(5);
    for (int i = 0; i < 50; i++) {
      byte[] damaged = whole.clone();
      damaged[random.nextInt(whole.length)] ^= (byte) (1 + random.nextInt(255));
      Files.write(file, damaged);
      assertNotShown(first, GATEWAY, NAME, now);
    }
  }

  @Test
  void what_is_none_at_all_is_not_shown() throws Exception {
    CertificateSource.Certificate first = kept();
    Files.write(file, new byte[1 << 20]);
    assertNotShown(first, GATEWAY, NAME, now);
    Files.write(
        file,
        ("Penstock certificate from "
                + GATEWAY
                + "\n-----BEGIN PRIVATE KEY-----\nA=A\n-----END PRIVATE KEY-----\n")
            .getBytes(UTF_8));
    assertNotShown(first, GATEWAY, NAME, now);
  }
}
