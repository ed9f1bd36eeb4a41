package io.penstock.node.serve;

import java.util.Optional;

/// How a config is set.
///
/// @param ifMatch the ETag of the config that is to be replaced; empty replaces any
/// @param unsupported what to do about fields that are kept and not served
/// @param typeChange whether a port may change its type in place
public record SetOptions(
    Optional<String> ifMatch, ServePlan.Unsupported unsupported, TypeChange typeChange) {

  /// For the library: whatever is there is replaced.
  public static final SetOptions LIBRARY =
      new SetOptions(Optional.empty(), ServePlan.Unsupported.REFUSE, TypeChange.ALLOW);

  /// For the command line and the local API.
  public static final SetOptions COMMAND_LINE =
      new SetOptions(Optional.empty(), ServePlan.Unsupported.REFUSE, TypeChange.REFUSE);

  /// The same, only if nobody has set another config.
  public SetOptions ifMatch(String etag) {
    return new SetOptions(Optional.of(etag), unsupported, typeChange);
  }

  /// The same, with what is unsupported ignored.
  public SetOptions ignoringUnsupported() {
    return new SetOptions(ifMatch, ServePlan.Unsupported.IGNORE, typeChange);
  }
}
