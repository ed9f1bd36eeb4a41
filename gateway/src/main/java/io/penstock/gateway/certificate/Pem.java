package io.penstock.gateway.certificate;

import java.io.IOException;
import java.io.Reader;
import java.io.StringWriter;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.openssl.PEMKeyPair;
import org.bouncycastle.openssl.PEMParser;
import org.bouncycastle.openssl.jcajce.JcaPEMKeyConverter;
import org.bouncycastle.openssl.jcajce.JcaPEMWriter;
import org.bouncycastle.util.io.pem.PemObject;

/// Keys and certificates as PEM files (RFC 7468), written so that a crash leaves the old or the
/// new.
final class Pem {

  private static final Set<PosixFilePermission> OWNER_ONLY =
      PosixFilePermissions.fromString("rw-------");
  private static final Set<PosixFilePermission> READABLE =
      PosixFilePermissions.fromString("rw-r--r--");

  private Pem() {}

  static Identity read(Path certificateFile, Path keyFile) throws IOException {
    return new Identity(readKey(keyFile), readChain(certificateFile));
  }

  static List<X509Certificate> readChain(Path file) throws IOException {
    List<X509Certificate> chain = new ArrayList<>();
    try (var in = Files.newInputStream(file)) {
      for (Certificate each : CertificateFactory.getInstance("X.509").generateCertificates(in)) {
        chain.add((X509Certificate) each);
      }
    } catch (GeneralSecurityException e) {
      throw new IOException("no certificates in " + file + ": " + e.getMessage(), e);
    }
    if (chain.isEmpty()) {
      throw new IOException("no certificates in " + file);
    }
    return chain;
  }

  static PrivateKey readKey(Path file) throws IOException {
    try (Reader in = Files.newBufferedReader(file, StandardCharsets.UTF_8);
        var parser = new PEMParser(in)) {
      var converter = new JcaPEMKeyConverter();
      for (Object object = parser.readObject(); object != null; object = parser.readObject()) {
        switch (object) {
          case PrivateKeyInfo info -> {
            return converter.getPrivateKey(info);
          }
          case PEMKeyPair pair -> {
            return converter.getPrivateKey(pair.getPrivateKeyInfo());
          }
          default -> {
            // Parameters and certificates may stand before the key.
          }
        }
      }
    }
    throw new IOException("no unencrypted private key in " + file);
  }

  static void writeKey(Path file, PrivateKey key) throws IOException {
    write(file, text(List.of(new PemObject("PRIVATE KEY", key.getEncoded()))), OWNER_ONLY);
  }

  static void writeChain(Path file, List<X509Certificate> chain) throws IOException {
    write(file, text(chain), READABLE);
  }

  static String text(List<?> objects) throws IOException {
    var out = new StringWriter();
    try (var writer = new JcaPEMWriter(out)) {
      for (Object object : objects) {
        writer.writeObject(object);
      }
    }
    return out.toString();
  }

  private static void write(Path file, String text, Set<PosixFilePermission> mode)
      throws IOException {
    Path fresh = file.resolveSibling(file.getFileName() + ".new");
    Files.deleteIfExists(fresh);
    Files.createFile(fresh, PosixFilePermissions.asFileAttribute(mode));
    try (var channel = FileChannel.open(fresh, StandardOpenOption.WRITE)) {
      var bytes = StandardCharsets.US_ASCII.encode(text);
      while (bytes.hasRemaining()) {
        channel.write(bytes);
      }
      channel.force(true);
    }
    Files.setPosixFilePermissions(fresh, mode);
    Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }
}
