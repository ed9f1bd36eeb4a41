package io.penstock.node.vpn.os;

import static io.penstock.node.vpn.os.IpStep.words;

import io.penstock.api.IpFamily;
import io.penstock.api.IpPrefix;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/// The calls of `ip` that bring an interface from some settings to others.
///
/// What is new comes before what is old goes, so that connections to what stays live on. Networks
/// of addresses are routes like the others: the kernel is told not to make its own.
final class LinkPlan {

  private final Command ip;
  private final String link;
  private final int mtuBefore;

  /// @param mtuBefore what the interface has now, in bytes
  LinkPlan(Command ip, String link, int mtuBefore) {
    this.ip = ip;
    this.link = link;
    this.mtuBefore = mtuBefore;
  }

  /// The calls, in order.
  List<IpStep> steps(OsSettings before, OsSettings after) {
    List<IpStep> steps = new ArrayList<>();
    if (after.mtu() != 0 && after.mtu() != mtuBefore) {
      steps.add(new IpStep(ip, mtu(after.mtu()), mtu(mtuBefore)));
    }
    for (InterfaceAddress address : without(after.addresses(), before.addresses())) {
      steps.add(added(address));
    }
    for (IpPrefix route : without(after.routes(), before.routes())) {
      steps.add(added(route));
    }
    for (IpPrefix route : without(before.routes(), after.routes())) {
      steps.add(added(route).reversed());
    }
    for (InterfaceAddress address : without(before.addresses(), after.addresses())) {
      steps.add(added(address).reversed());
    }
    return steps;
  }

  private static <T> Set<T> without(Iterable<T> all, Collection<T> others) {
    Set<T> rest = new LinkedHashSet<>();
    all.forEach(rest::add);
    rest.removeAll(others);
    return rest;
  }

  private List<String> mtu(int bytes) {
    return words("link", "set", "dev", link, "mtu", bytes);
  }

  private IpStep added(InterfaceAddress address) {
    // Nobody else can have the address of a tunnel: there is nobody to ask (RFC 4862, section 5.4).
    List<String> flags =
        address.address().family() == IpFamily.IPV6
            ? List.of("nodad", "noprefixroute")
            : List.of("noprefixroute");
    return new IpStep(
        ip,
        words("address", "add", address, "dev", link, flags),
        words("address", "delete", address, "dev", link));
  }

  private IpStep added(IpPrefix route) {
    List<String> rest = words(route, "dev", link, "proto", UnderlayRoute.PROTOCOL);
    return new IpStep(
        ip,
        words("-" + route.family().version(), "route", "add", rest),
        words("-" + route.family().version(), "route", "delete", rest));
  }
}
