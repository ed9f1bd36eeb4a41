package io.penstock.node.name;

import java.net.UnknownHostException;

/// A program whose first lookup of all is that of a backend which is called like a peer, and which
/// says what the machine knows of it.
final class FirstBackendLookup {

  static final String BACKEND = "backend-peer";

  private FirstBackendLookup() {}

  public static void main(String[] arguments) {
    RunningNodes.ofThisProcess()
        .add(NameWorld.node("web", "penstock.internal", NameWorld.peer(BACKEND, "10.86.0.9")));
    try {
      System.out.println(MachineHosts.addresses(BACKEND));
    } catch (UnknownHostException e) {
      System.out.println(e);
    }
  }
}
