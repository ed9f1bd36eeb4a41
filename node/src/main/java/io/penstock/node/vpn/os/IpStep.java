package io.penstock.node.vpn.os;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/// One call of `ip`, and the one that takes it back.
///
/// @param there the arguments
/// @param back the arguments
record IpStep(Command ip, List<String> there, List<String> back) implements Step {

  IpStep {
    there = List.copyOf(there);
    back = List.copyOf(back);
  }

  @Override
  public void apply() throws IOException {
    var _ = ip.require(there);
  }

  @Override
  public void undo() throws IOException {
    var _ = ip.require(back);
  }

  /// The same the other way round.
  IpStep reversed() {
    return new IpStep(ip, back, there);
  }

  @Override
  public String toString() {
    return "ip " + String.join(" ", there);
  }

  /// Arguments of several parts.
  static List<String> words(Object... parts) {
    List<String> words = new ArrayList<>();
    for (Object part : parts) {
      if (part instanceof List<?> list) {
        list.forEach(each -> words.add(each.toString()));
      } else {
        words.add(part.toString());
      }
    }
    return words;
  }
}
