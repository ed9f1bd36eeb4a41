package io.penstock.node.serve;

import io.penstock.node.store.OwnerFile;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.cert.X509Certificate;
import java.util.HexFormat;
import java.util.Optional;
import org.bouncycastle.openssl.jcajce.JcaPEMWriter;
import org.bouncycastle.openssl.jcajce.JcaPKCS8Generator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The file that keeps a key and its certificate over a restart.
///
/// ```
///   Penstock certificate from gw.example.com:7443 …
///   SHA-256 …
///   -----BEGIN PRIVATE KEY-----
///   …
///   -----BEGIN CERTIFICATE-----
///   …
/// ```
///
/// What was damaged, or comes from somebody else, is not used.
///
/// @param gateway how the one that issues is known; what another one has issued is not used
record CertificateStore(Path file, String gateway) {

  private static final Logger LOG = LoggerFactory.getLogger(CertificateStore.class);

  private static final String TITLE = "Penstock certificate from ";

  /// Of all that follows its line.
  private static final String DIGEST = "SHA-256 ";

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
      String text = Files.readString(file, StandardCharsets.UTF_8);
      return text.startsWith(TITLE + gateway + "\n")
          ? Optional.of(read(text.substring(text.indexOf('\n') + 1)))
              .filter(kept -> isFor(kept, name))
          : Optional.empty();
    } catch (IOException | GeneralSecurityException e) {
      LOG.warn("the kept certificate cannot be used file={} cause=\"{}\"", file, e.getMessage());
      return Optional.empty();
    }
  }

  private static CertificateSource.Certificate read(String text)
      throws IOException, GeneralSecurityException {
    int end = text.indexOf('\n') + 1;
    String pem = text.substring(end);
    if (!text.substring(0, end).equals(digestLine(pem))) {
      throw new IOException("it was damaged");
    }
    int from = pem.indexOf(CERTIFICATE);
    if (from < 0) {
      throw new IOException("it holds no certificate");
    }
    return PemPair.read(stream(pem.substring(from)), stream(pem.substring(0, from)));
  }

  private static String digestLine(String pem) {
    try {
      byte[] digest =
          MessageDigest.getInstance("SHA-256").digest(pem.getBytes(StandardCharsets.UTF_8));
      return DIGEST + HexFormat.of().formatHex(digest) + "\n";
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }

  private static ByteArrayInputStream stream(String text) {
    return new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8));
  }

  private static boolean isFor(CertificateSource.Certificate kept, String name) {
    return ServedNames.of(kept.chain().getFirst()).contains(name);
  }

  void save(CertificateSource.Certificate certificate) throws IOException {
    StringWriter written = new StringWriter();
    try (JcaPEMWriter pem = new JcaPEMWriter(written)) {
      pem.writeObject(new JcaPKCS8Generator(certificate.key(), null));
      for (X509Certificate each : certificate.chain()) {
        pem.writeObject(each);
      }
    }
    String text = TITLE + gateway + "\n" + digestLine(written.toString()) + written;
    new OwnerFile(file).write(text.getBytes(StandardCharsets.UTF_8));
  }
}
