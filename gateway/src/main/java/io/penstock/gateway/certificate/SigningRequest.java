package io.penstock.gateway.certificate;

import java.io.IOException;
import java.io.StringReader;
import java.security.GeneralSecurityException;
import java.security.PublicKey;
import java.security.interfaces.ECPublicKey;
import java.security.interfaces.RSAPublicKey;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.Extensions;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.openssl.PEMParser;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentVerifierProviderBuilder;
import org.bouncycastle.pkcs.PKCS10CertificationRequest;
import org.bouncycastle.pkcs.PKCSException;
import org.bouncycastle.pkcs.jcajce.JcaPKCS10CertificationRequest;

/// A request for a certificate (PKCS#10, RFC 2986) whose sender has shown to own the key in it.
///
/// Nothing of it is taken over into a certificate but the key.
public final class SigningRequest {

  private static final int MIN_RSA_BITS = 2048;
  private static final int MAX_RSA_BITS = 8192;
  private static final int MIN_EC_BITS = 256;

  private final PublicKey key;
  private final List<String> names;

  private SigningRequest(PublicKey key, List<String> names) {
    this.key = key;
    this.names = names;
  }

  /// Reads a request in PEM and checks its signature.
  ///
  /// @throws SigningRequestException saying what is wrong
  public static SigningRequest read(String pem) throws SigningRequestException {
    try (PEMParser parser = new PEMParser(new StringReader(pem))) {
      if (!(parser.readObject() instanceof PKCS10CertificationRequest request)) {
        throw new SigningRequestException(
            "csr is no \"CERTIFICATE REQUEST\" in PEM (PKCS#10, RFC 2986)");
      }
      PublicKey key = new JcaPKCS10CertificationRequest(request).getPublicKey();
      requireStrong(key);
      if (!request.isSignatureValid(new JcaContentVerifierProviderBuilder().build(key))) {
        throw new SigningRequestException("csr is not signed by the key in it");
      }
      return new SigningRequest(key, names(request));
    } catch (IOException
        | GeneralSecurityException
        | OperatorCreationException
        | PKCSException
        | RuntimeException _) {
      throw new SigningRequestException("csr cannot be read");
    }
  }

  private static void requireStrong(PublicKey key) throws SigningRequestException {
    boolean strong =
        switch (key) {
          case ECPublicKey ec -> ec.getParams().getOrder().bitLength() >= MIN_EC_BITS;
          case RSAPublicKey rsa ->
              rsa.getModulus().bitLength() >= MIN_RSA_BITS
                  && rsa.getModulus().bitLength() <= MAX_RSA_BITS;
          default -> false;
        };
    if (!strong) {
      throw new SigningRequestException(
          "csr has a key that is neither EC with 256 bits or more nor RSA with 2048 to 8192");
    }
  }

  private static List<String> names(PKCS10CertificationRequest request) {
    List<String> names = new ArrayList<>();
    Extensions extensions = request.getRequestedExtensions();
    GeneralNames alternatives =
        extensions == null
            ? null
            : GeneralNames.fromExtensions(extensions, Extension.subjectAlternativeName);
    if (alternatives != null) {
      for (GeneralName each : alternatives.getNames()) {
        names.add(
            each.getTagNo() == GeneralName.dNSName
                ? each.getName().toString().toLowerCase(Locale.ROOT)
                : each.toString());
      }
    }
    return names;
  }

  /// The key to be certified.
  public PublicKey key() {
    return key;
  }

  /// Requires that it asks for this name and no other.
  ///
  /// @throws SigningRequestException naming both
  public void requireName(String name) throws SigningRequestException {
    if (!names.equals(List.of(name))) {
      throw new SigningRequestException(
          "csr asks for %s, and the node may have a certificate for %s alone"
              .formatted(names, name));
    }
  }
}
