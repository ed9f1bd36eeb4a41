package io.penstock.transport.tls;

import java.net.Socket;
import java.security.GeneralSecurityException;
import java.security.cert.CertPathValidator;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.PKIXParameters;
import java.security.cert.TrustAnchor;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Set;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedTrustManager;

/// Trusts a chain that leads, signature by signature, to the pinned key (RFC 5280, section 6).
///
/// The pinned certificate has to be in the chain that the server sends, as its root or as its only
/// certificate. Validity dates and constraints are checked, names are not. Being an *extended*
/// trust manager it is not wrapped by the JDK in one that checks names.
final class PinnedTrustManager extends X509ExtendedTrustManager {

  private final Fingerprint pin;

  PinnedTrustManager(Fingerprint pin) {
    this.pin = pin;
  }

  private void check(X509Certificate[] chain) throws CertificateException {
    for (int at = 0; at < chain.length; at++) {
      if (pin.matches(chain[at])) {
        chain[at].checkValidity();
        validate(chain, at);
        return;
      }
    }
    throw new CertificateException(
        "the gateway's certificate chain does not contain the pinned key "
            + pin
            + "; the chain's last key is "
            + (chain.length == 0 ? "absent" : Fingerprint.of(chain[chain.length - 1])));
  }

  private static void validate(X509Certificate[] chain, int anchorAt) throws CertificateException {
    if (anchorAt == 0) {
      return;
    }
    try {
      var path =
          CertificateFactory.getInstance("X.509")
              .generateCertPath(List.of(chain).subList(0, anchorAt));
      var parameters = new PKIXParameters(Set.of(new TrustAnchor(chain[anchorAt], null)));
      parameters.setRevocationEnabled(false);
      CertPathValidator.getInstance("PKIX").validate(path, parameters);
    } catch (GeneralSecurityException e) {
      throw new CertificateException(
          "the gateway's certificate was not issued by the pinned authority: " + e.getMessage(), e);
    }
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String authType, SSLEngine engine)
      throws CertificateException {
    check(chain);
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String authType, Socket socket)
      throws CertificateException {
    check(chain);
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String authType)
      throws CertificateException {
    check(chain);
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String authType, SSLEngine engine)
      throws CertificateException {
    throw clientsAreNotOurs();
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String authType, Socket socket)
      throws CertificateException {
    throw clientsAreNotOurs();
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String authType)
      throws CertificateException {
    throw clientsAreNotOurs();
  }

  private static CertificateException clientsAreNotOurs() {
    return new CertificateException("a pin says nothing about clients");
  }

  @Override
  public X509Certificate[] getAcceptedIssuers() {
    return new X509Certificate[0];
  }
}
