package io.penstock.gateway.overlay.session;

import io.penstock.api.HostPort;
import io.penstock.api.OverlayNetwork;
import io.penstock.api.Session;
import io.penstock.api.SessionRequest;
import io.penstock.api.tunnel.TunnelNames;
import io.penstock.api.web.Endpoint;
import io.penstock.api.web.WebApi;
import io.penstock.api.web.WebProblemException;
import io.penstock.api.web.WebRequest;
import io.penstock.api.web.WebResponse;
import io.penstock.gateway.store.StoredNode;
import io.penstock.gateway.store.StoredToken;
import java.io.IOException;
import java.util.List;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// `POST /api/v1/sessions` of the client API: sells a session token to a node that shows an API
/// token of the scope `overlay` and signs with its own key.
///
/// Safe for use by several threads, blocks on the storage.
public final class SessionApi {

  private static final Logger LOG = LoggerFactory.getLogger(SessionApi.class);

  /// What nodes are told of the network they join.
  ///
  /// @param quic where tunnels go, asked for each request
  /// @param network the parameters
  public record Surroundings(Supplier<HostPort> quic, OverlayNetwork network) {}

  private final SignedRequests signed;
  private final NodeTokens tokens;
  private final Surroundings surroundings;

  public SessionApi(SignedRequests signed, NodeTokens tokens, Surroundings surroundings) {
    this.signed = signed;
    this.tokens = tokens;
    this.surroundings = surroundings;
  }

  /// What this adds to the client API.
  public List<Endpoint> endpoints() {
    return List.of(new Endpoint("POST", "/api/v1/sessions", this::open));
  }

  private WebResponse open(WebRequest request) throws WebProblemException, IOException {
    SignedRequests.Caller caller =
        signed.require(request, WebApi.body(request, SessionRequest.class));
    StoredNode node = caller.node();
    StoredToken apiToken = caller.apiToken();
    NodeTokens.Issued issued = tokens.issue(node.id(), apiToken);
    LOG.debug("session opened node={} name={} token={}", node.id(), node.name(), apiToken.id());
    return WebResponse.json(
        201,
        new Session(
            issued.token(),
            issued.expires(),
            surroundings.quic().get(),
            TunnelNames.ALPN_NODE,
            surroundings.network()));
  }
}
