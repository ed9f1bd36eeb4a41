package io.penstock.gateway.certificate;

import java.io.IOException;
import java.math.BigInteger;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import javax.security.auth.x500.X500Principal;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.cert.CertIOException;
import org.bouncycastle.cert.X509v3CertificateBuilder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509ExtensionUtils;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/// The gateway's own certificate authority: one P-256 key in the data directory that signs the
/// certificates of this gateway, and those of nodes for their own names.
///
/// Safe for use by several threads at once.
public final class CertificateAuthority {

  /// The authority lives as long as its data directory can be expected to.
  private static final Duration AUTHORITY_LIFE = Duration.ofDays(3650);

  /// What browsers accept at most is 398 days; the gateway renews long before.
  private static final Duration LEAF_LIFE = Duration.ofDays(365);

  /// Certificates start in the past so that a clock that is a little behind accepts them.
  private static final Duration BACKDATED = Duration.ofHours(1);

  private static final X500Principal OWN_SUBJECT = new X500Principal("O=Penstock gateway");
  private static final X500Principal NODE_SUBJECT = new X500Principal("O=Penstock node");
  private static final String CERTIFICATE_FILE = "ca.crt";
  private static final String KEY_FILE = "ca.key";
  private static final SecureRandom RANDOM = new SecureRandom();

  private final Identity authority;
  private final Clock clock;

  private CertificateAuthority(Identity authority, Clock clock) {
    this.authority = authority;
    this.clock = clock;
  }

  /// Reads the authority from the directory, or makes one there if there is none.
  ///
  /// @param directory exists and is writable at the first start
  /// @throws IOException when its files cannot be read or written, with the file in the message
  public static CertificateAuthority loadOrCreate(Path directory, Clock clock) throws IOException {
    Path certificateFile = directory.resolve(CERTIFICATE_FILE);
    Path keyFile = directory.resolve(KEY_FILE);
    if (Files.exists(certificateFile) && Files.exists(keyFile)) {
      return new CertificateAuthority(Pem.read(certificateFile, keyFile), clock);
    }
    if (Files.exists(certificateFile)) {
      // A new authority would lock out every agent that trusts this one.
      throw new IOException(
          "%s is there and its key %s is not; put the key back, or remove the certificate to have a new authority made, which every agent has to be told of"
              .formatted(certificateFile, keyFile));
    }
    Identity made = make(clock);
    Pem.writeKey(keyFile, made.key());
    Pem.writeChain(certificateFile, made.chain());
    return new CertificateAuthority(made, clock);
  }

  /// The file that holds the authority's certificate, for clients that trust it by file.
  public static Path certificateFile(Path directory) {
    return directory.resolve(CERTIFICATE_FILE);
  }

  /// The authority's own certificate.
  public X509Certificate certificate() {
    return authority.chain().getFirst();
  }

  /// Issues a server certificate with a fresh key for the names and addresses.
  ///
  /// The chain holds the authority too, so that a client that pins it finds it there.
  ///
  /// @param dnsNames lower case, in ASCII; the first names the subject
  public Identity issue(List<String> dnsNames, List<InetAddress> addresses) throws IOException {
    KeyPair keys = newKeys();
    return new Identity(
        keys.getPrivate(),
        certify(keys.getPublic(), OWN_SUBJECT, LEAF_LIFE, alternativeNames(dnsNames, addresses)));
  }

  /// Issues a server certificate for the key of somebody else, who has shown that it is theirs.
  ///
  /// @param dnsName lower case, in ASCII
  /// @return the chain, with the authority at its end
  public List<X509Certificate> certify(PublicKey key, String dnsName, Duration life)
      throws IOException {
    return certify(key, NODE_SUBJECT, life, alternativeNames(List.of(dnsName), List.of()));
  }

  private List<X509Certificate> certify(
      PublicKey key, X500Principal subject, Duration life, GeneralNames names) throws IOException {
    Instant now = clock.instant();
    var builder =
        new JcaX509v3CertificateBuilder(
            certificate(),
            serial(),
            Date.from(now.minus(BACKDATED)),
            Date.from(earlier(now.plus(life), certificate().getNotAfter().toInstant())),
            subject,
            key);
    try {
      addKeyIds(builder, key);
      builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(false));
      builder.addExtension(Extension.keyUsage, true, new KeyUsage(KeyUsage.digitalSignature));
      builder.addExtension(
          Extension.extendedKeyUsage, false, new ExtendedKeyUsage(KeyPurposeId.id_kp_serverAuth));
      builder.addExtension(Extension.subjectAlternativeName, true, names);
    } catch (CertIOException e) {
      throw new IOException("cannot encode a certificate for " + names, e);
    }
    return List.of(sign(builder, authority), certificate());
  }

  /// Certificates as PEM, one behind the other.
  public static String pem(List<X509Certificate> chain) throws IOException {
    return Pem.text(chain);
  }

  private static Identity make(Clock clock) throws IOException {
    KeyPair keys = newKeys();
    Instant now = clock.instant();
    X500Name name = new X500Name("CN=Penstock gateway CA " + serial().toString(16).substring(0, 8));
    var builder =
        new JcaX509v3CertificateBuilder(
            name,
            serial(),
            Date.from(now.minus(BACKDATED)),
            Date.from(now.plus(AUTHORITY_LIFE)),
            name,
            keys.getPublic());
    try {
      builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(0));
      builder.addExtension(
          Extension.keyUsage, true, new KeyUsage(KeyUsage.keyCertSign | KeyUsage.cRLSign));
      builder.addExtension(
          Extension.subjectKeyIdentifier,
          false,
          extensions().createSubjectKeyIdentifier(keys.getPublic()));
    } catch (CertIOException e) {
      throw new IOException("cannot encode the gateway's own CA", e);
    }
    return new Identity(keys.getPrivate(), List.of(sign(builder, keys)));
  }

  private void addKeyIds(X509v3CertificateBuilder builder, PublicKey key) throws IOException {
    builder.addExtension(
        Extension.authorityKeyIdentifier,
        false,
        extensions().createAuthorityKeyIdentifier(certificate().getPublicKey()));
    builder.addExtension(
        Extension.subjectKeyIdentifier, false, extensions().createSubjectKeyIdentifier(key));
  }

  private static GeneralNames alternativeNames(List<String> dnsNames, List<InetAddress> addresses) {
    List<GeneralName> names = new ArrayList<>();
    dnsNames.forEach(name -> names.add(new GeneralName(GeneralName.dNSName, name)));
    addresses.forEach(
        address -> names.add(new GeneralName(GeneralName.iPAddress, literal(address))));
    return new GeneralNames(names.toArray(GeneralName[]::new));
  }

  /// The address as text without a scope, as the JDK reads it back from a certificate.
  static String literal(InetAddress address) {
    String text = address.getHostAddress();
    int scope = text.indexOf('%');
    return scope < 0 ? text : text.substring(0, scope);
  }

  private static X509Certificate sign(X509v3CertificateBuilder builder, Identity issuer)
      throws IOException {
    return sign(builder, new KeyPair(issuer.chain().getFirst().getPublicKey(), issuer.key()));
  }

  private static X509Certificate sign(X509v3CertificateBuilder builder, KeyPair issuer)
      throws IOException {
    try {
      var signer = new JcaContentSignerBuilder("SHA256withECDSA").build(issuer.getPrivate());
      return new JcaX509CertificateConverter().getCertificate(builder.build(signer));
    } catch (OperatorCreationException | GeneralSecurityException e) {
      throw new IOException("cannot sign a certificate", e);
    }
  }

  private static KeyPair newKeys() throws IOException {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
      generator.initialize(new ECGenParameterSpec("secp256r1"), RANDOM);
      return generator.generateKeyPair();
    } catch (GeneralSecurityException e) {
      throw new IOException("this JDK makes no P-256 keys", e);
    }
  }

  private static JcaX509ExtensionUtils extensions() throws IOException {
    try {
      return new JcaX509ExtensionUtils();
    } catch (GeneralSecurityException e) {
      throw new IOException("this JDK has no SHA-1 for key identifiers", e);
    }
  }

  private static BigInteger serial() {
    return new BigInteger(127, RANDOM).setBit(126);
  }

  private static Instant earlier(Instant a, Instant b) {
    return a.isBefore(b) ? a : b;
  }
}
