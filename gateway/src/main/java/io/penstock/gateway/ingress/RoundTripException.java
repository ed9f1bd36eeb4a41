package io.penstock.gateway.ingress;

import java.io.IOException;
import java.util.Locale;

/// A request of the embedder was not answered, or its answer ended too early.
public final class RoundTripException extends IOException {

  private static final long serialVersionUID = 1;

  /// Why there is no (whole) answer.
  public enum Reason {
    /// No route leads from the host and path to an app.
    NO_ROUTE,
    /// No agent is connected for the route.
    NO_AGENT,
    /// The agent cannot reach its app.
    APP_DOWN,
    /// The agent's stream ended before an answer came.
    AGENT_LOST,
    /// What came is no HTTP response.
    BAD_RESPONSE,
    /// A limit on waiting was reached.
    TIMEOUT,
    /// The response ended inside its framing.
    CUT_SHORT,
    /// The caller closed the response and then read on.
    CLOSED;

    /// The stable word for it, such as `no_route`.
    public String code() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  private final Reason reason;

  RoundTripException(Reason reason) {
    super("no answer: " + reason.code());
    this.reason = reason;
  }

  public Reason reason() {
    return reason;
  }
}
