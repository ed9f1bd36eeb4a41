package io.penstock.protocol.snaptun;

import java.util.List;

/// The state of one tunnel, for its engine to change and for any thread to look at.
///
/// State and version are one immutable value behind one volatile field. The version counts every
/// change except a mere extension of the session, so an observer that keeps the number it saw last
/// needs one read and one comparison, however many steps lie between two looks.
///
/// Deviates from the original, which asks whether the version is exactly one ahead, and so never
/// notices two steps.
public final class TunnelStates {

  /// A state together with the version at which it was entered.
  public record Versioned(TunnelState state, long version) {}

  private volatile Versioned current = new Versioned(TunnelState.Unassigned.UNASSIGNED, 0);

  TunnelStates() {}

  /// The state and its version, read together.
  public Versioned current() {
    return current;
  }

  /// The version alone.
  public long version() {
    return current.version;
  }

  void renew(long expiryMillis) {
    switch (current.state) {
      case TunnelState.Unassigned _ -> transition(new TunnelState.SessionEstablished(expiryMillis));
      case TunnelState.SessionEstablished _ ->
          extend(new TunnelState.SessionEstablished(expiryMillis));
      case TunnelState.Assigned(_, var addresses) ->
          extend(new TunnelState.Assigned(expiryMillis, addresses));
      case TunnelState.Closed _ -> throw new IllegalStateException("renewed when closed");
    }
  }

  void assign(List<AddressRange> addresses) {
    switch (current.state) {
      case TunnelState.SessionEstablished(long expiryMillis) ->
          transition(new TunnelState.Assigned(expiryMillis, addresses));
      case TunnelState.Assigned(long expiryMillis, _) ->
          transition(new TunnelState.Assigned(expiryMillis, addresses));
      case TunnelState.Unassigned _, TunnelState.Closed _ ->
          throw new IllegalStateException("assigned without a session");
    }
  }

  /// Closes once; says whether it was this call.
  boolean close(TunnelEnd end) {
    if (current.state instanceof TunnelState.Closed) {
      return false;
    }
    transition(new TunnelState.Closed(end));
    return true;
  }

  private void transition(TunnelState to) {
    current = new Versioned(to, current.version + 1);
  }

  private void extend(TunnelState to) {
    current = new Versioned(to, current.version);
  }
}
