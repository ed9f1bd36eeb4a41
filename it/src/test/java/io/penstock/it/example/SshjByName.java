package io.penstock.it.example;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.penstock.node.Node;
import net.schmizz.sshj.SSHClient;
import net.schmizz.sshj.connection.channel.direct.Session;

/// Runs a command on a host of the overlay with sshj: `GATEWAY CA_FILE TOKEN_FILE HOST FINGERPRINT
/// USER COMMAND`, with the password in SSHPASS.
final class SshjByName {

  private SshjByName() {}

  public static void main(String[] arguments) throws Exception {
    int word = Member.WORDS;
    try (Node node = Member.join("ssh", arguments);
        SSHClient client = new SSHClient()) {
      client.setSocketFactory(node.socketFactory());
      client.addHostKeyVerifier(arguments[word + 1]);
      client.connect(arguments[word]);
      client.authPassword(arguments[word + 2], System.getenv().getOrDefault("SSHPASS", ""));
      try (Session session = client.startSession();
          Session.Command command = session.exec(arguments[word + 3])) {
        System.out.println(new String(command.getInputStream().readAllBytes(), UTF_8));
      }
    }
  }
}
