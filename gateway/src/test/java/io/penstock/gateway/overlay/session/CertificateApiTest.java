package io.penstock.gateway.overlay.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penstock.api.CertificateRequest;
import io.penstock.api.CreatedToken;
import io.penstock.api.IssuedCertificate;
import io.penstock.api.NodeKey;
import io.penstock.api.Scope;
import io.penstock.api.client.ApiException;
import io.penstock.api.client.SessionClient;
import io.penstock.gateway.certificate.CertificateAuthority;
import io.penstock.gateway.client.ClientApiServer;
import io.penstock.gateway.client.ClientGate;
import io.penstock.gateway.overlay.MovedClock;
import io.penstock.gateway.store.SqliteStorage;
import io.penstock.gateway.store.Storage;
import java.io.ByteArrayInputStream;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import javax.security.auth.x500.X500Principal;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.ExtensionsGenerator;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.openssl.jcajce.JcaPEMWriter;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.pkcs.jcajce.JcaPKCS10CertificationRequestBuilder;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Certificates over the real client API, with the client that ships.
class CertificateApiTest {

  private static final UUID NODE = UUID.fromString("00000000-0000-4000-8000-00000000000a");
  private static final String NAME = "web.penstock.internal";

  @TempDir Path directory;

  private final MovedClock clock = new MovedClock();
  private final KeyPair nodeKey = newKeys("Ed25519", 255);
  private final KeyPair keys = newKeys("EC", 256);
  private Storage storage;
  private CertificateAuthority authority;
  private ClientApiServer server;
  private CreatedToken token;

  @BeforeEach
  void start() throws Exception {
    storage = SqliteStorage.open(directory.resolve("penstock.db"), clock);
    authority =
        CertificateAuthority.loadOrCreate(Files.createDirectory(directory.resolve("ca")), clock);
    SignedRequests signed =
        new SignedRequests(
            SessionConfig.DEFAULT, new ClientGate(storage), storage.overlay(), clock);
    CertificateApi api = new CertificateApi(signed, authority, "penstock.internal");
    server = new ClientApiServer(directory, storage, api.endpoints());
    token = server.token("ann", Scope.OVERLAY);
  }

  @AfterEach
  void stop() {
    server.close();
    storage.close();
  }

  private static KeyPair newKeys(String algorithm, int bits) {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance(algorithm);
      generator.initialize(bits);
      return generator.generateKeyPair();
    } catch (java.security.GeneralSecurityException e) {
      throw new AssertionError(e);
    }
  }

  private static String csr(KeyPair certified, KeyPair signer, GeneralName... names)
      throws Exception {
    ExtensionsGenerator extensions = new ExtensionsGenerator();
    extensions.addExtension(Extension.subjectAlternativeName, false, new GeneralNames(names));
    String algorithm =
        signer.getPrivate().getAlgorithm().equals("RSA") ? "SHA256withRSA" : "SHA256withECDSA";
    var request =
        new JcaPKCS10CertificationRequestBuilder(
                new X500Principal("CN=root"), certified.getPublic())
            .addAttribute(PKCSObjectIdentifiers.pkcs_9_at_extensionRequest, extensions.generate())
            .build(new JcaContentSignerBuilder(algorithm).build(signer.getPrivate()));
    StringWriter text = new StringWriter();
    try (JcaPEMWriter pem = new JcaPEMWriter(text)) {
      pem.writeObject(request);
    }
    return text.toString();
  }

  private static GeneralName dns(String name) {
    return new GeneralName(GeneralName.dNSName, name);
  }

  private IssuedCertificate certify(String apiToken, String name, KeyPair signer, String csr)
      throws Exception {
    clock.advance(Duration.ofMillis(1));
    try (SessionClient client =
        new SessionClient(server.address(), server.trust(), apiToken, clock)) {
      return client.certify(
          new CertificateRequest(NODE, name, NodeKey.of(signer.getPublic()), csr),
          signer.getPrivate());
    }
  }

  private void isRefused(String apiToken, String name, KeyPair signer, String csr, String code) {
    assertThatThrownBy(() -> certify(apiToken, name, signer, csr))
        .isInstanceOfSatisfying(
            ApiException.class, e -> assertThat(e.code()).as(e.getMessage()).isEqualTo(code));
  }

  @Test
  void certifies_the_own_name_of_a_node_and_takes_nothing_but_the_key() throws Exception {
    IssuedCertificate issued = certify(token.token(), "web", nodeKey, csr(keys, keys, dns(NAME)));
    List<X509Certificate> chain =
        CertificateFactory.getInstance("X.509")
            .generateCertificates(
                new ByteArrayInputStream(issued.chain().getBytes(StandardCharsets.US_ASCII)))
            .stream()
            .map(X509Certificate.class::cast)
            .toList();
    assertThat(chain).hasSize(2);
    X509Certificate leaf = chain.getFirst();
    assertThat(chain.get(1)).isEqualTo(authority.certificate());
    leaf.verify(authority.certificate().getPublicKey());
    assertThat(leaf.getPublicKey()).isEqualTo(keys.getPublic());
    assertThat(leaf.getSubjectAlternativeNames()).containsExactly(List.of(2, NAME));
    assertThat(leaf.getSubjectX500Principal()).isEqualTo(new X500Principal("O=Penstock node"));
    assertThat(leaf.getBasicConstraints()).isEqualTo(-1);
    assertThat(issued.expires()).isEqualTo(leaf.getNotAfter().toInstant());
    assertThat(Duration.between(clock.instant(), issued.expires()))
        .isBetween(CertificateApi.LIFE.minusMinutes(1), CertificateApi.LIFE);
  }

  @Test
  void certifies_no_other_name_and_no_more_than_one() throws Exception {
    for (GeneralName[] names :
        new GeneralName[][] {
          {dns("db.penstock.internal")},
          {dns(NAME), dns("db.penstock.internal")},
          {dns("*.penstock.internal")},
          {new GeneralName(GeneralName.iPAddress, "10.0.0.1")},
          {dns(NAME), new GeneralName(GeneralName.rfc822Name, "a@b")}
        }) {
      isRefused(token.token(), "web", nodeKey, csr(keys, keys, names), "bad_csr");
    }
  }

  @Test
  void certifies_no_key_that_the_sender_has_not_shown() throws Exception {
    KeyPair other = newKeys("EC", 256);
    isRefused(token.token(), "web", nodeKey, csr(other, keys, dns(NAME)), "bad_csr");
  }

  @Test
  void certifies_no_weak_key() throws Exception {
    KeyPair weak = newKeys("RSA", 1024);
    isRefused(token.token(), "web", nodeKey, csr(weak, weak, dns(NAME)), "bad_csr");
  }

  @Test
  void refuses_what_is_no_request() {
    for (String text :
        List.of(
            "",
            "x",
            "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n")) {
      isRefused(token.token(), "web", nodeKey, text, "bad_csr");
    }
  }

  @Test
  void wants_a_token_with_the_scope_and_the_key_of_the_node() throws Exception {
    String csr = csr(keys, keys, dns(NAME));
    isRefused("pst_unknown", "web", nodeKey, csr, "bad_token");
    isRefused(server.token("ann", Scope.CONNECT).token(), "web", nodeKey, csr, "missing_scope");
    certify(token.token(), "web", nodeKey, csr);
    isRefused(token.token(), "web", newKeys("Ed25519", 255), csr, "key_mismatch");
    isRefused(token.token(), "db", nodeKey, csr, "name_bound");
    isRefused(server.token("bob", Scope.OVERLAY).token(), "web", nodeKey, csr, "wrong_user");
  }
}
