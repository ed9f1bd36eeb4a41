package io.penstock.node.serve;

import io.penstock.node.store.OwnerFile;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.cert.X509Certificate;
import java.util.Optional;
import org.bouncycastle.openssl.jcajce.JcaPEMWriter;
import org.bouncycastle.openssl.jcajce.JcaPKCS8Generator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The file that keeps a key and its certificate over a restart.
///
/// ```
///   Penstock certificate from gw.example.com:7443 …
///   -----BEGIN PRIVATE KEY-----
///   …
///   -----BEGIN CERTIFICATE-----
///   …
/// ```
///
/// @param gateway how the one that issues is known; what another one has issued is not used
record CertificateStore(Path file, String gateway) {

  private static final Logger LOG = LoggerFactory.getLogger(CertificateStore.class);

  private static final String TITLE = "Penstock certificate from ";
  private static final String CERTIFICATE = "-----BEGIN CERTIFICATE-----";

  /// A key and a chain of a few certificates are some KiB.
  private static final int MAX_BYTES = 64 * 1024;

  /// The certificate for a name, if there is one that can be used; its time is not looked at.
  Optional<CertificateSource.Certificate> load(String name) {
    if (!Files.exists(file)) {
      return Optional.empty();
    }
    try {
      if (!new OwnerFile(file).isPrivate()) {
        throw new IOException("others may use its key");
      }
      if (Files.size(file) > MAX_BYTES) {
        throw new IOException("it is too large");
      }
      String text = Files.readString(file, StandardCharsets.US_ASCII);
      return text.startsWith(TITLE + gateway + "\n")
          ? Optional.of(read(text)).filter(kept -> isFor(kept, name))
          : Optional.empty();
    } catch (IOException | GeneralSecurityException e) {
      LOG.warn("the kept certificate cannot be used file={} cause=\"{}\"", file, e.getMessage());
      return Optional.empty();
    }
  }

  private static CertificateSource.Certificate read(String text)
      throws IOException, GeneralSecurityException {
    int from = text.indexOf(CERTIFICATE);
    if (from < 0) {
      throw new IOException("it holds no certificate");
    }
    CertificateSource.Certificate kept =
        PemPair.read(stream(text.substring(from)), stream(text.substring(0, from)));
    if (!belongTogether(kept.key(), kept.chain().getFirst())) {
      throw new IOException("its key and its certificate do not belong together");
    }
    return kept;
  }

  private static ByteArrayInputStream stream(String text) {
    return new ByteArrayInputStream(text.getBytes(StandardCharsets.US_ASCII));
  }

  private static boolean belongTogether(PrivateKey key, X509Certificate leaf)
      throws GeneralSecurityException {
    byte[] message = {1};
    Signature signer = Signature.getInstance("SHA256withECDSA");
    signer.initSign(key);
    signer.update(message);
    byte[] signature = signer.sign();
    signer.initVerify(leaf.getPublicKey());
    signer.update(message);
    return signer.verify(signature);
  }

  private static boolean isFor(CertificateSource.Certificate kept, String name) {
    return ServedNames.of(kept.chain().getFirst()).contains(name);
  }

  void save(CertificateSource.Certificate certificate) throws IOException {
    StringWriter text = new StringWriter();
    text.write(TITLE + gateway + "\n");
    try (JcaPEMWriter pem = new JcaPEMWriter(text)) {
      pem.writeObject(new JcaPKCS8Generator(certificate.key(), null));
      for (X509Certificate each : certificate.chain()) {
        pem.writeObject(each);
      }
    }
    new OwnerFile(file).write(text.toString().getBytes(StandardCharsets.US_ASCII));
  }
}
