package io.penstock.it.vpn;

import io.penstock.api.IpPrefix;
import io.penstock.it.tun.NetworkNamespace;
import io.penstock.node.vpn.os.InterfaceAddress;
import io.penstock.node.vpn.os.OsNetwork;
import io.penstock.node.vpn.os.OsSettings;
import java.io.IOException;

/// Applies network settings to an interface in a namespace, by `ip`. DNS is left alone.
final class NamespaceNetwork implements OsNetwork {

  private final NetworkNamespace namespace;
  private final String device;
  private volatile OsSettings settings = OsSettings.NONE;

  NamespaceNetwork(NetworkNamespace namespace, String device) {
    this.namespace = namespace;
    this.device = device;
  }

  @Override
  public void apply(OsSettings next) throws IOException {
    if (next.mtu() > 0) {
      ip("link set %s mtu %d".formatted(device, next.mtu()));
    }
    ip("link set %s up".formatted(device));
    ip("addr flush dev %s scope global".formatted(device));
    for (InterfaceAddress address : next.addresses()) {
      // The kernel would first ask on the link whether anybody else has an IPv6 address.
      String how = address.address().family().version() == 6 ? " nodad" : "";
      ip("addr add %s dev %s%s".formatted(address, device, how));
    }
    for (IpPrefix route : next.included()) {
      ip("-%d route replace %s dev %s".formatted(route.family().version(), route, device));
    }
    settings = next;
  }

  @Override
  public OsSettings settings() {
    return settings;
  }

  @Override
  public void close() throws IOException {
    ip("addr flush dev %s scope global".formatted(device));
  }

  private void ip(String words) throws IOException {
    try {
      var _ = namespace.ip(words);
    } catch (Exception e) {
      throw new IOException("ip " + words + ": " + e.getMessage(), e);
    }
  }
}
