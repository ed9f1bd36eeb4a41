package io.penstock.node.serve;

import io.penstock.api.IssuedCertificate;
import io.penstock.api.client.ApiException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import javax.security.auth.x500.X500Principal;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.ExtensionsGenerator;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.openssl.jcajce.JcaPEMWriter;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.pkcs.jcajce.JcaPKCS10CertificationRequestBuilder;
import org.jspecify.annotations.Nullable;

/// Certificates for the node's own name, issued by the authority of its gateway.
///
/// The key is made here and stays in memory, and in a file for the node's owner alone if one was
/// named, so that a restart needs no new certificate. A certificate is renewed with a new key when
/// a third of its life is left; while that fails, the old one is shown until its end.
public final class GatewayCertificates implements CertificateSource {

  /// Asks the gateway, as [io.penstock.node.identity.NodeIdentity#certify] does.
  @FunctionalInterface
  public interface Authority {

    /// Has a key certified.
    ///
    /// @param csr a PKCS#10 request in PEM
    /// @throws IOException when the gateway refuses or does not answer
    IssuedCertificate certify(String csr) throws IOException;
  }

  /// After a failed renewal the gateway is left alone for that long.
  private static final Duration RETRY_AFTER = Duration.ofMinutes(1);

  /// Two requests of a node that overtake each other: the later one has to be signed again.
  private static final String REPLAYED = "replayed";

  /// Where a key and its certificate are kept over a restart.
  ///
  /// @param file in a directory that exists
  /// @param gateway one line that says how the gateway is known; what another one has issued is not
  ///   used
  public record Kept(Path file, String gateway) {}

  private record Held(CertificateSource.Certificate certificate, Instant renewFrom, Instant end) {

    /// @param from when its life began
    static Held of(CertificateSource.Certificate certificate, Instant from) {
      Instant end = certificate.chain().getFirst().getNotAfter().toInstant();
      Duration life = Duration.between(from, end);
      return new Held(certificate, from.plus(life.multipliedBy(2).dividedBy(3)), end);
    }
  }

  private final Supplier<Optional<String>> ownName;
  private final Authority authority;
  private final InstantSource clock;
  private final @Nullable CertificateStore store;
  private @Nullable Held held;
  private Instant retryFrom = Instant.MIN;

  /// Keeps the certificate in memory.
  ///
  /// @param ownName the node's full name, once it is known
  public GatewayCertificates(
      Supplier<Optional<String>> ownName, Authority authority, InstantSource clock) {
    this(ownName, authority, clock, (CertificateStore) null);
  }

  /// Keeps the certificate in a file, too.
  ///
  /// @param ownName the node's full name, once it is known
  public GatewayCertificates(
      Supplier<Optional<String>> ownName, Authority authority, InstantSource clock, Kept kept) {
    this(ownName, authority, clock, new CertificateStore(kept.file(), kept.gateway()));
  }

  private GatewayCertificates(
      Supplier<Optional<String>> ownName,
      Authority authority,
      InstantSource clock,
      @Nullable CertificateStore store) {
    this.ownName = ownName;
    this.authority = authority;
    this.clock = clock;
    this.store = store;
  }

  @Override
  public synchronized Certificate certificate(String name) throws IOException {
    String own =
        ownName
            .get()
            .orElseThrow(
                () ->
                    new IOException(
                        "the node has not joined its network yet, which gives it its name"));
    if (!own.equals(name)) {
      throw new IOException(
          "the gateway certifies this node as %s alone; use that name, or in a program give files (NodeConfig.Builder.certificates)"
              .formatted(own));
    }
    if (held == null && store != null) {
      held =
          store
              .load(own)
              .map(kept -> Held.of(kept, kept.chain().getFirst().getNotBefore().toInstant()))
              .orElse(null);
    }
    Held known = held;
    Instant now = clock.instant();
    boolean good = known != null && now.isBefore(known.end());
    boolean due = known == null || !now.isBefore(known.renewFrom());
    if (due && (!good || !now.isBefore(retryFrom))) {
      try {
        known = issue(own, now);
        held = known;
      } catch (IOException e) {
        retryFrom = now.plus(RETRY_AFTER);
        if (!good) {
          throw e;
        }
      }
    }
    if (known == null) {
      throw new IOException("the gateway has issued no certificate");
    }
    return known.certificate();
  }

  private Held issue(String name, Instant now) throws IOException {
    KeyPair keys = newKeys();
    String csr = request(keys, name);
    IssuedCertificate issued;
    try {
      issued = authority.certify(csr);
    } catch (ApiException e) {
      if (!e.code().equals(REPLAYED)) {
        throw e;
      }
      issued = authority.certify(csr);
    }
    List<X509Certificate> chain = chain(issued.chain());
    X509Certificate leaf = chain.getFirst();
    if (!leaf.getPublicKey().equals(keys.getPublic())) {
      throw new IOException("the gateway has certified another key than the one that was sent");
    }
    Certificate certificate = new Certificate(keys.getPrivate(), chain);
    if (store != null) {
      store.save(certificate);
    }
    return Held.of(certificate, now);
  }

  private static KeyPair newKeys() throws IOException {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
      generator.initialize(new ECGenParameterSpec("secp256r1"));
      return generator.generateKeyPair();
    } catch (GeneralSecurityException e) {
      throw new IOException("this JDK makes no P-256 keys", e);
    }
  }

  private static String request(KeyPair keys, String name) throws IOException {
    try {
      ExtensionsGenerator extensions = new ExtensionsGenerator();
      extensions.addExtension(
          Extension.subjectAlternativeName,
          false,
          new GeneralNames(new GeneralName(GeneralName.dNSName, name)));
      var request =
          new JcaPKCS10CertificationRequestBuilder(
                  new X500Principal("O=Penstock node"), keys.getPublic())
              .addAttribute(PKCSObjectIdentifiers.pkcs_9_at_extensionRequest, extensions.generate())
              .build(new JcaContentSignerBuilder("SHA256withECDSA").build(keys.getPrivate()));
      StringWriter text = new StringWriter();
      try (JcaPEMWriter pem = new JcaPEMWriter(text)) {
        pem.writeObject(request);
      }
      return text.toString();
    } catch (OperatorCreationException e) {
      throw new IOException("cannot sign a certificate request", e);
    }
  }

  private static List<X509Certificate> chain(String pem) throws IOException {
    try {
      List<X509Certificate> chain =
          CertificateFactory.getInstance("X.509")
              .generateCertificates(
                  new ByteArrayInputStream(pem.getBytes(StandardCharsets.US_ASCII)))
              .stream()
              .map(X509Certificate.class::cast)
              .toList();
      if (chain.isEmpty()) {
        throw new IOException("the gateway has answered without a certificate");
      }
      return chain;
    } catch (GeneralSecurityException e) {
      throw new IOException("the gateway has answered with what is no certificate", e);
    }
  }
}
