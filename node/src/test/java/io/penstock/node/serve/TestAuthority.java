package io.penstock.node.serve;

import io.penstock.api.IssuedCertificate;
import java.io.IOException;
import java.io.StringReader;
import java.io.StringWriter;
import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.cert.X509v3CertificateBuilder;
import org.bouncycastle.openssl.PEMParser;
import org.bouncycastle.openssl.jcajce.JcaPEMWriter;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.pkcs.PKCS10CertificationRequest;

/// An authority that grants what a request asks for.
final class TestAuthority {

  private TestAuthority() {}

  static IssuedCertificate certify(String csr, Instant now, Duration life) throws IOException {
    try (PEMParser parser = new PEMParser(new StringReader(csr))) {
      PKCS10CertificationRequest request = (PKCS10CertificationRequest) parser.readObject();
      KeyPair authority = KeyPairGenerator.getInstance("EC").generateKeyPair();
      Instant end = now.plus(life);
      var certificate =
          new X509v3CertificateBuilder(
                  new X500Name("CN=Test authority"),
                  BigInteger.TEN,
                  Date.from(now),
                  Date.from(end),
                  request.getSubject(),
                  request.getSubjectPublicKeyInfo())
              .addExtension(
                  request.getRequestedExtensions().getExtension(Extension.subjectAlternativeName))
              .build(new JcaContentSignerBuilder("SHA256withECDSA").build(authority.getPrivate()));
      StringWriter text = new StringWriter();
      try (JcaPEMWriter pem = new JcaPEMWriter(text)) {
        pem.writeObject(certificate);
      }
      return new IssuedCertificate(text.toString(), end);
    } catch (GeneralSecurityException | OperatorCreationException e) {
      throw new IOException(e);
    }
  }
}
