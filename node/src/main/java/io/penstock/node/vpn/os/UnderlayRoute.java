package io.penstock.node.vpn.os;

import io.penstock.api.IpPrefix;
import java.util.List;
import java.util.Optional;

/// A route of ours that keeps a destination on the way that it had before: the only kind that does
/// not vanish with the interface.
///
/// @param destination where it leads
/// @param gateway the next hop, with its family before it as in `inet6 fe80::1`; empty when the
///   destination is a neighbour
/// @param device the interface to it
record UnderlayRoute(IpPrefix destination, Optional<String> gateway, String device) {

  /// Who made a route, as the kernel keeps it (`rtm_protocol`); the number is nobody else's in
  /// `/etc/iproute2/rt_protos`, so that what has it is ours.
  static final int PROTOCOL = 86;

  /// What follows `route add`.
  List<String> words() {
    List<String> via =
        gateway.map(hop -> IpStep.words("via", List.of(hop.split(" ", -1)))).orElse(List.of());
    return IpStep.words(destination, via, "dev", device, "proto", PROTOCOL);
  }

  IpStep added(Command ip) {
    String family = "-" + destination.family().version();
    return new IpStep(
        ip,
        IpStep.words(family, "route", "add", words()),
        IpStep.words(family, "route", "delete", words()));
  }
}
