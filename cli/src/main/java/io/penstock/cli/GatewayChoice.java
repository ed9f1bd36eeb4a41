package io.penstock.cli;

import io.penstock.api.HostPort;
import io.penstock.node.NodeConfig;
import java.io.IOException;
import java.util.Optional;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// The option that says which gateway a command goes to, with those of [GatewayAccess].
final class GatewayChoice {

  private static final String VARIABLE = "PENSTOCK_GATEWAY";

  @Spec(Spec.Target.MIXEE)
  private CommandSpec command = CommandSpec.create();

  @Option(
      names = "--gateway",
      paramLabel = "HOST[:PORT]",
      description =
          "The gateway's tunnel port, 7443 unless given (default: "
              + VARIABLE
              + ", or the one given to login).")
  private Optional<HostPort> gateway = Optional.empty();

  @Mixin private GatewayAccess access = new GatewayAccess();

  /// Reads the tunnel port of a gateway, whose number may be left out.
  static HostPort address(String text) {
    return HostPort.parse(text, NodeConfig.DEFAULT_GATEWAY_PORT);
  }

  /// Puts flags, environment and memory together.
  GatewayAccess.Resolved resolve(Console console) throws IOException {
    return access.resolve(
        console,
        gateway.or(
            () ->
                console
                    .variable(VARIABLE)
                    .map(text -> Usage.valueOf(command, VARIABLE, () -> address(text)))));
  }
}
