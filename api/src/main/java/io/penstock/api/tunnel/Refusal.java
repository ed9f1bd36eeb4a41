package io.penstock.api.tunnel;

import java.util.Locale;
import java.util.Optional;

/// Why a gateway refuses an agent: the stable codes of a refusal.
public enum Refusal {
  /// The greeting was no valid one.
  BAD_GREETING(false),
  /// No such route exists on this gateway.
  NO_ROUTE(true),
  /// The agent named no route and its user has more than one.
  CHOOSE_ROUTE(true),
  /// The token is unknown, revoked or expired.
  BAD_TOKEN(true),
  /// The token lacks the scope `connect`.
  MISSING_SCOPE(true),
  /// The route belongs to another user than the token.
  NOT_OWNER(true),
  /// The gateway has as many agents as it may have.
  FULL(false),
  /// The gateway is going down and takes no new agents.
  DRAINING(false),
  /// The gateway cannot check the greeting now, for example because its database is away.
  UNAVAILABLE(false);

  private final boolean lasting;

  Refusal(boolean lasting) {
    this.lasting = lasting;
  }

  /// The word on the wire.
  public String code() {
    return name().toLowerCase(Locale.ROOT);
  }

  /// Whether trying again without a change by a person is pointless.
  public boolean isLasting() {
    return lasting;
  }

  /// Finds the refusal for a word on the wire; empty for one of a newer gateway.
  public static Optional<Refusal> of(String code) {
    for (Refusal refusal : values()) {
      if (refusal.code().equals(code)) {
        return Optional.of(refusal);
      }
    }
    return Optional.empty();
  }
}
