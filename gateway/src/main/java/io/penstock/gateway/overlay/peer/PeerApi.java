package io.penstock.gateway.overlay.peer;

import io.penstock.api.Json;
import io.penstock.api.PeerInfo;
import io.penstock.api.PeerSnapshot;
import io.penstock.api.Scope;
import io.penstock.api.web.Endpoint;
import io.penstock.api.web.WebAnswer;
import io.penstock.api.web.WebProblemException;
import io.penstock.api.web.WebRequest;
import io.penstock.api.web.WebResponse;
import io.penstock.api.web.WebSink;
import io.penstock.api.web.WebStream;
import io.penstock.gateway.client.ClientGate;
import io.penstock.gateway.overlay.session.NodeClaims;
import io.penstock.gateway.overlay.session.SessionGuard;
import io.penstock.gateway.overlay.session.TokenVerdict;
import io.penstock.gateway.store.StoredToken;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;

/// The peers of a node on the client API: `GET /api/v1/peers` for all of them now, and `GET
/// /api/v1/peers/changes` for server-sent events (HTML Living Standard, section 9.2).
///
/// For holders of an API token of the scope `overlay` and of session tokens; each sees the peers
/// that it may know of. The stream begins with a `snapshot`, then come `upserted` and `deleted`; a
/// listener that was too slow is told to resync by another `snapshot`. It ends when its token is no
/// longer good. Safe for use by several threads, blocks on the storage.
public final class PeerApi {

  /// How often a listener's token is looked at; a revoked one ends the stream within 5 s.
  private static final Duration CHECK_INTERVAL = Duration.ofSeconds(4);

  /// Devices on the way forget a connection on which nothing is said, some of them after 30 s.
  private static final int CHECKS_BETWEEN_COMMENTS = 4;

  private final ClientGate gate;
  private final SessionGuard sessions;
  private final PeerDirectory directory;
  private final PeerVisibility visibility;

  public PeerApi(
      ClientGate gate, SessionGuard sessions, PeerDirectory directory, PeerVisibility visibility) {
    this.gate = gate;
    this.sessions = sessions;
    this.directory = directory;
    this.visibility = visibility;
  }

  /// What this adds to the client API.
  public List<Endpoint> endpoints() {
    return List.of(
        new Endpoint("GET", "/api/v1/peers", this::peers),
        new Endpoint("GET", "/api/v1/peers/changes", this::changes));
  }

  private WebResponse peers(WebRequest request) throws WebProblemException, IOException {
    return WebResponse.json(200, directory.snapshot(seenBy(viewer(request))));
  }

  private WebAnswer changes(WebRequest request) throws WebProblemException, IOException {
    Predicate<PeerInfo> seen = seenBy(viewer(request));
    return new WebStream("text/event-stream", sink -> tell(sink, request, seen));
  }

  private void tell(WebSink sink, WebRequest request, Predicate<PeerInfo> seen)
      throws IOException, InterruptedException {
    Optional<PeerFeed> listening = directory.listen();
    if (listening.isEmpty()) {
      sink.send(": this gateway has as many listeners as it may have\n\n");
      return;
    }
    PeerFeed feed = listening.get();
    sink.onClosed(feed::close);
    try {
      long shown = snapshot(sink, seen);
      long checkedNanos = System.nanoTime();
      int checks = 0;
      while (true) {
        Optional<PeerFeed.Item> item = feed.next(CHECK_INTERVAL);
        if (System.nanoTime() - checkedNanos >= CHECK_INTERVAL.toNanos()) {
          checkedNanos = System.nanoTime();
          if (!isStillGood(request)) {
            return;
          }
          checks++;
          if (checks % CHECKS_BETWEEN_COMMENTS == 0) {
            sink.send(":\n\n");
          }
        }
        if (item.isPresent()) {
          switch (item.get()) {
            case PeerFeed.Item.Changed(var event) -> {
              if (event.revision() > shown && seen.test(event.peer())) {
                sink.send(text(event));
              }
            }
            case PeerFeed.Item.Resync _ -> shown = snapshot(sink, seen);
            case PeerFeed.Item.Closed _ -> {
              return;
            }
          }
        }
      }
    } finally {
      feed.close();
    }
  }

  private long snapshot(WebSink sink, Predicate<PeerInfo> seen)
      throws IOException, InterruptedException {
    PeerSnapshot snapshot = directory.snapshot(seen);
    sink.send(event("snapshot", snapshot.revision(), snapshot));
    return snapshot.revision();
  }

  private static String text(PeerEvent event) {
    String name =
        switch (event) {
          case PeerEvent.Upserted _ -> "upserted";
          case PeerEvent.Deleted _ -> "deleted";
        };
    return event(name, event.revision(), event.peer());
  }

  /// JSON has no line end outside of its strings, where it is written `\n`.
  private static String event(String name, long id, Object data) {
    return "id: %d\nevent: %s\ndata: %s\n\n".formatted(id, name, Json.writeText(data));
  }

  private Predicate<PeerInfo> seenBy(PeerViewer viewer) {
    return peer -> visibility.sees(viewer, peer);
  }

  private boolean isStillGood(WebRequest request) throws IOException {
    try {
      viewer(request);
      return true;
    } catch (WebProblemException _) {
      return false;
    }
  }

  /// A session token has two dots, an API token none.
  private PeerViewer viewer(WebRequest request) throws WebProblemException, IOException {
    String secret = request.bearer().orElse("");
    if (secret.indexOf('.') < 0) {
      StoredToken token = gate.require(request, Scope.OVERLAY);
      return new PeerViewer(token.user(), Optional.empty());
    }
    if (sessions.check(secret) instanceof TokenVerdict.Valid(NodeClaims claims)) {
      return new PeerViewer(claims.user(), directory.byId(claims.node()).map(PeerInfo::name));
    }
    throw ClientGate.refusal("the session token is unknown, revoked or expired");
  }
}
