package io.penstock.gateway.overlay.session;

import io.penstock.api.Scope;
import io.penstock.api.SessionProof;
import io.penstock.api.SessionRequest;
import io.penstock.api.web.WebProblemException;
import io.penstock.api.web.WebRequest;
import io.penstock.gateway.client.ClientGate;
import io.penstock.gateway.store.NodeBinding;
import io.penstock.gateway.store.OverlayStorage;
import io.penstock.gateway.store.StoredNode;
import io.penstock.gateway.store.StoredToken;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Requests of nodes that show an API token of the scope `overlay` and sign with their own key.
///
/// The first request of a node binds its id, name, key and user together. So whoever has the same
/// API token, or reads it somewhere, can take neither the name nor the address of a node whose key
/// they lack. Safe for use by several threads, blocks on the storage.
public final class SignedRequests {

  private static final Logger LOG = LoggerFactory.getLogger(SignedRequests.class);

  /// Who has sent a request.
  public record Caller(StoredToken apiToken, StoredNode node) {}

  private final SessionConfig config;
  private final ClientGate gate;
  private final OverlayStorage storage;
  private final InstantSource clock;

  public SignedRequests(
      SessionConfig config, ClientGate gate, OverlayStorage storage, InstantSource clock) {
    this.config = config;
    this.gate = gate;
    this.storage = storage;
    this.clock = clock;
  }

  /// Requires the token, the signature, and that the node is who it says.
  ///
  /// @param wanted what the request says of its node
  public Caller require(WebRequest request, SessionRequest wanted)
      throws WebProblemException, IOException {
    StoredToken apiToken = gate.require(request, Scope.OVERLAY);
    Instant now = clock.instant();
    SessionProof proof = proof(request, wanted, now);
    StoredNode node =
        bound(
            storage.bind(wanted, apiToken.user(), proof.signed(), now, config.maxNodes()), wanted);
    return new Caller(apiToken, node);
  }

  private SessionProof proof(WebRequest request, SessionRequest wanted, Instant now)
      throws WebProblemException {
    SessionProof proof;
    try {
      proof = SessionProof.parse(request.header(SessionProof.HEADER).orElse(""));
    } catch (IllegalArgumentException e) {
      throw new WebProblemException(400, "no_signature", String.valueOf(e.getMessage()));
    }
    Duration apart = Duration.between(proof.signed(), now).abs();
    if (apart.compareTo(config.signatureTolerance()) > 0) {
      throw new WebProblemException(
          403,
          "clock_skew",
          "the request was signed at %s and it is %s here: set the clock of the node"
              .formatted(proof.signed(), now));
    }
    byte[] body = request.body().getBytes(StandardCharsets.UTF_8);
    if (!proof.isBy(wanted.publicKey(), request.bearer().orElse(""), body)) {
      throw new WebProblemException(
          403, "bad_signature", "the request is not signed by the key that is in it");
    }
    return proof;
  }

  private static StoredNode bound(NodeBinding binding, SessionRequest wanted)
      throws WebProblemException {
    return switch (binding) {
      case NodeBinding.Bound(var node, var first) -> {
        if (first) {
          LOG.info("node bound id={} name={} user={}", node.id(), node.name(), node.user());
        }
        yield node;
      }
      case NodeBinding.OtherKey _ ->
          throw new WebProblemException(
              403,
              "key_mismatch",
              "node %s has another key; a node that lost its key needs a new id, or has to be forgotten with: penstock node kick %s --forget"
                  .formatted(wanted.node(), wanted.node()));
      case NodeBinding.OtherUser _ ->
          throw new WebProblemException(
              403, "wrong_user", "node %s belongs to another user".formatted(wanted.node()));
      case NodeBinding.OtherName(var name) ->
          throw new WebProblemException(
              409,
              "name_bound",
              "node %s is called %s for good; to rename it have it forgotten with: penstock node kick %s --forget"
                  .formatted(wanted.node(), name, name));
      case NodeBinding.NameTaken _ ->
          throw new WebProblemException(
              409, "name_taken", "another node is called %s".formatted(wanted.name()));
      case NodeBinding.Replayed _ ->
          throw new WebProblemException(
              409,
              "replayed",
              "the request was not signed later than the last one of its node; sign it anew");
      case NodeBinding.Full _ ->
          throw new WebProblemException(
              503, "full", "this network has as many nodes as overlay.max_nodes allows");
    };
  }
}
