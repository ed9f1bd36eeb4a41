package io.penstock.it.bench;

import io.penstock.it.tun.NetworkThread;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.interfaces.XECPrivateKey;
import java.security.interfaces.XECPublicKey;
import java.util.HexFormat;
import java.util.List;

/// Two machines that reach each other through a hub by wireguard-go: two tunnels, and a hub whose
/// kernel forwards from one to the other, so that each packet is encrypted twice.
///
/// @param programs of the hub and both machines
record WireguardHub(List<Child> programs) {

  /// The right machine as the left one reaches it.
  static final String RIGHT = "10.80.0.2";

  private static final String LEFT = "10.80.0.1";
  private static final String HUB = "10.80.0.3";
  private static final String ALL = "10.80.0.0/24";
  private static final int PORT = 51_820;
  private static final int KEY_BYTES = 32;
  private static final long START_SECONDS = 20;

  /// One of the three.
  private record End(String device, String address, KeyPair keys) {

    static End of(String device, String address) throws GeneralSecurityException {
      return new End(device, address, KeyPairGenerator.getInstance("X25519").generateKeyPair());
    }

    String secret() {
      return HexFormat.of()
          .formatHex(((XECPrivateKey) keys.getPrivate()).getScalar().orElseThrow());
    }

    /// RFC 7748, section 5: the coordinate in little-endian order.
    String known() {
      BigInteger u = ((XECPublicKey) keys.getPublic()).getU();
      byte[] key = new byte[KEY_BYTES];
      for (int i = 0; i < key.length; i++) {
        key[i] = u.shiftRight(Byte.SIZE * i).byteValue();
      }
      return HexFormat.of().formatHex(key);
    }
  }

  static WireguardHub start(HubNetwork network, Children children, Path directory)
      throws Exception {
    End left = End.of("wg-left", LEFT);
    End right = End.of("wg-right", RIGHT);
    End hub = End.of("wg-hub", HUB);
    String toHub =
        "public_key=%s\nendpoint=%s:%d\nallowed_ip=%s\n"
            .formatted(hub.known(), HubNetwork.HUB, PORT, ALL);
    String fromMachines =
        "listen_port=%d\npublic_key=%s\nallowed_ip=%s/32\npublic_key=%s\nallowed_ip=%s/32\n"
            .formatted(PORT, left.known(), LEFT, right.known(), RIGHT);
    Starter starter = new Starter(children, directory);
    List<Child> programs =
        List.of(
            starter.start(network.hub(), hub, fromMachines),
            starter.start(network.left(), left, toHub),
            starter.start(network.right(), right, toHub));
    NetworkThread.Result forwarding =
        network.hub().execute(List.of("sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward"));
    if (forwarding.status() != 0) {
      throw new IOException("the hub does not forward: " + forwarding.output());
    }
    // The hub learns by a first packet of each where that machine is.
    for (NetworkThread machine : List.of(network.right(), network.left())) {
      NetworkThread.Result ping = machine.execute(List.of("ping", "-c", "1", "-W", "10", HUB));
      if (ping.status() != 0) {
        throw new IOException("no answer over WireGuard: " + ping.output());
      }
    }
    return new WireguardHub(programs);
  }

  private record Starter(Children children, Path directory) {

    Child start(NetworkThread place, End end, String more) throws Exception {
      Path config = directory.resolve(end.device + ".conf");
      Files.writeString(config, "private_key=" + end.secret() + "\n" + more);
      Child program =
          children.peerIn(
              place,
              end.device,
              "wireguard",
              "-exit-with-stdin",
              "-name",
              end.device,
              "-mtu",
              String.valueOf(BenchNode.MTU_BYTES),
              "-config",
              config.toString());
      program.next("interface", START_SECONDS);
      place.ip("addr add " + end.address + "/24 dev " + end.device);
      place.ip("link set " + end.device + " up");
      return program;
    }
  }
}
