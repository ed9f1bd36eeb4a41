package io.penstock.transport.tls;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import org.junit.jupiter.api.Test;

class PinnedTrustManagerTest {

  private final X509Bundle authority = authority();
  private final X509Bundle leaf = leaf(authority);
  private final PinnedTrustManager manager =
      new PinnedTrustManager(Fingerprint.of(authority.getCertificate()));

  @Test
  void a_chain_to_the_pinned_key_is_trusted() {
    assertThatCode(() -> check(leaf.getCertificate(), authority.getCertificate()))
        .doesNotThrowAnyException();
  }

  @Test
  void a_single_certificate_with_the_pinned_key_is_trusted() {
    assertThatCode(() -> check(authority.getCertificate())).doesNotThrowAnyException();
  }

  @Test
  void a_leaf_of_another_authority_of_the_same_name_is_refused() {
    X509Certificate forged = leaf(authority()).getCertificate();

    assertThatThrownBy(() -> check(forged, authority.getCertificate()))
        .isInstanceOf(CertificateException.class)
        .hasMessageContaining("not issued by the pinned authority");
  }

  @Test
  void a_chain_that_lacks_the_pinned_key_is_refused() {
    assertThatThrownBy(() -> check(leaf.getCertificate()))
        .isInstanceOf(CertificateException.class)
        .hasMessageContaining("does not contain the pinned key");
    assertThatThrownBy(() -> check())
        .isInstanceOf(CertificateException.class)
        .hasMessageContaining("absent");
  }

  @Test
  void an_expired_leaf_is_refused() {
    X509Certificate expired = leaf(authority, Instant.now().minus(1, ChronoUnit.DAYS));

    assertThatThrownBy(() -> check(expired, authority.getCertificate()))
        .isInstanceOf(CertificateException.class);
  }

  private void check(X509Certificate... chain) throws CertificateException {
    manager.checkServerTrusted(chain, "UNKNOWN");
  }

  private static X509Bundle authority() {
    return build(
        () ->
            new CertificateBuilder()
                .subject("CN=the authority")
                .setIsCertificateAuthority(true)
                .buildSelfSigned());
  }

  private static X509Bundle leaf(X509Bundle issuer) {
    return build(
        () ->
            new CertificateBuilder()
                .subject("CN=localhost")
                .addSanDnsName("localhost")
                .buildIssuedBy(issuer));
  }

  private static X509Certificate leaf(X509Bundle issuer, Instant notAfter) {
    return build(
            () ->
                new CertificateBuilder()
                    .subject("CN=localhost")
                    .notBefore(notAfter.minus(2, ChronoUnit.DAYS))
                    .notAfter(notAfter)
                    .buildIssuedBy(issuer))
        .getCertificate();
  }

  private interface Build {
    X509Bundle run() throws Exception;
  }

  private static X509Bundle build(Build build) {
    try {
      return build.run();
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }
}
