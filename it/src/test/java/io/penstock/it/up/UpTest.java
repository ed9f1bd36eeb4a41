package io.penstock.it.up;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import io.penstock.api.IpAddress;
import io.penstock.api.IpFamily;
import io.penstock.it.os.NameServer;
import io.penstock.it.overlay.CommandProcess;
import io.penstock.it.tun.NetworkNamespace;
import io.penstock.node.up.UpReport;
import java.io.BufferedReader;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Two whole machines on the overlay, used by ordinary programs, and afterwards as if nothing had
/// been.
@EnabledOnOs(value = OS.LINUX, architectures = "amd64") // elsewhere there is no QUIC for the nodes
@Timeout(300)
class UpTest {

  private static final String HELLO = "hello from desk\n";
  private static final int HTTP_PORT = 8080;

  @TempDir Path directory;

  @Test
  void programs_of_two_machines_reach_each_other_by_address_and_name_until_down() throws Exception {
    try (Underlay underlay = Underlay.start(directory)) {
      UpMachine laptop = underlay.machine("laptop");
      UpMachine desk = underlay.machine("desk");
      try (NameServer previous =
          NameServer.start(laptop.machine(), "127.0.0.1", "203.0.113.10", "host.example")) {
        String laptopBefore = laptop.machine().snapshot();
        String deskBefore = desk.machine().snapshot();
        CommandProcess laptopUp = laptop.up();
        CommandProcess deskUp = desk.up();
        UpReport report = laptop.awaitUp(laptopUp);
        desk.awaitUp(deskUp);
        UpReport.UpPeer peer = laptop.awaitPeer("desk", true);
        assertThat(peer.addresses()).containsExactlyInAnyOrderElementsOf(desk.report().addresses());

        requireNews(laptopUp, report);
        requireStatus(laptop, report, peer);
        requireReachable(laptop, desk);
        requireNames(laptop, desk, previous);

        CommandProcess deskDown = desk.command("down");
        assertThat(deskDown.out()).contains("down; addresses, routes and DNS are as they were");
        assertThat(deskUp.awaitEnd()).isZero();
        assertThat(deskUp.err()).contains("down; addresses, routes and DNS are as they were");
        desk.requireAsBefore(deskBefore, "desk is down");

        assertThat(laptop.awaitPeer("desk", false).path()).isEmpty();
        assertThat(laptop.command("status").out()).containsPattern("desk +.*- +-");
        assertThat(laptop.command("down").process().exitValue()).isZero();
        assertThat(laptopUp.awaitEnd()).isZero();
        laptop.requireAsBefore(laptopBefore, "laptop is down");
        assertThat(laptop.run("getent", "ahostsv4", "later.example.org")).contains("203.0.113.10");
      }
    }
  }

  private static void requireNews(CommandProcess up, UpReport report) {
    assertThat(up.out())
        .contains("laptop.penstock.internal is on the overlay at ")
        .contains(report.addresses().stream().map(IpAddress::toString).toList())
        .contains("  interface  " + UpMachine.LINK)
        .contains("those of penstock.internal are looked up over the overlay");
    assertThat(up.err())
        .containsSubsequence(
            "looking for the gateway", "starting the tunnel", "joining the network of");
  }

  private static void requireStatus(UpMachine laptop, UpReport report, UpReport.UpPeer peer)
      throws Exception {
    CommandProcess table = laptop.command("status");
    assertThat(table.process().exitValue()).as(table.err()).isZero();
    assertThat(table.out())
        .contains("laptop.penstock.internal: up at " + report.addresses().getFirst())
        .contains("interface " + UpMachine.LINK + " through " + report.gateway())
        .containsPattern("NAME +ADDRESSES +LAST HANDSHAKE +PATH")
        .containsPattern("desk +" + peer.addresses().getFirst() + ".* +\\d+ (s|min) ago +gateway");

    JsonNode json = new JsonMapper().readTree(laptop.command("status", "--json").out());
    assertThat(json.path("state").asString()).isEqualTo("up");
    assertThat(json.path("domainName").asString()).isEqualTo("laptop.penstock.internal");
    JsonNode desk = json.path("peers").path(0);
    assertThat(desk.path("name").asString()).isEqualTo("desk");
    assertThat(desk.path("online").asBoolean()).isTrue();
    assertThat(desk.path("addresses").size()).isEqualTo(2);
    assertThat(desk.path("path").asString()).isEqualTo("gateway");
    assertThat(desk.path("lastHandshake").asString()).isNotEmpty();
  }

  // ---- by address ----

  private static void requireReachable(UpMachine laptop, UpMachine desk) throws Exception {
    HttpServer http = web(desk);
    NetworkNamespace.requireProgram("iperf3");
    Process iperf =
        desk.namespace()
            .start(new ProcessBuilder("iperf3", "-s", "--forceflush").redirectErrorStream(true));
    try {
      awaitListening(iperf);
      for (IpFamily family : IpFamily.values()) {
        String address = desk.address(family).toString();
        assertThat(laptop.run("ping", "-n", "-c", "2", "-W", "20", address))
            .contains(" 0% packet loss");
        String host = family == IpFamily.IPV6 ? "[" + address + "]" : address;
        assertThat(curl(laptop, host)).isEqualTo(HELLO);
        JsonNode result =
            new JsonMapper().readTree(laptop.run("iperf3", "-J", "-t", "1", "-c", address));
        assertThat(result.path("end").path("sum_received").path("bytes").asLong()).isPositive();
      }
      assertThat(curl(laptop, "desk.penstock.internal")).isEqualTo(HELLO);
    } finally {
      iperf.destroyForcibly();
      http.stop(0);
    }
  }

  /// A server on all addresses of a machine.
  private static HttpServer web(UpMachine machine) throws Exception {
    HttpServer server = machine.call(() -> HttpServer.create(new InetSocketAddress(HTTP_PORT), 0));
    server.createContext(
        "/",
        exchange -> {
          exchange.sendResponseHeaders(200, HELLO.length());
          try (OutputStream body = exchange.getResponseBody()) {
            body.write(HELLO.getBytes(US_ASCII));
          }
        });
    server.start();
    return server;
  }

  private static String curl(UpMachine from, String host) throws Exception {
    return from.run("curl", "-sS", "--max-time", "60", "http://%s:%d/".formatted(host, HTTP_PORT));
  }

  /// Waits for its first words; what it says later fits into the pipe.
  private static void awaitListening(Process iperf) throws Exception {
    BufferedReader said = iperf.inputReader();
    for (String line = said.readLine(); line != null; line = said.readLine()) {
      if (line.contains("listening")) {
        return;
      }
    }
    throw new AssertionError("iperf3 has ended");
  }

  // ---- by name ----

  private static void requireNames(UpMachine laptop, UpMachine desk, NameServer previous)
      throws Exception {
    String ipv4 = desk.address(IpFamily.IPV4).toString();
    String ipv6 = desk.address(IpFamily.IPV6).toString();
    assertThat(laptop.run("getent", "ahostsv4", "desk.penstock.internal")).contains(ipv4);
    assertThat(laptop.run("getent", "ahostsv6", "desk.penstock.internal")).contains(ipv6);
    assertThat(laptop.run("getent", "hosts", ipv4)).contains("desk.penstock.internal");
    assertThat(laptop.run("getent", "hosts", ipv6)).contains("desk.penstock.internal");
    assertThat(laptop.run("ping", "-4", "-c", "1", "-W", "20", "desk.penstock.internal"))
        .contains(" 0% packet loss");
    assertThat(laptop.run("ping", "-6", "-c", "1", "-W", "20", "desk.penstock.internal"))
        .contains(" 0% packet loss");
    assertThat(laptop.run("getent", "ahostsv4", "www.example.org")).contains("203.0.113.10");
    assertThat(previous.asked())
        .contains("www.example.org")
        .noneMatch(name -> name.endsWith("penstock.internal"));
  }
}
