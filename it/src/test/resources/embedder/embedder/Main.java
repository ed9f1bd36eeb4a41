package embedder;

import io.penstock.node.agent.Agent;
import io.penstock.node.agent.AgentConfig;
import io.penstock.node.agent.app.AppConfig;
import io.penstock.node.demo.SampleApp;
import io.penstock.transport.NativeSupport;
import io.penstock.transport.tls.Trust;
import java.nio.file.Path;
import java.util.List;

/// Shows the sample app through a gateway until its standard input ends, and says which native
/// parts do the work.
public final class Main {

  private Main() {}

  public static void main(String[] args) throws Exception {
    System.out.printf(
        "module=%s epoll=%b openssl=%b quic=%b%n",
        Agent.class.getModule().getName(),
        NativeSupport.epoll(),
        NativeSupport.openSsl(),
        NativeSupport.quic());
    try (SampleApp app = SampleApp.start();
        Agent agent = Agent.connect(config(app, args))) {
      System.out.println(agent.urls());
      System.in.transferTo(System.err);
    }
  }

  private static AgentConfig config(SampleApp app, String[] args) {
    return AgentConfig.builder(args[0], Integer.parseInt(args[1]), AppConfig.to(app.uri()))
        .trust(new Trust.CaFile(Path.of(args[2])))
        .token(args[3])
        .domains(List.of(args[4]))
        .build();
  }
}
