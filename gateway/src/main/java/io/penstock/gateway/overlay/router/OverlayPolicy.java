package io.penstock.gateway.overlay.router;

import java.util.List;

/// Which nodes may talk: those of one user always, all others by a rule.
///
/// @param rules any of them suffices; their order means nothing
public record OverlayPolicy(List<AllowRule> rules) {

  /// Only the nodes of one user may talk.
  public static final OverlayPolicy SAME_USER_ONLY = new OverlayPolicy(List.of());

  public OverlayPolicy {
    rules = List.copyOf(rules);
  }

  /// What the rules say about one node, so that a packet asks no names.
  PolicySubject subject(String nodeName, String user) {
    int words = (rules.size() + Long.SIZE - 1) / Long.SIZE;
    long[] asFrom = new long[words];
    long[] asTo = new long[words];
    for (int i = 0; i < rules.size(); i++) {
      if (rules.get(i).from().covers(nodeName, user)) {
        asFrom[i / Long.SIZE] |= 1L << i;
      }
      if (rules.get(i).to().covers(nodeName, user)) {
        asTo[i / Long.SIZE] |= 1L << i;
      }
    }
    return new PolicySubject(this, asFrom, asTo);
  }
}
