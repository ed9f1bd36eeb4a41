package io.penstock.it.bench;

import io.penstock.api.HostPort;
import io.penstock.node.agent.Agent;
import io.penstock.node.agent.AgentConfig;
import io.penstock.node.agent.app.AppConfig;
import io.penstock.transport.tls.Fingerprint;
import io.penstock.transport.tls.Trust;
import java.net.URI;
import java.util.List;
import java.util.Map;

/// The measured agent: the defaults towards one gateway, with the app at a URL.
///
/// Its arguments are the gateway's tunnel address, its fingerprint, the token and the app's URL.
final class AgentProgram {

  private AgentProgram() {}

  static void main(String[] arguments) throws Exception {
    MeasuredProgram program = MeasuredProgram.begin();
    HostPort gateway = HostPort.parse(arguments[0]);
    AgentConfig config =
        AgentConfig.builder(gateway.host(), gateway.port(), AppConfig.to(URI.create(arguments[3])))
            .trust(new Trust.Pinned(Fingerprint.parse(arguments[1])))
            .token(arguments[2])
            .domains(List.of(GatewayProgram.DOMAIN))
            .build();
    try (Agent agent = Agent.connect(config)) {
      program.say(Map.of("urls", agent.urls()));
      program.serve();
    }
  }
}
