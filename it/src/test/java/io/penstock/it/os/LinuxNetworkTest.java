package io.penstock.it.os;

import static io.penstock.it.os.TestMachine.GATEWAY;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penstock.api.IpAddress;
import io.penstock.api.IpPrefix;
import io.penstock.it.os.TestMachine.ResolvConf;
import io.penstock.node.vpn.os.InterfaceAddress;
import io.penstock.node.vpn.os.LinuxNetwork;
import io.penstock.node.vpn.os.LinuxNetworkConfig.Dns;
import io.penstock.node.vpn.os.OsDns;
import io.penstock.node.vpn.os.OsSettings;
import io.penstock.node.vpn.os.RouteGuard.DefaultRoute;
import io.penstock.node.vpn.os.SettingsRefusedException;
import io.penstock.transport.tun.TunDevice;
import java.io.IOException;
import java.net.DatagramSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/// What becomes of a machine whose network is set up for an overlay, and when it goes again.
class LinuxNetworkTest {

  static final OsSettings SETTINGS =
      new OsSettings(
          1280,
          List.of(address("10.86.0.5", 32), address("fd86::5", 128)),
          List.of(IpPrefix.parse("10.86.0.0/16"), IpPrefix.parse("fd86::/64")),
          List.of(IpPrefix.parse("10.86.9.0/24"), IpPrefix.parse("fd86::9:0/112")),
          Optional.of(
              new OsDns(
                  List.of(IpAddress.parse("10.86.0.1")),
                  List.of("penstock.internal"),
                  List.of("penstock.internal"))),
          List.of());

  @TempDir Path directory;

  private TestMachine machine;

  @BeforeEach
  void begin() throws Exception {
    machine = TestMachine.start(directory, ResolvConf.FILE);
  }

  @AfterEach
  void end() {
    if (machine != null) {
      machine.close();
    }
  }

  private static InterfaceAddress address(String text, int bits) {
    return new InterfaceAddress(IpAddress.parse(text), bits);
  }

  private LinuxNetwork open(DefaultRoute defaultRoute) throws Exception {
    return machine
        .namespace()
        .call(() -> LinuxNetwork.open(machine.config().with(defaultRoute, Dns.AUTO)));
  }

  private void apply(LinuxNetwork network, OsSettings settings) throws Exception {
    machine
        .namespace()
        .call(
            () -> {
              network.apply(settings);
              return true;
            });
  }

  private void close(LinuxNetwork network) throws Exception {
    machine
        .namespace()
        .call(
            () -> {
              network.close();
              return true;
            });
  }

  @ParameterizedTest
  @EnumSource
  void settings_are_put_in_place_and_go_without_a_trace(ResolvConf resolvConf) throws Exception {
    machine.close();
    machine = TestMachine.start(Files.createDirectory(directory.resolve("other")), resolvConf);
    String before = machine.snapshot();
    try (TunDevice device = machine.tun()) {
      LinuxNetwork network = open(DefaultRoute.REFUSED);
      apply(network, SETTINGS);

      assertThat(machine.ip("link show " + device.name())).contains("mtu 1280").contains("UP");
      assertThat(machine.ip("-brief address show pen0")).contains("10.86.0.5/32", "fd86::5/128");
      assertThat(wayTo("10.86.1.2")).contains("dev pen0").contains("src 10.86.0.5");
      assertThat(wayTo("fd86::2")).contains("dev pen0").contains("src fd86::5");
      assertThat(wayTo("10.86.9.2")).contains("via 192.0.2.1 dev eth0");
      assertThat(wayTo("fd86::9:2")).contains("via 2001:db8::1 dev eth0");
      assertThat(wayTo(GATEWAY.toString())).contains("dev eth0");
      assertThat(machine.namespace().call(() -> Files.readString(Path.of("/etc/resolv.conf"))))
          .contains("\nnameserver 127.86.0.53\nsearch corp.example penstock.internal\n")
          .contains("options timeout:1 attempts:1")
          .doesNotContain("127.0.0.1");

      close(network);
      close(network);
      assertThat(machine.snapshot()).isEqualTo(before);
      assertThatThrownBy(() -> apply(network, SETTINGS))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("taken back already");
    }
    assertThat(machine.snapshot()).isEqualTo(before);
    assertThat(machine.config().directory().resolve("undo.json")).doesNotExist();
  }

  private String wayTo(String address) throws Exception {
    return machine.ip("route get " + address);
  }

  @Test
  void other_settings_replace_those_from_before() throws Exception {
    String before = machine.snapshot();
    OsSettings others =
        new OsSettings(
            1400,
            List.of(address("10.87.0.6", 24)),
            List.of(IpPrefix.parse("10.86.0.0/16")),
            List.of(IpPrefix.parse("10.86.9.0/24"), IpPrefix.parse("10.87.0.128/25")),
            Optional.empty(),
            List.of());
    try (TunDevice _ = machine.tun()) {
      LinuxNetwork network = open(DefaultRoute.REFUSED);
      apply(network, SETTINGS);
      apply(network, others);

      assertThat(network.settings()).isEqualTo(others);
      assertThat(machine.ip("link show pen0")).contains("mtu 1400");
      assertThat(machine.ip("-brief -4 address show pen0"))
          .contains("10.87.0.6/24")
          .doesNotContain("10.86.0.5");
      assertThat(machine.ip("-6 route show dev pen0")).doesNotContain("fd86");
      assertThat(wayTo("10.86.1.2")).contains("dev pen0").contains("src 10.87.0.6");
      assertThat(wayTo("10.87.0.7")).contains("dev pen0");
      assertThat(wayTo("10.87.0.200")).contains("dev eth0");
      assertThat(machine.ip("-6 route show")).doesNotContain("fd86::9:0/112");
      assertThat(machine.namespace().call(() -> Files.readString(Path.of("/etc/resolv.conf"))))
          .isEqualTo(TestMachine.RESOLV_CONF);

      apply(network, SETTINGS);
      apply(network, OsSettings.NONE);
      assertThat(machine.snapshot()).isEqualTo(before);
      close(network);
    }
    assertThat(machine.snapshot()).isEqualTo(before);
  }

  @Test
  void what_the_kernel_refuses_leaves_everything_as_it_was() throws Exception {
    machine.ip("link add docker0 type veth peer name other0");
    machine.ip("link set docker0 up");
    machine.ip("route add 10.86.0.0/16 dev docker0");
    String before = machine.snapshot();
    try (TunDevice _ = machine.tun()) {
      LinuxNetwork network = open(DefaultRoute.REFUSED);

      assertThatThrownBy(() -> apply(network, SETTINGS))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("nothing has changed")
          .hasMessageContaining("route add 10.86.0.0/16")
          .hasMessageContaining("File exists")
          .hasNoSuppressedExceptions();

      assertThat(network.settings()).isEqualTo(OsSettings.NONE);
      assertThat(machine.snapshot()).isEqualTo(before);
      assertThat(machine.ip("-brief address show pen0")).contains("DOWN").doesNotContain("10.86");
      machine.ip("route del 10.86.0.0/16 dev docker0");
      apply(network, SETTINGS);
      assertThat(wayTo("10.86.1.2")).contains("dev pen0");
      close(network);
    }
  }

  @Test
  void dns_that_cannot_be_changed_leaves_everything_as_it_was() throws Exception {
    String before = machine.snapshot();
    try (TunDevice _ = machine.tun();
        var taken =
            machine
                .namespace()
                .call(() -> new DatagramSocket(machine.config().resolver().address()))) {
      LinuxNetwork network = open(DefaultRoute.REFUSED);

      assertThatThrownBy(() -> apply(network, SETTINGS))
          .hasMessageContaining("nothing has changed")
          .hasMessageContaining("127.86.0.53:53")
          .hasMessageContaining("another DNS server");

      assertThat(taken.isClosed()).isFalse();
      assertThat(machine.snapshot()).isEqualTo(before);
      close(network);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "198.51.100.0/24",
        "198.51.100.7/32",
        "198.0.0.0/8",
        "2001:db8:1::/48",
        "2001:db8:1::7/128"
      })
  void a_route_over_the_gateway_is_refused(String route) throws Exception {
    refused(included(route), "holds", "the tunnel would run through itself");
  }

  @ParameterizedTest
  @ValueSource(strings = {"0.0.0.0/0", "0.0.0.0/1", "128.0.0.0/1", "::/0", "2000::/3"})
  void a_default_route_is_refused_unless_the_user_asked_for_it(String route) throws Exception {
    refused(included(route), route, "was not asked for");
  }

  @Test
  void a_zone_that_holds_the_name_of_the_gateway_is_refused() throws Exception {
    String before = machine.snapshot();
    try (TunDevice _ = machine.tun()) {
      LinuxNetwork network =
          machine
              .namespace()
              .call(
                  () ->
                      LinuxNetwork.open(machine.config().withGatewayHost("gw.penstock.internal")));
      assertThatThrownBy(() -> apply(network, SETTINGS))
          .isInstanceOf(SettingsRefusedException.class)
          .hasMessageContaining("gw.penstock.internal")
          .hasMessageContaining("nothing was changed");
      assertThat(machine.snapshot()).isEqualTo(before);
      close(network);
    }
  }

  @Test
  void an_exception_without_any_other_way_is_refused() throws Exception {
    machine.ip("route del default");
    refused(SETTINGS, "10.86.9.0/24", "no other way");
  }

  @Test
  void rules_of_the_machine_that_would_lead_the_tunnel_into_itself_are_noticed() throws Exception {
    machine.ip("rule add to 198.51.100.0/24 lookup 100");
    try (TunDevice device = machine.tun()) {
      machine.ip("link set " + device.name() + " up");
      machine.ip("route add default dev pen0 table 100");
      String before = machine.snapshot();
      LinuxNetwork network = open(DefaultRoute.REFUSED);

      assertThatThrownBy(() -> apply(network, SETTINGS))
          .isInstanceOf(SettingsRefusedException.class)
          .hasMessageContaining("198.51.100.7")
          .hasMessageContaining("nothing has changed");

      assertThat(machine.snapshot()).isEqualTo(before);
      close(network);
    }
  }

  private static OsSettings included(String route) {
    List<IpPrefix> routes = new ArrayList<>(SETTINGS.included());
    routes.add(IpPrefix.parse(route));
    return new OsSettings(
        1280, SETTINGS.addresses(), routes, SETTINGS.excluded(), SETTINGS.dns(), List.of());
  }

  private void refused(OsSettings settings, String... words) throws Exception {
    if (machine == null) {}
    String before = machine.snapshot();
    try (TunDevice _ = machine.tun()) {
      LinuxNetwork network = open(DefaultRoute.REFUSED);
      assertThatThrownBy(() -> apply(network, settings))
          .isInstanceOf(SettingsRefusedException.class)
          .hasMessageContainingAll(words)
          .hasMessageContaining("nothing was changed");
      assertThat(machine.snapshot()).isEqualTo(before);
      assertThat(machine.ip("-brief address show pen0")).doesNotContain("10.86");
      close(network);
    }
  }

  @Test
  void with_a_default_route_the_gateway_and_name_servers_stay_where_they_are() throws Exception {
    machine
        .namespace()
        .call(
            () ->
                Files.writeString(
                    Path.of("/etc/resolv.conf"),
                    "nameserver 203.0.113.53\nnameserver 192.0.2.1\nnameserver fe80::1%eth0\n"));
    String before = machine.snapshot();
    OsSettings all =
        new OsSettings(
            1280,
            SETTINGS.addresses(),
            List.of(
                IpPrefix.parse("0.0.0.0/1"),
                IpPrefix.parse("128.0.0.0/1"),
                IpPrefix.parse("::/1"),
                IpPrefix.parse("8000::/1")),
            List.of(),
            SETTINGS.dns(),
            List.of(IpAddress.parse("198.51.100.8")));
    try (TunDevice _ = machine.tun()) {
      LinuxNetwork network = open(DefaultRoute.ALLOWED);
      apply(network, all);

      assertThat(wayTo("8.8.8.8")).contains("dev pen0");
      assertThat(wayTo("2620::1")).contains("dev pen0");
      assertThat(wayTo("198.51.100.7")).contains("via 192.0.2.1 dev eth0");
      assertThat(wayTo("198.51.100.8")).contains("via 192.0.2.1 dev eth0");
      assertThat(wayTo("2001:db8:1::7")).contains("via 2001:db8::1 dev eth0");
      assertThat(wayTo("203.0.113.53")).contains("via 192.0.2.1 dev eth0");
      assertThat(wayTo("192.0.2.1")).contains("dev eth0");

      machine.ip("route replace default via 192.0.2.9 dev eth0");
      apply(network, all);
      assertThat(wayTo("198.51.100.7")).contains("via 192.0.2.9 dev eth0");
      machine.ip("route replace default via 192.0.2.1 dev eth0");
      close(network);
    }
    assertThat(machine.snapshot()).isEqualTo(before);
  }

  @Test
  void a_route_that_somebody_else_made_is_used_and_left() throws Exception {
    machine.ip("route add 10.86.9.0/24 via 192.0.2.200 dev eth0");
    String before = machine.snapshot();
    try (TunDevice _ = machine.tun()) {
      LinuxNetwork network = open(DefaultRoute.REFUSED);
      apply(network, SETTINGS);
      assertThat(wayTo("10.86.9.2")).contains("via 192.0.2.200 dev eth0");
      close(network);
    }
    assertThat(machine.snapshot()).isEqualTo(before);
  }

  @Test
  void a_file_that_somebody_else_changed_meanwhile_is_left_alone() throws Exception {
    try (TunDevice _ = machine.tun()) {
      LinuxNetwork network = open(DefaultRoute.REFUSED);
      apply(network, SETTINGS);
      Path file = Path.of("/etc/resolv.conf");
      machine.namespace().call(() -> Files.writeString(file, "nameserver 192.0.2.77\n"));
      close(network);

      assertThat(machine.namespace().call(() -> Files.readString(file)))
          .isEqualTo("nameserver 192.0.2.77\n");
    }
  }

  @Test
  void with_dns_off_names_are_left_alone() throws Exception {
    try (TunDevice _ = machine.tun()) {
      LinuxNetwork network =
          machine
              .namespace()
              .call(() -> LinuxNetwork.open(machine.config().with(DefaultRoute.REFUSED, Dns.OFF)));
      apply(network, SETTINGS);
      assertThat(machine.namespace().call(() -> Files.readString(Path.of("/etc/resolv.conf"))))
          .isEqualTo(TestMachine.RESOLV_CONF);
      assertThat(wayTo("10.86.1.2")).contains("dev pen0");
      close(network);
    }
  }

  @Test
  void a_second_one_is_told_of_the_first() throws Exception {
    try (TunDevice _ = machine.tun()) {
      LinuxNetwork network = open(DefaultRoute.REFUSED);
      apply(network, SETTINGS);
      String during = machine.snapshot();

      assertThatThrownBy(() -> open(DefaultRoute.REFUSED)).hasMessageContaining("still runs");
      assertThatThrownBy(
              () -> machine.namespace().call(() -> LinuxNetwork.undo(machine.config().directory())))
          .hasMessageContaining("still runs");

      assertThat(machine.snapshot()).isEqualTo(during);
      close(network);
    }
  }
}
