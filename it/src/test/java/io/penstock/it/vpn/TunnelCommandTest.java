package io.penstock.it.vpn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.penstock.api.CreatedToken;
import io.penstock.api.PeerInfo;
import io.penstock.it.overlay.OverlayNode;
import io.penstock.it.overlay.TestOverlay;
import io.penstock.node.Node;
import io.penstock.node.vpn.StartOrder;
import io.penstock.node.vpn.VpnListener;
import io.penstock.node.vpn.VpnManager;
import io.penstock.node.vpn.VpnManagerConfig;
import io.penstock.node.vpn.os.OsNetwork;
import io.penstock.node.vpn.os.OsSettings;
import io.penstock.protocol.codervpn.SpeakerEnd;
import io.penstock.protocol.codervpn.message.Log;
import io.penstock.protocol.codervpn.message.PeerUpdate;
import io.penstock.transport.NativeSupport;
import io.penstock.transport.codervpn.PipeChannel;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/// `penstock tunnel` in a process of its own, without any rights, and a manager of ours.
@EnabledOnOs(value = OS.LINUX, architectures = "amd64") // elsewhere there is no QUIC for the nodes
@Timeout(240)
class TunnelCommandTest implements VpnListener, OsNetwork {

  private static final long LIMIT_SECONDS = 90;

  @TempDir private Path home;

  private final EventLoopGroup loops = NativeSupport.newEventLoops(1, "vpn-test");
  private final VpnManager manager =
      new VpnManager(
          VpnManagerConfig.builder().callLimit(Duration.ofSeconds(60)).build(), this, this);
  private final List<OsSettings> settings = new CopyOnWriteArrayList<>();
  private final List<Log> logs = new CopyOnWriteArrayList<>();
  private final List<Process> started = new ArrayList<>();
  private TestOverlay overlay;
  private CreatedToken ann;
  private Node db;

  @BeforeEach
  void start() throws Exception {
    overlay = TestOverlay.start(home.resolve("gateway"));
    ann = overlay.token("ann");
    db = OverlayNode.join(overlay, "db", ann);
  }

  /// Nothing was done to this machine.
  @Override
  @AfterEach
  public void close() {
    manager.close();
    started.forEach(Process::destroyForcibly);
    db.close();
    overlay.close();
    NativeSupport.endEventLoops(loops, Duration.ofSeconds(20)).syncUninterruptibly();
  }

  private Process tunnel(String... words) throws IOException {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-Dio.netty.leakDetection.level=disabled",
                "-XX:TieredStopAtLevel=1",
                "-Duser.home=" + home,
                "-cp",
                System.getProperty("java.class.path"),
                "io.penstock.cli.Penstock",
                "tunnel",
                "--name",
                "laptop",
                "--fingerprint",
                overlay.gateway().fingerprint().orElseThrow()));
    command.addAll(List.of(words));
    ProcessBuilder builder =
        new ProcessBuilder(command).redirectError(home.resolve("err").toFile());
    builder.environment().keySet().removeIf(name -> name.startsWith("XDG_"));
    Process process = builder.start();
    started.add(process);
    return process;
  }

  private String err() throws IOException {
    return Files.readString(home.resolve("err"), StandardCharsets.UTF_8);
  }

  private StartOrder order() {
    return StartOrder.of(
        "127.0.0.1:" + overlay.gateway().addresses().tunnel().getPort(), ann.token());
  }

  private void awaitLaptop(boolean online) {
    await("laptop online=" + online)
        .atMost(OverlayNode.LIMIT)
        .until(
            () ->
                db.peers().stream()
                        .filter(PeerInfo::online)
                        .anyMatch(peer -> peer.name().equals("laptop"))
                    == online);
  }

  private void requireEnd(Process process, int status) throws Exception {
    assertThat(process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS)).as("it ends").isTrue();
    assertThat(process.exitValue()).as(err()).isEqualTo(status);
  }

  private Channel listen(Path socket) throws Exception {
    return new ServerBootstrap()
        .group(loops)
        .channel(NativeSupport.serverUnixSocketChannel())
        .childHandler(
            new ChannelInitializer<>() {
              @Override
              protected void initChannel(Channel channel) {
                channel.pipeline().addLast(manager.handler());
              }
            })
        .bind(NativeSupport.unixAddress(UnixDomainSocketAddress.of(socket)))
        .sync()
        .channel();
  }

  @Test
  void a_manager_runs_a_node_over_standard_input_and_output() throws Exception {
    Process process = tunnel("--stdio", "--tun", "none");
    var _ =
        PipeChannel.open(
            process.getInputStream(), process.getOutputStream(), loops.next(), manager.handler());
    manager.start(order());
    awaitLaptop(true);
    assertThat(settings).isNotEmpty();
    assertThat(manager.askPeers().getUpsertedAgentsList())
        .anyMatch(agent -> agent.getFqdnList().contains("db.penstock.internal."));
    await("the tunnel's log")
        .atMost(OverlayNode.LIMIT)
        .until(() -> logs.stream().anyMatch(log -> log.getMessage().startsWith("tunnel up")));
    manager.stop();
    requireEnd(process, 0);
    awaitLaptop(false);
    assertThat(home.resolve(".local/state/penstock/nodes/laptop")).isDirectory();
    assertThat(err()).doesNotContain("Exception");
  }

  @Test
  void a_tunnel_ends_with_its_manager_and_when_it_is_told_to() throws Exception {
    Path socket = home.resolve("s");
    Channel listening = listen(socket);
    Process process = tunnel("--socket", socket.toString(), "--tun", "none");
    manager.start(order());
    awaitLaptop(true);
    listening.close().sync();
    process.destroy();
    assertThat(manager.ended().toCompletableFuture().get(LIMIT_SECONDS, TimeUnit.SECONDS))
        .isEqualTo(SpeakerEnd.Orderly.PEER_CLOSED);
    requireEnd(process, 0);
    awaitLaptop(false);
  }

  @Test
  void a_device_that_the_tunnel_cannot_take_is_refused_and_the_start_tried_again()
      throws Exception {
    Path socket = home.resolve("s");
    Channel listening = listen(socket);
    Process process = tunnel("--socket", socket.toString(), "--tun", "none");
    assertThat(
            refusal(
                new StartOrder(
                    order().url(), order().token(), order().headers(), OptionalInt.of(9))))
        .contains("descriptor 9");
    manager.start(order());
    listening.close().sync();
    manager.close();
    requireEnd(process, 0);
  }

  private String refusal(StartOrder order) throws InterruptedException {
    try {
      manager.start(order);
      throw new AssertionError("it was not refused");
    } catch (IOException e) {
      return String.valueOf(e.getMessage());
    }
  }

  @Test
  void a_manager_that_does_not_listen_is_said_to_be_missing() throws Exception {
    requireEnd(tunnel("--socket", home.resolve("nobody").toString()), 1);
    assertThat(err()).contains("cannot connect to the manager at", "start the manager first");
  }

  @Test
  void one_way_to_the_manager_is_needed_and_no_more() throws Exception {
    requireEnd(tunnel("--tun", "none"), 2);
    assertThat(err()).contains("--stdio", "--socket");
    requireEnd(tunnel("--stdio", "--socket", "x"), 2);
    requireEnd(tunnel("--stdio", "--tun", "a name"), 2);
    assertThat(err()).contains("tun name is 'a name'");
  }

  // ---- what the manager tells ----

  @Override
  public OsSettings settings() {
    return settings.isEmpty() ? OsSettings.NONE : settings.getLast();
  }

  @Override
  public void apply(OsSettings next) {
    settings.add(next);
  }

  @Override
  public void peersChanged(PeerUpdate change) {
    // The manager has them.
  }

  @Override
  public void settingsApplied(OsSettings applied) {
    // The manager has them.
  }

  @Override
  public void log(Log log) {
    logs.add(log);
  }
}
