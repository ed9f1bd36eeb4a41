package io.penstock.gateway.admin;

import io.penstock.api.IpAddress;
import io.penstock.api.Listing;
import io.penstock.api.web.Endpoint;
import io.penstock.api.web.WebProblemException;
import io.penstock.api.web.WebRequest;
import io.penstock.api.web.WebResponse;
import io.penstock.gateway.admin.OverlayOperations.Outcome;
import io.penstock.gateway.store.StoredToken;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The endpoints of the admin API for the overlay: nodes and leases.
final class OverlayAdminApi {

  private static final Logger LOG = LoggerFactory.getLogger(OverlayAdminApi.class);

  private final AdminGate gate;
  private final Optional<OverlayOperations> overlay;

  /// @param overlay empty when this gateway has none
  OverlayAdminApi(AdminGate gate, Optional<OverlayOperations> overlay) {
    this.gate = gate;
    this.overlay = overlay;
  }

  List<Endpoint> endpoints() {
    return List.of(
        new Endpoint("GET", "/api/v1/nodes", this::nodes),
        new Endpoint("DELETE", "/api/v1/nodes/{id}", Set.of("forget"), this::kick),
        new Endpoint("GET", "/api/v1/leases", this::leases),
        new Endpoint("DELETE", "/api/v1/leases/{address}", this::release));
  }

  private WebResponse nodes(WebRequest request) throws WebProblemException, IOException {
    gate.admin(request);
    return WebResponse.json(200, new Listing<>(overlay().nodes()));
  }

  private WebResponse kick(WebRequest request) throws WebProblemException, IOException {
    StoredToken by = gate.admin(request);
    String node = request.parameter("id");
    boolean forget =
        switch (request.query().getOrDefault("forget", "false")) {
          case "true" -> true;
          case "false" -> false;
          default ->
              throw new WebProblemException(
                  400, "bad_request", "the query parameter forget must be true or false");
        };
    Outcome outcome = forget ? overlay().forget(node) : overlay().kick(node);
    switch (outcome) {
      case DONE -> LOG.info("node kicked node={} forgotten={} by={}", node, forget, by.id());
      case NONE, IN_USE ->
          throw new WebProblemException(404, "no_node", "there is no node with this id or name");
      case NOT_CONNECTED ->
          throw new WebProblemException(
              409,
              "not_connected",
              "the node has no tunnel now; to forget it, with its key, name and addresses: penstock node kick %s --forget"
                  .formatted(node));
    }
    return WebResponse.noContent();
  }

  private WebResponse leases(WebRequest request) throws WebProblemException, IOException {
    gate.admin(request);
    return WebResponse.json(200, new Listing<>(overlay().leases()));
  }

  private WebResponse release(WebRequest request) throws WebProblemException, IOException {
    StoredToken by = gate.admin(request);
    IpAddress address;
    try {
      address = IpAddress.parse(request.parameter("address"));
    } catch (IllegalArgumentException e) {
      throw new WebProblemException(400, "bad_request", String.valueOf(e.getMessage()));
    }
    switch (overlay().release(address)) {
      case DONE -> LOG.info("lease released address={} by={}", address, by.id());
      case NONE, NOT_CONNECTED ->
          throw new WebProblemException(404, "no_lease", "nobody has the address " + address);
      case IN_USE ->
          throw new WebProblemException(
              409, "in_use", "the node that has %s is connected; kick it first".formatted(address));
    }
    return WebResponse.noContent();
  }

  private OverlayOperations overlay() throws WebProblemException {
    return overlay.orElseThrow(
        () ->
            new WebProblemException(
                409, "no_overlay", "this gateway has no overlay, as overlay.quic is off"));
  }
}
