package io.penstock.gateway.overlay.router;

/// One node in the eyes of one policy: the rules that name it as the opener of a flow, and those
/// that name it as the other end, as bits by their index.
final class PolicySubject {

  private final OverlayPolicy policy;
  private final long[] asFrom;
  private final long[] asTo;

  PolicySubject(OverlayPolicy policy, long[] asFrom, long[] asTo) {
    this.policy = policy;
    this.asFrom = asFrom;
    this.asTo = asTo;
  }

  /// Says whether this node may open a flow to another. While a new policy is being handed out two
  /// nodes may be subject to different ones; then it may not.
  @SuppressWarnings("ReferenceEquality") // the very policy that the bits index
  boolean mayOpen(PolicySubject to, int protocol, int port) {
    if (to.policy != policy) {
      return false;
    }
    for (int word = 0; word < asFrom.length; word++) {
      long both = asFrom[word] & to.asTo[word];
      while (both != 0) {
        int rule = word * Long.SIZE + Long.numberOfTrailingZeros(both);
        if (policy.rules().get(rule).covers(protocol, port)) {
          return true;
        }
        both &= both - 1;
      }
    }
    return false;
  }
}
