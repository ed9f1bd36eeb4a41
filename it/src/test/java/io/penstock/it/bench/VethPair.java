package io.penstock.it.bench;

import io.penstock.it.tun.NetworkThread;
import java.io.IOException;
import java.util.List;

/// Two kernels, as network namespaces, with a pair of virtual interfaces between them whose
/// offloads are off, and an `iperf3` server on one.
final class VethPair implements AutoCloseable {

  private static final String CLIENT = "10.78.0.1";
  static final String SERVER = "10.78.0.2";

  private final NetworkThread client;
  private final NetworkThread server;
  private final Iperf3Server program;

  private VethPair(NetworkThread client, NetworkThread server, Iperf3Server program) {
    this.client = client;
    this.server = server;
    this.program = program;
  }

  static VethPair open() throws Exception {
    NetworkThread client = NetworkThread.start();
    NetworkThread server = NetworkThread.start();
    client.ip("link add veth0 type veth peer name veth1");
    client.ip("link set veth1 netns " + server.path());
    prepare(client, "veth0", CLIENT);
    prepare(server, "veth1", SERVER);
    return new VethPair(client, server, Iperf3Server.start(server));
  }

  private static void prepare(NetworkThread end, String name, String address) throws Exception {
    end.ip("addr add " + address + "/24 dev " + name);
    NetworkThread.Result result =
        end.execute(List.of("ethtool", "-K", name, "tso", "off", "gso", "off", "gro", "off"));
    if (result.status() != 0) {
      throw new IOException("ethtool: " + result.output());
    }
    end.ip("link set " + name + " up");
  }

  /// The kernel that reaches the other's server at [#SERVER].
  NetworkThread client() {
    return client;
  }

  /// As [Iperf3Client#gbit].
  double gbit(String direction, double seconds) throws Exception {
    return Iperf3Client.gbit(client, SERVER, direction, seconds);
  }

  @Override
  public void close() {
    program.close();
    client.close();
    server.close();
  }
}
