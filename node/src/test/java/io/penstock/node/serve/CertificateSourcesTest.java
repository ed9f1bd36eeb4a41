package io.penstock.node.serve;

import static io.penstock.node.serve.ServeFixture.NAME;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.netty.pkitesting.X509Bundle;
import io.penstock.api.IssuedCertificate;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

class CertificateSourcesTest {

  private static final char[] PASSWORD = "secret".toCharArray();

  @TempDir Path directory;

  private static void write(Path file, String text, int second) throws IOException {
    Files.writeString(file, text);
    Files.setLastModifiedTime(file, FileTime.from(Instant.ofEpochSecond(1_700_000_000L + second)));
  }

  // ---- files ----

  @Test
  void pem_files_are_read_again_when_they_change_and_kept_while_they_are_broken() throws Exception {
    Path chain = directory.resolve("tls.crt");
    Path key = directory.resolve("tls.key");
    X509Bundle first = ServeFixture.issue(NAME);
    X509Bundle second = ServeFixture.issue(NAME);
    write(chain, first.getCertificatePathPEM(), 0);
    write(key, first.getPrivateKeyPEM(), 0);
    FileCertificates files = FileCertificates.pem(chain, key);
    CertificateSource.Certificate before = files.certificate(NAME);
    assertThat(before.chain().getFirst()).isEqualTo(first.getCertificate());
    assertThat(files.certificate(NAME)).isSameAs(before);
    write(chain, "half a fil", 1);
    assertThat(files.certificate(NAME)).isSameAs(before);
    write(chain, second.getCertificatePathPEM(), 2);
    assertThat(files.certificate(NAME)).as("its key is not there yet").isSameAs(before);
    write(key, second.getPrivateKeyPEM(), 2);
    assertThat(files.certificate(NAME).chain().getFirst()).isEqualTo(second.getCertificate());
  }

  @Test
  void that_replaced_files_cannot_be_used_is_logged_once_for_each_reason() throws Exception {
    Path chain = directory.resolve("tls.crt");
    Path key = directory.resolve("tls.key");
    X509Bundle issued = ServeFixture.issue(NAME);
    write(chain, issued.getCertificatePathPEM(), 0);
    write(key, issued.getPrivateKeyPEM(), 0);
    FileCertificates files = FileCertificates.pem(chain, key);
    Logger logger = (Logger) LoggerFactory.getLogger(FileCertificates.class);
    ListAppender<ILoggingEvent> log = new ListAppender<>();
    log.start();
    logger.addAppender(log);
    try {
      files.certificate(NAME);
      assertThat(log.list).isEmpty();
      write(chain, "half a fil", 1);
      files.certificate(NAME);
      files.certificate(NAME);
      assertThat(log.list).hasSize(1);
      assertThat(log.list.getFirst().getLevel()).isEqualTo(Level.WARN);
      assertThat(log.list.getFirst().getFormattedMessage())
          .contains("the one from before is shown")
          .contains(chain.toString());
      Files.delete(chain);
      files.certificate(NAME);
      assertThat(log.list).hasSize(2);
      write(chain, issued.getCertificatePathPEM(), 2);
      files.certificate(NAME);
      assertThat(log.list).as("nothing is wrong any more").hasSize(2);
      Files.delete(chain);
      files.certificate(NAME);
      assertThat(log.list).as("it is wrong again").hasSize(3);
    } finally {
      logger.detachAppender(log);
    }
  }

  @Test
  void a_key_that_is_another_or_damaged_is_told() throws Exception {
    Path chain = directory.resolve("tls.crt");
    Path key = directory.resolve("tls.key");
    write(chain, ServeFixture.issue(NAME).getCertificatePathPEM(), 0);
    write(key, ServeFixture.issue(NAME).getPrivateKeyPEM(), 0);
    assertThatThrownBy(() -> FileCertificates.pem(chain, key).certificate(NAME))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("do not belong together");
    write(key, "-----BEGIN PRIVATE KEY-----\nA=A\n-----END PRIVATE KEY-----\n", 1);
    assertThatThrownBy(() -> FileCertificates.pem(chain, key).certificate(NAME))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("tls.key");
  }

  @Test
  void a_pkcs12_file_is_read_with_its_password() throws Exception {
    X509Bundle issued = ServeFixture.issue(NAME);
    KeyStore store = KeyStore.getInstance("PKCS12");
    store.load(null, null);
    Certificate[] chain = issued.getCertificatePath();
    store.setKeyEntry("tls", issued.getKeyPair().getPrivate(), PASSWORD, chain);
    Path file = directory.resolve("tls.p12");
    try (OutputStream out = Files.newOutputStream(file)) {
      store.store(out, PASSWORD);
    }
    assertThat(FileCertificates.pkcs12(file, PASSWORD).certificate(NAME).chain().getFirst())
        .isEqualTo(issued.getCertificate());
    assertThatThrownBy(() -> FileCertificates.pkcs12(file, "wrong".toCharArray()).certificate(NAME))
        .isInstanceOf(IOException.class);
  }

  @Test
  void a_certificate_for_other_names_is_none() throws Exception {
    X509Bundle issued = ServeFixture.issue("db.penstock.internal");
    Path chain = directory.resolve("tls.crt");
    Path key = directory.resolve("tls.key");
    write(chain, issued.getCertificatePathPEM(), 0);
    write(key, issued.getPrivateKeyPEM(), 0);
    FileCertificates files = FileCertificates.pem(chain, key);
    assertThatThrownBy(() -> files.certificate(NAME))
        .hasMessageContaining("is for [db.penstock.internal] and not for web.penstock.internal");
    assertThatThrownBy(() -> FileCertificates.pem(directory.resolve("none"), key).certificate(NAME))
        .hasMessageContaining("none");
  }

  @Test
  void a_star_stands_for_one_label() {
    assertThat(ServedNames.matches("*.penstock.internal", NAME)).isTrue();
    assertThat(ServedNames.matches("*.penstock.internal", "a.web.penstock.internal")).isFalse();
    assertThat(ServedNames.matches("*.penstock.internal", "penstock.internal")).isFalse();
  }

  // ---- the gateway ----

  @Test
  void the_gateway_is_asked_for_the_own_name_alone() {
    GatewayCertificates source =
        new GatewayCertificates(
            () -> Optional.of(NAME),
            _ -> {
              throw new AssertionError("nothing is to be asked");
            },
            Instant::now);
    assertThatThrownBy(() -> source.certificate("db.penstock.internal"))
        .hasMessageContaining("certifies this node as web.penstock.internal alone");
    GatewayCertificates early =
        new GatewayCertificates(
            Optional::empty,
            _ -> {
              throw new AssertionError("nothing is to be asked");
            },
            Instant::now);
    assertThatThrownBy(() -> early.certificate(NAME)).hasMessageContaining("not joined");
  }

  @Test
  void a_certificate_is_renewed_before_its_end_and_kept_while_the_gateway_is_away()
      throws Exception {
    MovedClock now = new MovedClock();
    AtomicInteger asked = new AtomicInteger();
    AtomicBoolean away = new AtomicBoolean();
    GatewayCertificates source =
        new GatewayCertificates(
            () -> Optional.of(NAME),
            csr -> {
              asked.incrementAndGet();
              if (away.get()) {
                throw new IOException("the gateway is away");
              }
              return TestAuthority.certify(csr, now.instant(), Duration.ofDays(30));
            },
            now);
    CertificateSource.Certificate first = source.certificate(NAME);
    assertThat(ServedNames.of(first.chain().getFirst())).containsExactly(NAME);
    now.advance(Duration.ofDays(19));
    assertThat(source.certificate(NAME)).isSameAs(first);
    assertThat(asked).hasValue(1);
    away.set(true);
    now.advance(Duration.ofDays(2));
    assertThat(source.certificate(NAME)).isSameAs(first);
    assertThat(source.certificate(NAME)).isSameAs(first);
    assertThat(asked).as("the gateway is left alone for a while").hasValue(2);
    away.set(false);
    now.advance(Duration.ofMinutes(2));
    CertificateSource.Certificate second = source.certificate(NAME);
    assertThat(second.key()).isNotEqualTo(first.key());
    away.set(true);
    now.advance(Duration.ofDays(31));
    assertThatThrownBy(() -> source.certificate(NAME)).hasMessage("the gateway is away");
  }

  @Test
  void an_authority_that_answers_with_another_key_is_not_believed() throws Exception {
    X509Bundle other = ServeFixture.issue(NAME);
    GatewayCertificates source =
        new GatewayCertificates(
            () -> Optional.of(NAME),
            _ ->
                new IssuedCertificate(
                    other.getCertificatePathPEM(),
                    other.getCertificate().getNotAfter().toInstant()),
            Instant::now);
    assertThatThrownBy(() -> source.certificate(NAME)).hasMessageContaining("another key");
  }

  @Test
  void a_failure_of_the_gateway_is_the_reason_that_is_told() {
    AtomicReference<String> csr = new AtomicReference<>("");
    GatewayCertificates source =
        new GatewayCertificates(
            () -> Optional.of(NAME),
            request -> {
              csr.set(request);
              throw new IOException("the gateway is away");
            },
            Instant::now);
    assertThatThrownBy(() -> source.certificate(NAME)).hasMessage("the gateway is away");
    assertThat(csr.get()).startsWith("-----BEGIN CERTIFICATE REQUEST-----");
  }

  private static final class MovedClock implements InstantSource {

    private Instant now = Instant.now();

    void advance(Duration by) {
      now = now.plus(by);
    }

    @Override
    public Instant instant() {
      return now;
    }
  }
}
