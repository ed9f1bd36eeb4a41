package io.penstock.it.up;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.penstock.api.IpAddress;
import io.penstock.api.IpFamily;
import io.penstock.it.os.TestMachine;
import io.penstock.it.overlay.CommandProcess;
import io.penstock.it.tun.NetworkNamespace;
import io.penstock.it.tun.NetworkThread;
import io.penstock.node.up.UpClient;
import io.penstock.node.up.UpReport;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Stream;

/// A machine of a test and the commands that its user types.
final class UpMachine implements AutoCloseable {

  static final Duration LIMIT = Duration.ofSeconds(90);

  /// The interface that [TestMachine#snapshot] leaves out.
  static final String LINK = "pen0";

  /// What makes a command the leader of a process group that listens to Ctrl-C, as a shell does,
  /// also when this JVM was started in the background.
  private static final List<String> TERMINAL = List.of("setsid", "env", "--default-signal=INT");

  private final TestMachine machine;
  private final Path home;
  private final String name;
  private final Underlay underlay;
  private final List<CommandProcess> commands = new ArrayList<>();

  UpMachine(TestMachine machine, Path home, String name, Underlay underlay) {
    this.machine = machine;
    this.home = home;
    this.name = name;
    this.underlay = underlay;
  }

  TestMachine machine() {
    return machine;
  }

  NetworkNamespace namespace() {
    return machine.namespace();
  }

  Path state() {
    return home.resolve("state");
  }

  // ---- commands ----

  /// Types `penstock up` into a terminal of its own, so that it leads its process group.
  CommandProcess up() throws Exception {
    return upAt(underlay.gateway(), underlay.token());
  }

  /// The same for another gateway or token.
  CommandProcess upAt(String gateway, String token) throws Exception {
    return upAt(TERMINAL, gateway, token, underlay.fingerprint());
  }

  /// The same with all there is to choose.
  ///
  /// @param before what stands before the command
  CommandProcess upAt(List<String> before, String gateway, String token, String fingerprint)
      throws Exception {
    List<String> words =
        List.of(
            "up",
            "--gateway",
            gateway,
            "--fingerprint",
            fingerprint,
            "--name",
            name,
            "--interface",
            LINK);
    return start(before, token, words);
  }

  /// Types another command and waits for its end.
  CommandProcess command(String command, String... more) throws Exception {
    List<String> words = new ArrayList<>(List.of(command));
    words.addAll(List.of(more));
    CommandProcess process = start(List.of(), "", words);
    int _ = process.awaitEnd();
    return process;
  }

  private CommandProcess start(List<String> before, String token, List<String> words)
      throws Exception {
    List<String> program = new ArrayList<>(List.of("io.penstock.cli.Penstock"));
    program.addAll(words);
    program.addAll(List.of("--state", state().toString()));
    Map<String, String> environment =
        Map.of("PENSTOCK_TOKEN", token, "PENSTOCK_JAVA_OPTS", "-XX:TieredStopAtLevel=1");
    CommandProcess process = call(() -> CommandProcess.start(home, before, environment, program));
    commands.add(process);
    return process;
  }

  /// Types Ctrl-C: the signal goes to all processes of the terminal.
  static void interrupt(CommandProcess up) throws IOException, InterruptedException {
    kill("INT", -up.process().pid());
  }

  /// Ends the manager alone, as a service manager does.
  static void terminate(CommandProcess up) throws IOException, InterruptedException {
    kill("TERM", up.process().pid());
  }

  private static void kill(String signal, long whom) throws IOException, InterruptedException {
    new ProcessBuilder("kill", "-" + signal, "--", Long.toString(whom)).start().waitFor();
  }

  // ---- what is there ----

  /// What `penstock status` is told, by this JVM, as a Unix socket is in no network.
  UpReport report() throws IOException {
    return new UpClient(state()).report();
  }

  /// Waits until the machine is on the overlay with an address of each family.
  UpReport awaitUp(CommandProcess up) throws IOException {
    up.awaitErr("Ctrl-C takes it back");
    await(name + " has both addresses")
        .atMost(LIMIT)
        .until(() -> report().addresses().size() == IpFamily.values().length);
    return report();
  }

  /// Waits until the machine knows the other one as one that is online, or is not.
  UpReport.UpPeer awaitPeer(String other, boolean online) {
    return await(other + " online=" + online)
        .atMost(LIMIT)
        .until(
            () ->
                report().peers().stream()
                    .filter(peer -> peer.name().equals(other) && peer.online() == online)
                    .filter(peer -> !online || peer.lastHandshake().isPresent())
                    .filter(peer -> !online || peer.addresses().size() == 2)
                    .findFirst(),
            Optional::isPresent)
        .orElseThrow();
  }

  IpAddress address(IpFamily family) throws IOException {
    return report().addresses().stream()
        .filter(each -> each.family() == family)
        .findFirst()
        .orElseThrow();
  }

  /// The interface with its number, addresses and routes; empty when there is none.
  String link() throws Exception {
    if (!machine.ip("-brief link show").contains(LINK)) {
      return "";
    }
    return machine.ip("-oneline link show dev " + LINK)
        + machine.ip("-brief address show dev " + LINK)
        + machine.ip("-4 route show dev " + LINK)
        + machine.ip("-6 route show dev " + LINK);
  }

  String resolvConf() throws Exception {
    return call(() -> Files.readString(Path.of("/etc/resolv.conf")));
  }

  /// The processes that run in the machine's network.
  List<ProcessHandle> processes() throws Exception {
    Path network = call(() -> Files.readSymbolicLink(Path.of("/proc/thread-self/ns/net")));
    try (Stream<ProcessHandle> all = ProcessHandle.allProcesses()) {
      return all.filter(each -> network(each).equals(Optional.of(network))).toList();
    }
  }

  private static Optional<Path> network(ProcessHandle process) {
    try {
      return Optional.of(
          Files.readSymbolicLink(Path.of("/proc", Long.toString(process.pid()), "ns/net")));
    } catch (IOException _) {
      return Optional.empty(); // It has ended.
    }
  }

  void awaitNoProcess() {
    await("no process on " + name).atMost(LIMIT).until(() -> processes().isEmpty());
  }

  /// The tunnel process of a manager, if there is one now.
  static Optional<ProcessHandle> tunnel(CommandProcess up) {
    return up.process()
        .children()
        .filter(child -> commandLine(child).contains("\0--fd-socket\0"))
        .findFirst();
  }

  private static String commandLine(ProcessHandle process) {
    try {
      return Files.readString(Path.of("/proc", Long.toString(process.pid()), "cmdline"));
    } catch (IOException _) {
      return ""; // It has ended.
    }
  }

  /// Everything is as it was, and nothing runs any more.
  void requireAsBefore(String snapshot, String when) throws Exception {
    awaitNoProcess();
    assertThat(link()).as(when).isEmpty();
    assertThat(machine.snapshot()).as(when).isEqualTo(snapshot);
    assertThat(state().resolve("network/undo.json")).as(when).doesNotExist();
    assertThat(state().resolve("up.sock")).as(when).doesNotExist();
  }

  // ---- programs ----

  /// Runs a program, which must succeed, and returns what it said.
  String run(String... words) throws Exception {
    NetworkThread.Result result = namespace().execute(List.of(words));
    assertThat(result.status()).as("%s: %s", List.of(words), result.output()).isZero();
    return result.output();
  }

  <T> T call(Callable<T> task) throws Exception {
    return namespace().call(task);
  }

  @Override
  public void close() {
    commands.forEach(CommandProcess::close);
    machine.close();
  }
}
