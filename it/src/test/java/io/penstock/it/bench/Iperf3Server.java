package io.penstock.it.bench;

import io.penstock.it.tun.NetworkThread;
import java.io.BufferedReader;
import java.io.IOException;

/// An `iperf3` server in a network namespace, at all of its addresses.
final class Iperf3Server implements AutoCloseable {

  private final Process program;

  private Iperf3Server(Process program) {
    this.program = program;
  }

  /// Starts one, which listens when this returns.
  static Iperf3Server start(NetworkThread place) throws Exception {
    Process program =
        place.start(new ProcessBuilder("iperf3", "-s", "--forceflush").redirectErrorStream(true));
    BufferedReader said = program.inputReader();
    for (String line = said.readLine(); line != null; line = said.readLine()) {
      if (line.contains("listening")) {
        Thread.ofVirtual().start(() -> readOn(said));
        return new Iperf3Server(program);
      }
    }
    throw new IOException("iperf3 has ended");
  }

  /// What it says later is of no interest, but must not fill its pipe.
  private static void readOn(BufferedReader said) {
    try {
      while (said.readLine() != null) {}
    } catch (IOException _) {
      // It was closed from this side.
    }
  }

  @Override
  public void close() {
    program.destroy();
  }
}
