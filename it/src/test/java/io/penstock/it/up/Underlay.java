package io.penstock.it.up;

import io.penstock.it.os.TestMachine;
import io.penstock.it.os.TestMachine.ResolvConf;
import io.penstock.it.overlay.GatewayProcess;
import io.penstock.it.tun.NetworkNamespace;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// The network by which the machines of a test reach their gateway: a bridge, and the gateway as a
/// process at its address.
final class Underlay implements AutoCloseable {

  /// Of the gateway and of the machines' default route.
  private static final String GATEWAY = "192.0.2.1";

  private static final int FIRST_HOST = 2;

  private final Path directory;
  private final NetworkNamespace bridge;
  private final List<UpMachine> machines = new ArrayList<>();
  private final GatewayProcess process;
  private final String token;

  private Underlay(Path directory, NetworkNamespace bridge) throws Exception {
    this.directory = directory;
    this.bridge = bridge;
    bridge.ip("link add br0 type bridge");
    bridge.ip("link set dev br0 addrgenmode none");
    bridge.ip("addr add " + GATEWAY + "/24 dev br0");
    bridge.ip("addr add 2001:db8::1/64 dev br0 nodad");
    bridge.ip("link set br0 up");
    process = bridge.call(() -> GatewayProcess.startAt(directory, GATEWAY));
    try {
      token = bridge.call(process::token);
    } catch (Throwable e) {
      process.close();
      throw e;
    }
  }

  /// @param directory for the files of the gateway and the machines
  static Underlay start(Path directory) throws Exception {
    NetworkNamespace bridge = NetworkNamespace.create();
    try {
      return new Underlay(directory, bridge);
    } catch (Throwable e) {
      bridge.close();
      throw e;
    }
  }

  /// Connects one more machine, under a name that no other has had.
  UpMachine machine() throws Exception {
    return machine("host" + (FIRST_HOST + machines.size()));
  }

  /// Connects one more machine, which is closed with this.
  UpMachine machine(String name) throws Exception {
    int host = FIRST_HOST + machines.size();
    Path home = Files.createDirectory(directory.resolve(name));
    TestMachine machine = TestMachine.start(home, ResolvConf.FILE, host);
    machines.add(new UpMachine(machine, home, name, this));
    String port = "port" + host;
    machine.ip("link set peer0 netns " + bridge.path() + " name " + port);
    bridge.ip("link set " + port + " master br0");
    bridge.ip("link set " + port + " up");
    return machines.getLast();
  }

  /// Where the gateway is, as `HOST:PORT`.
  String gateway() {
    return gatewayAs(GATEWAY);
  }

  /// The same by another name.
  String gatewayAs(String host) {
    return host + process.tunnel().substring(process.tunnel().lastIndexOf(':'));
  }

  String fingerprint() {
    return process.fingerprint();
  }

  /// A token with the scope `overlay`.
  String token() {
    return token;
  }

  @Override
  public void close() {
    machines.forEach(UpMachine::close);
    process.close();
    bridge.close();
  }
}
