package io.penstock.node.up;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import com.google.protobuf.Timestamp;
import io.penstock.api.HostPort;
import io.penstock.api.IpAddress;
import io.penstock.api.IpPrefix;
import io.penstock.api.Json;
import io.penstock.node.up.UpReport.UpPeer;
import io.penstock.node.vpn.os.InterfaceAddress;
import io.penstock.node.vpn.os.LinuxNetworkConfig.Dns;
import io.penstock.node.vpn.os.OsDns;
import io.penstock.node.vpn.os.OsSettings;
import io.penstock.protocol.codervpn.message.Agent;
import io.penstock.protocol.codervpn.message.PeerUpdate;
import io.penstock.protocol.codervpn.message.PenstockLink;
import io.penstock.protocol.codervpn.message.Workspace;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class UpReportTest {

  private static final UpConfig CONFIG =
      UpConfig.of(
          new HostPort("gw.example", 7443),
          "secret-token",
          "laptop",
          Path.of("/nowhere"),
          List.of("tunnel"));

  private static final OsSettings SETTINGS =
      new OsSettings(
          1280,
          List.of(
              new InterfaceAddress(IpAddress.parse("10.86.0.5"), 32),
              new InterfaceAddress(IpAddress.parse("fd86::5"), 128)),
          List.of(IpPrefix.parse("10.86.0.0/16")),
          List.of(),
          Optional.of(
              new OsDns(
                  List.of(IpAddress.parse("10.86.0.1")),
                  List.of("penstock.internal", "86.10.in-addr.arpa"),
                  List.of("penstock.internal"))),
          List.of());

  private static final PenstockLink RUNNING =
      PenstockLink.newBuilder().setState(PenstockLink.State.RUNNING).build();

  private static UpReport report(UpStatus status) {
    return UpReport.of(CONFIG, status, RUNNING, SETTINGS, PeerUpdate.getDefaultInstance());
  }

  @Test
  void it_says_where_the_machine_is() throws Exception {
    UpReport report = report(new UpStatus.Up());
    assertThat(report)
        .isEqualTo(
            new UpReport(
                "laptop",
                "laptop.penstock.internal",
                "gw.example:7443",
                "penstock0",
                "up",
                "",
                List.of(IpAddress.parse("10.86.0.5"), IpAddress.parse("fd86::5")),
                List.of("penstock.internal", "86.10.in-addr.arpa"),
                List.of()));
    assertThat(Json.readAnswer(Json.write(report), UpReport.class)).isEqualTo(report);
  }

  @Test
  void without_settings_nothing_is_known_but_the_label() {
    UpReport report =
        UpReport.of(
            CONFIG,
            new UpStatus.Starting("looking for the gateway gw.example:7443"),
            PenstockLink.getDefaultInstance(),
            OsSettings.NONE,
            PeerUpdate.getDefaultInstance());
    assertThat(report.domainName()).isEmpty();
    assertThat(report.addresses()).isEmpty();
    assertThat(report.zones()).isEmpty();
    assertThat(report.state()).isEqualTo("starting");
    assertThat(report.reason()).isEqualTo("looking for the gateway gw.example:7443");
  }

  @Test
  void where_names_are_left_alone_it_has_its_name_and_no_zones() {
    UpReport report =
        UpReport.of(
            CONFIG.with("penstock0", Dns.OFF),
            new UpStatus.Up(),
            RUNNING,
            SETTINGS,
            PeerUpdate.getDefaultInstance());
    assertThat(report.domainName()).isEqualTo("laptop.penstock.internal");
    assertThat(report.zones()).isEmpty();
  }

  @Test
  void each_status_has_a_word_and_a_reason() {
    UpReport restarting = report(new UpStatus.Restarting("the tunnel process was killed"));
    assertThat(restarting.state()).isEqualTo("restarting");
    assertThat(restarting.reason()).isEqualTo("the tunnel process was killed");
    UpReport down = report(new UpStatus.Down("the token was refused"));
    assertThat(down.state()).isEqualTo("down");
    assertThat(down.reason()).isEqualTo("the token was refused");
  }

  @Test
  void a_link_that_is_lost_is_told_while_the_interface_is_up() {
    PenstockLink lost =
        PenstockLink.newBuilder()
            .setState(PenstockLink.State.DEGRADED)
            .setReason("nothing answers")
            .build();
    UpReport up =
        UpReport.of(CONFIG, new UpStatus.Up(), lost, SETTINGS, PeerUpdate.getDefaultInstance());
    assertThat(up.state()).isEqualTo("degraded");
    assertThat(up.reason()).isEqualTo("the link to the gateway is lost: nothing answers");
    UpReport down =
        UpReport.of(CONFIG, new UpStatus.Down(""), lost, SETTINGS, PeerUpdate.getDefaultInstance());
    assertThat(down.state()).isEqualTo("down");
  }

  @Test
  void peers_come_by_name_with_their_agents_if_they_have_one() {
    PeerUpdate peers =
        PeerUpdate.newBuilder()
            .addUpsertedWorkspaces(workspace(1, "nas", Workspace.Status.STOPPED))
            .addUpsertedWorkspaces(workspace(2, "desk", Workspace.Status.RUNNING))
            .addUpsertedWorkspaces(workspace(3, "new", Workspace.Status.RUNNING))
            .addUpsertedAgents(
                agent(2)
                    .addFqdn("desk.penstock.internal.")
                    .addFqdn("desk.laptop.penstock.internal.")
                    .addIpAddrs("10.86.0.6")
                    .addIpAddrs("fd86::6")
                    .setPenstockRxBytes(1000)
                    .setPenstockTxBytes(2000)
                    .setLastHandshake(Timestamp.newBuilder().setSeconds(1_700_000_000)))
            .addUpsertedAgents(agent(3))
            .build();

    UpReport report = UpReport.of(CONFIG, new UpStatus.Up(), RUNNING, SETTINGS, peers);

    assertThat(report.peers())
        .containsExactly(
            new UpPeer(
                "desk",
                "desk.penstock.internal",
                List.of(IpAddress.parse("10.86.0.6"), IpAddress.parse("fd86::6")),
                true,
                "gateway",
                Optional.of(Instant.ofEpochSecond(1_700_000_000)),
                1000,
                2000),
            new UpPeer("nas", "", List.of(), false, "", Optional.empty(), 0, 0),
            new UpPeer("new", "", List.of(), true, "gateway", Optional.empty(), 0, 0));
  }

  @Test
  void the_token_is_in_no_report_and_no_log() {
    assertThat(report(new UpStatus.Up()).toString()).doesNotContain("secret-token");
    assertThat(CONFIG.toString()).doesNotContain("secret-token");
  }

  private static Workspace workspace(int id, String name, Workspace.Status status) {
    return Workspace.newBuilder().setId(id(id)).setName(name).setStatus(status).build();
  }

  private static Agent.Builder agent(int workspace) {
    return Agent.newBuilder().setId(id(100 + workspace)).setWorkspaceId(id(workspace));
  }

  private static ByteString id(int number) {
    return ByteString.copyFrom(new byte[] {(byte) number});
  }
}
