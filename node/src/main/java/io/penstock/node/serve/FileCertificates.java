package io.penstock.node.serve;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.security.GeneralSecurityException;
import java.security.Key;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Certificates in files, which are read again when they change.
///
/// While a changed file cannot be read, or key and certificate do not belong together because one
/// of them was replaced first, the certificate from before is shown. The log says so, once for each
/// reason.
public final class FileCertificates implements CertificateSource {

  private static final Logger LOG = LoggerFactory.getLogger(FileCertificates.class);

  /// Reads what is in the files now.
  @FunctionalInterface
  private interface Reader {
    CertificateSource.Certificate read() throws IOException;
  }

  private record Read(CertificateSource.Certificate certificate, Map<Path, FileTime> changed) {}

  private final List<Path> files;
  private final Reader reader;
  private @Nullable Read read;

  /// Why what is in the files now is not shown, as the log has it; empty while it is shown.
  private String refused = "";

  private FileCertificates(List<Path> files, Reader reader) {
    this.files = files;
    this.reader = reader;
  }

  /// A chain and its key in two PEM files; the key in PKCS#8, without a password.
  public static FileCertificates pem(Path chain, Path key) {
    return new FileCertificates(List.of(chain, key), () -> readPem(chain, key));
  }

  /// The first key of a PKCS#12 file.
  public static FileCertificates pkcs12(Path file, char[] password) {
    char[] kept = password.clone();
    return new FileCertificates(List.of(file), () -> readPkcs12(file, kept));
  }

  /// The certificate, if it is good for the name.
  @Override
  public synchronized CertificateSource.Certificate certificate(String name) throws IOException {
    Read known = read;
    try {
      Map<Path, FileTime> changed = changed();
      if (known == null || !known.changed().equals(changed)) {
        known = new Read(reader.read(), changed);
        read = known;
      }
      refused = "";
    } catch (IOException e) {
      if (known == null) {
        throw e;
      }
      tell(String.valueOf(e.getMessage()));
    }
    requireName(known.certificate().chain().getFirst(), name);
    return known.certificate();
  }

  private void tell(String why) {
    if (!why.equals(refused)) {
      refused = why;
      LOG.warn(
          "the certificate in the files cannot be used, the one from before is shown files={}"
              + " cause=\"{}\"",
          files,
          why);
    }
  }

  private Map<Path, FileTime> changed() throws IOException {
    Map<Path, FileTime> times = new HashMap<>();
    for (Path file : files) {
      try {
        times.put(file, Files.getLastModifiedTime(file));
      } catch (IOException e) {
        throw new IOException("cannot read " + file, e);
      }
    }
    return times;
  }

  private void requireName(X509Certificate leaf, String name) throws IOException {
    List<String> names = ServedNames.of(leaf);
    if (names.stream().noneMatch(each -> ServedNames.matches(each, name))) {
      throw new IOException(
          "the certificate in %s is for %s and not for %s"
              .formatted(files.getFirst(), names, name));
    }
  }

  private static CertificateSource.Certificate readPem(Path chainFile, Path keyFile)
      throws IOException {
    try (InputStream chain = Files.newInputStream(chainFile);
        InputStream key = Files.newInputStream(keyFile)) {
      return PemPair.read(chain, key);
    } catch (IOException | GeneralSecurityException e) {
      throw new IOException(
          "cannot read a certificate from %s with its key, in PKCS#8 without a password, from %s: %s"
              .formatted(chainFile, keyFile, e.getMessage()),
          e);
    }
  }

  private static CertificateSource.Certificate readPkcs12(Path file, char[] password)
      throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      KeyStore store = KeyStore.getInstance("PKCS12");
      store.load(in, password);
      for (String alias : Collections.list(store.aliases())) {
        Key key = store.getKey(alias, password);
        java.security.cert.Certificate[] chain = store.getCertificateChain(alias);
        if (key instanceof PrivateKey privateKey && chain != null) {
          List<X509Certificate> certificates = new ArrayList<>();
          for (java.security.cert.Certificate each : chain) {
            certificates.add((X509Certificate) each);
          }
          CertificateSource.Certificate pair =
              new CertificateSource.Certificate(privateKey, certificates);
          PemPair.requireTogether(pair);
          return pair;
        }
      }
      throw new IOException(file + " holds no key with a certificate");
    } catch (GeneralSecurityException e) {
      throw new IOException("cannot read " + file + ": " + e.getMessage(), e);
    }
  }
}
