package io.penstock.it.bench;

import io.penstock.node.DeviceNode;
import io.penstock.node.NodeStatus;
import io.penstock.transport.tun.TunConfig;
import io.penstock.transport.tun.TunDevice;
import java.util.Map;

/// A measured node on a TUN device of the namespace that it runs in.
///
/// Its arguments are `GATEWAY FINGERPRINT TOKEN NAME DEVICE`. It says its IPv4 address when it has
/// joined; the interface's address and routes, and that it is up, are the caller's.
final class DeviceProgram {

  private DeviceProgram() {}

  static void main(String[] arguments) throws Exception {
    MeasuredProgram program = MeasuredProgram.begin();
    String name = arguments[BenchNode.ARGUMENTS];
    TunConfig config =
        TunConfig.builder()
            .name(arguments[BenchNode.ARGUMENTS + 1])
            .mtu(BenchNode.MTU_BYTES)
            .build();
    try (DeviceNode node =
        DeviceNode.start(BenchNode.config(arguments, name).build(), TunDevice.open(config))) {
      BenchNode.awaitWhole(node);
      NodeStatus.Running running = (NodeStatus.Running) node.status();
      program.say(Map.of("address", running.addresses().getFirst().toString()));
      program.serve(
          words -> {
            throw new IllegalArgumentException("unknown line " + words[0]);
          });
    }
  }
}
