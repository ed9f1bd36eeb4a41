package io.penstock.it.bench;

import io.penstock.it.tun.NetworkThread;

/// Three kernels, as network namespaces: two machines, and a hub that has a pair of virtual
/// interfaces to each. It forwards between them; the machines reach it at one address.
///
/// @param left a machine
/// @param hub between the two
/// @param right the other machine
record HubNetwork(NetworkThread left, NetworkThread hub, NetworkThread right)
    implements AutoCloseable {

  /// Where both machines reach the hub.
  static final String HUB = "10.79.0.1";

  private static final String NET = "10.79.%d.%d";

  static HubNetwork open() throws Exception {
    HubNetwork network =
        new HubNetwork(NetworkThread.start(), NetworkThread.start(), NetworkThread.start());
    try {
      network.hub.ip("link set lo up");
      network.hub.ip("addr add " + HUB + "/32 dev lo");
      network.connect(network.left, 1);
      network.connect(network.right, 2);
      return network;
    } catch (Exception e) {
      network.close();
      throw e;
    }
  }

  private void connect(NetworkThread machine, int number) throws Exception {
    String here = "veth" + number;
    machine.ip("link set lo up");
    machine.ip("link add veth0 type veth peer name " + here);
    machine.ip("link set " + here + " netns " + hub.path());
    machine.ip("addr add " + NET.formatted(number, 1) + "/24 dev veth0");
    machine.ip("link set veth0 up");
    hub.ip("addr add " + NET.formatted(number, 2) + "/24 dev " + here);
    hub.ip("link set " + here + " up");
    machine.ip("route add default via " + NET.formatted(number, 2));
  }

  @Override
  public void close() {
    left.close();
    right.close();
    hub.close();
  }
}
