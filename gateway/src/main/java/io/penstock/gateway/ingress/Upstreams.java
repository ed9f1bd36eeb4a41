package io.penstock.gateway.ingress;

/// The agents behind the routes: picks one for each request.
///
/// Called on the event loops of visitors; must not block.
public interface Upstreams {

  /// Picks an agent for a request on `route` and counts it as in flight.
  Choice choose(Route route);

  /// What [#choose] found.
  sealed interface Choice {}

  /// An agent was picked; [Upstream#finished] is owed to it.
  record Chosen(Upstream upstream) implements Choice {}

  /// No usable agent serves the route.
  enum None implements Choice {
    NO_AGENT
  }
}
