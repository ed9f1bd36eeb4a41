package io.penstock.gateway.overlay.session;

import io.penstock.api.CertificateRequest;
import io.penstock.api.IssuedCertificate;
import io.penstock.api.SessionRequest;
import io.penstock.api.web.Endpoint;
import io.penstock.api.web.WebApi;
import io.penstock.api.web.WebProblemException;
import io.penstock.api.web.WebRequest;
import io.penstock.api.web.WebResponse;
import io.penstock.gateway.certificate.CertificateAuthority;
import io.penstock.gateway.certificate.SigningRequest;
import io.penstock.gateway.certificate.SigningRequestException;
import io.penstock.gateway.store.StoredNode;
import java.io.IOException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// `POST /api/v1/certificates` of the client API: has the gateway's authority certify a key for the
/// own name of a node, and for no other.
///
/// The node has to prove who it is as it does for a session. Safe for use by several threads,
/// blocks on the storage.
public final class CertificateApi {

  /// Short, as nodes renew by themselves and there is no list of revoked ones.
  public static final Duration LIFE = Duration.ofDays(30);

  private static final Logger LOG = LoggerFactory.getLogger(CertificateApi.class);

  private final SignedRequests signed;
  private final CertificateAuthority authority;
  private final String zone;

  /// @param zone of the nodes' names
  public CertificateApi(SignedRequests signed, CertificateAuthority authority, String zone) {
    this.signed = signed;
    this.authority = authority;
    this.zone = zone;
  }

  /// What this adds to the client API.
  public List<Endpoint> endpoints() {
    return List.of(new Endpoint("POST", "/api/v1/certificates", this::certify));
  }

  private WebResponse certify(WebRequest request) throws WebProblemException, IOException {
    CertificateRequest wanted = WebApi.body(request, CertificateRequest.class);
    StoredNode node =
        signed
            .require(request, new SessionRequest(wanted.node(), wanted.name(), wanted.publicKey()))
            .node();
    String name = node.name() + "." + zone;
    SigningRequest asked;
    try {
      asked = SigningRequest.read(wanted.csr());
      asked.requireName(name);
    } catch (SigningRequestException e) {
      throw new WebProblemException(400, "bad_csr", String.valueOf(e.getMessage()));
    }
    List<X509Certificate> chain = authority.certify(asked.key(), name, LIFE);
    LOG.info("certificate issued node={} name={}", node.id(), name);
    return WebResponse.json(
        201,
        new IssuedCertificate(
            CertificateAuthority.pem(chain), chain.getFirst().getNotAfter().toInstant()));
  }
}
