package io.penstock.node.vpn.os;

import io.penstock.api.IpFamily;
import io.penstock.api.IpPrefix;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/// The zones in which the addresses of a network have their names: below `in-addr.arpa` by octets
/// (RFC 1035, section 3.5) and below `ip6.arpa` by half octets (RFC 3596, section 2.5).
final class ReverseZones {

  /// Of all networks together; an overlay has a few.
  static final int MAX_ZONES = 256;

  private ReverseZones() {}

  /// The zones of networks, [#MAX_ZONES] at most; for one that ends within a label, all the labels
  /// that it has.
  static List<String> of(Collection<IpPrefix> networks) {
    List<String> zones = new ArrayList<>();
    for (IpPrefix network : networks) {
      int labelBits = network.family() == IpFamily.IPV4 ? 8 : 4;
      int labels = Math.ceilDiv(network.bits(), labelBits);
      int spare = labels * labelBits - network.bits();
      for (int i = 0; i < 1 << spare && labels > 0 && zones.size() < MAX_ZONES; i++) {
        zones.add(zone(network, labels, labelBits, i));
      }
    }
    return zones;
  }

  /// @param offset of the last label from that of the network
  private static String zone(IpPrefix network, int labels, int labelBits, int offset) {
    byte[] bytes = network.network().bytes();
    StringBuilder zone = new StringBuilder();
    for (int at = labels - 1; at >= 0; at--) {
      int label =
          labelBits == 8
              ? bytes[at] & 0xff
              : (bytes[at / 2] & 0xff) >>> (at % 2 == 0 ? 4 : 0) & 0xf;
      int number = at == labels - 1 ? label + offset : label;
      zone.append(labelBits == 8 ? Integer.toString(number) : Integer.toHexString(number));
      zone.append('.');
    }
    return zone + (labelBits == 8 ? "in-addr.arpa" : "ip6.arpa");
  }
}
