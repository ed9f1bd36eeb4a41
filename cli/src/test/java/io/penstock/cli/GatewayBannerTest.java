package io.penstock.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.gateway.GatewayAddresses;
import io.penstock.gateway.config.GatewayConfig;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class GatewayBannerTest {

  private static final InetSocketAddress EVERYWHERE = new InetSocketAddress(7443);
  private static final GatewayConfig CONFIG =
      GatewayConfig.builder().data(Path.of("/srv/pen stock")).build();

  private static List<String> lines(GatewayConfig config, Optional<InetSocketAddress> overlay) {
    InetSocketAddress admin = new InetSocketAddress(InetAddress.getLoopbackAddress(), 7070);
    var addresses =
        new GatewayAddresses(
            Optional.empty(), Optional.empty(), EVERYWHERE, Optional.empty(), overlay, admin);
    return new GatewayBanner(config, addresses, Optional.of("sha256:ab")).lines();
  }

  @Test
  void itLeadsAnAgentAndANodeIn() {
    assertThat(lines(CONFIG, Optional.of(EVERYWHERE)))
        .anyMatch(line -> line.matches("Nodes +:7443 on every address \\(QUIC\\)"))
        .anyMatch(
            line ->
                line.matches("Overlay +10\\.86\\.\\S+ and fd7c:\\S+, names in penstock.internal"))
        .contains(
            "  penstock token create --user ann --scope connect --data '/srv/pen stock' >"
                + " ann.token",
            "  penstock token create --user ann --scope overlay --data '/srv/pen stock' >"
                + " node.token")
        .anyMatch(
            line ->
                line.matches(
                    "  penstock ping gateway --gateway \\S+:7443 --fingerprint sha256:ab"
                        + " --token-file node.token"))
        .anyMatch(
            line ->
                line.matches(
                    "  penstock node run --name web --gateway \\S+:7443 --fingerprint sha256:ab"
                        + " --token-file node.token"));
  }

  @Test
  void itSaysHowToTurnTheOverlayOn() {
    GatewayConfig off =
        GatewayConfig.builder().data(CONFIG.data()).overlay(CONFIG.overlay().off()).build();

    assertThat(lines(off, Optional.empty()))
        .anyMatch(line -> line.matches("Nodes +none, as the overlay is off \\(--overlay :7443 .*"))
        .noneMatch(line -> line.contains("penstock ping"));
  }
}
