package io.penstock.node.vpn.os;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penstock.api.IpAddress;
import io.penstock.api.IpPrefix;
import io.penstock.protocol.codervpn.message.NetworkSettingsRequest;
import io.penstock.protocol.codervpn.message.NetworkSettingsRequest.DNSSettings;
import io.penstock.protocol.codervpn.message.NetworkSettingsRequest.IPv4Settings;
import io.penstock.protocol.codervpn.message.NetworkSettingsRequest.IPv4Settings.IPv4Route;
import io.penstock.protocol.codervpn.message.NetworkSettingsRequest.IPv6Settings;
import io.penstock.protocol.codervpn.message.NetworkSettingsRequest.IPv6Settings.IPv6Route;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SettingsReaderTest {

  private static final NetworkSettingsRequest ADDRESSES =
      NetworkSettingsRequest.newBuilder()
          .setMtu(1280)
          .setTunnelRemoteAddress("198.51.100.7")
          .setIpv4Settings(
              IPv4Settings.newBuilder()
                  .addAddrs("10.86.0.5")
                  .addSubnetMasks("255.255.255.255")
                  .addIncludedRoutes(route("10.86.0.0", "255.255.0.0"))
                  .addExcludedRoutes(route("10.86.9.0", "255.255.255.0")))
          .setIpv6Settings(
              IPv6Settings.newBuilder()
                  .addAddrs("fd86::5")
                  .addPrefixLengths(128)
                  .addIncludedRoutes(
                      IPv6Route.newBuilder().setDestination("fd86::").setPrefixLength(64)))
          .build();

  private static IPv4Route route(String destination, String mask) {
    return IPv4Route.newBuilder().setDestination(destination).setMask(mask).build();
  }

  private static NetworkSettingsRequest dns(String server, String zone) {
    return NetworkSettingsRequest.newBuilder()
        .setDnsSettings(
            DNSSettings.newBuilder()
                .addServers(server)
                .addMatchDomains(zone)
                .addSearchDomains(zone))
        .build();
  }

  private static OsSettings read(NetworkSettingsRequest request) throws Exception {
    return SettingsReader.read(OsSettings.NONE, request);
  }

  @Test
  void a_request_replaces_what_it_says_and_leaves_the_rest() throws Exception {
    OsSettings addresses = read(ADDRESSES);
    assertThat(addresses)
        .isEqualTo(
            new OsSettings(
                1280,
                List.of(
                    new InterfaceAddress(IpAddress.parse("10.86.0.5"), 32),
                    new InterfaceAddress(IpAddress.parse("fd86::5"), 128)),
                List.of(IpPrefix.parse("10.86.0.0/16"), IpPrefix.parse("fd86::/64")),
                List.of(IpPrefix.parse("10.86.9.0/24")),
                Optional.empty(),
                List.of(IpAddress.parse("198.51.100.7"))));

    OsSettings named = SettingsReader.read(addresses, dns("10.86.0.1", "Penstock.Internal."));
    assertThat(named.addresses()).isEqualTo(addresses.addresses());
    assertThat(named.dns())
        .contains(
            new OsDns(
                List.of(IpAddress.parse("10.86.0.1")),
                List.of("penstock.internal"),
                List.of("penstock.internal")));

    OsSettings withoutIpv4 =
        SettingsReader.read(
            named,
            NetworkSettingsRequest.newBuilder()
                .setIpv4Settings(IPv4Settings.getDefaultInstance())
                .build());
    assertThat(withoutIpv4.addresses())
        .containsExactly(new InterfaceAddress(IpAddress.parse("fd86::5"), 128));
    assertThat(withoutIpv4.excluded()).isEmpty();
    assertThat(withoutIpv4.mtu()).isEqualTo(1280);
    assertThat(withoutIpv4.safeDns().orElseThrow().servers())
        .as("servers to which no route leads any more")
        .isEmpty();

    OsSettings unnamed =
        SettingsReader.read(
            named,
            NetworkSettingsRequest.newBuilder()
                .setDnsSettings(DNSSettings.getDefaultInstance())
                .build());
    assertThat(unnamed).isEqualTo(addresses);
  }

  @Test
  void match_domains_are_searched_unless_the_request_says_no() throws Exception {
    DNSSettings.Builder quiet =
        DNSSettings.newBuilder()
            .addServers("10.86.0.1")
            .addSearchDomains("office.test.")
            .addMatchDomains("a.test.")
            .setMatchDomainsNoSearch(true);
    assertThat(searched(quiet)).containsExactly("office.test");
    assertThat(searched(quiet.clone().setMatchDomainsNoSearch(false)))
        .containsExactly("office.test", "a.test");
  }

  private static List<String> searched(DNSSettings.Builder dns) throws Exception {
    return SettingsReader.read(
            read(ADDRESSES), NetworkSettingsRequest.newBuilder().setDnsSettings(dns).build())
        .dns()
        .orElseThrow()
        .searchDomains();
  }

  @Test
  void names_of_addresses_belong_to_the_overlay_too() throws Exception {
    OsSettings settings =
        SettingsReader.read(read(ADDRESSES), dns("10.86.0.1", "penstock.internal"));
    assertThat(settings.safeDns().orElseThrow().zones())
        .containsExactly(
            "penstock.internal", "86.10.in-addr.arpa", "0.0.0.0.0.0.0.0.0.0.0.0.6.8.d.f.ip6.arpa");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "cats",
        "10.86.0",
        "10.86.0.5/32",
        "10.86.0.256",
        "010.86.0.5",
        "fd86::5",
        "0.0.0.0",
        "127.0.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "10.86.0.5 dev eth0",
        "-6",
        "example.org"
      })
  void what_is_no_ipv4_address_is_refused(String address) {
    refused(
        NetworkSettingsRequest.newBuilder()
            .setIpv4Settings(
                IPv4Settings.newBuilder().addAddrs(address).addSubnetMasks("255.255.255.255"))
            .build(),
        address);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "::", "::1", "ff02::1", "fe80::1%eth0", "10.86.0.5", "fd86:::5"})
  void what_is_no_ipv6_address_is_refused(String address) {
    refused(
        NetworkSettingsRequest.newBuilder()
            .setIpv6Settings(IPv6Settings.newBuilder().addAddrs(address).addPrefixLengths(128))
            .build(),
        address);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "255.0.255.0", "0.0.0.255", "16", "fd86::"})
  void what_is_no_mask_is_refused(String mask) {
    refused(ipv4(route("10.86.0.0", mask)), mask);
  }

  @ParameterizedTest
  @CsvSource({"0.0.0.0, 0", "128.0.0.0, 1", "255.255.0.0, 16", "255.255.255.255, 32"})
  void a_mask_is_the_number_of_its_ones(String mask, int bits) throws Exception {
    assertThat(read(ipv4(route("0.0.0.0", mask))).included())
        .containsExactly(IpPrefix.parse("0.0.0.0/" + bits));
  }

  @Test
  void a_route_with_bits_behind_its_mask_is_refused() {
    refused(ipv4(route("10.86.0.1", "255.255.0.0")), "10.86.0.1/16");
  }

  private static NetworkSettingsRequest ipv4(IPv4Route... routes) {
    return NetworkSettingsRequest.newBuilder()
        .setIpv4Settings(IPv4Settings.newBuilder().addAllIncludedRoutes(List.of(routes)))
        .build();
  }

  @Test
  void a_thousand_routes_are_refused() {
    IPv4Settings.Builder many = IPv4Settings.newBuilder();
    for (int i = 0; i < 1000; i++) {
      many.addIncludedRoutes(route("10." + i / 256 + "." + i % 256 + ".0", "255.255.255.0"));
    }
    refused(
        NetworkSettingsRequest.newBuilder().setIpv4Settings(many).build(),
        "1000 routes, allowed are 256");
  }

  @Test
  void as_many_routes_as_allowed_are_not_exceeded_by_both_families_together() {
    IPv4Settings.Builder ipv4 = IPv4Settings.newBuilder();
    IPv6Settings.Builder ipv6 = IPv6Settings.newBuilder();
    for (int i = 0; i < 200; i++) {
      ipv4.addIncludedRoutes(route("10.1." + i + ".0", "255.255.255.0"));
      ipv6.addExcludedRoutes(
          IPv6Route.newBuilder().setDestination("fd00:" + i + "::").setPrefixLength(64));
    }
    refused(
        NetworkSettingsRequest.newBuilder().setIpv4Settings(ipv4).setIpv6Settings(ipv6).build(),
        "400 routes, allowed are 256");
  }

  @Test
  void too_many_addresses_and_masks_without_addresses_are_refused() {
    IPv4Settings.Builder many = IPv4Settings.newBuilder();
    for (int i = 1; i <= 17; i++) {
      many.addAddrs("10.86.0." + i).addSubnetMasks("255.255.255.255");
    }
    refused(
        NetworkSettingsRequest.newBuilder().setIpv4Settings(many).build(),
        "17 addresses, allowed are 16");
    refused(
        NetworkSettingsRequest.newBuilder()
            .setIpv4Settings(IPv4Settings.newBuilder().addAddrs("10.86.0.1"))
            .build(),
        "1 IPv4 addresses with 0 masks");
    refused(
        NetworkSettingsRequest.newBuilder()
            .setIpv6Settings(IPv6Settings.newBuilder().addPrefixLengths(64))
            .build(),
        "0 IPv6 addresses with 1 prefix lengths");
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 575, 65_536, -1})
  void an_impossible_mtu_is_refused(int mtu) {
    refused(
        NetworkSettingsRequest.newBuilder().setMtu(mtu).build(),
        "the MTU is " + Integer.toUnsignedString(mtu));
  }

  @Test
  void an_mtu_too_small_for_ipv6_is_refused() {
    refused(ADDRESSES.toBuilder().setMtu(1279).build(), "the MTU is 1279 with IPv6");
  }

  @Test
  void an_impossible_prefix_length_is_refused() {
    refused(
        NetworkSettingsRequest.newBuilder()
            .setIpv6Settings(IPv6Settings.newBuilder().addAddrs("fd86::5").addPrefixLengths(129))
            .build(),
        "129");
    refused(
        NetworkSettingsRequest.newBuilder()
            .setIpv6Settings(IPv6Settings.newBuilder().addAddrs("fd86::5").addPrefixLengths(-1))
            .build(),
        "-1");
  }

  @Test
  void servers_for_all_names_and_servers_outside_the_overlay_are_refused() throws Exception {
    OsSettings before = read(ADDRESSES);
    assertThatThrownBy(
            () ->
                SettingsReader.read(
                    before,
                    NetworkSettingsRequest.newBuilder()
                        .setDnsSettings(DNSSettings.newBuilder().addServers("10.86.0.1"))
                        .build()))
        .isInstanceOf(SettingsRefusedException.class)
        .hasMessageContaining("all names of this machine");
    assertThatThrownBy(() -> SettingsReader.read(before, dns("8.8.8.8", "penstock.internal")))
        .isInstanceOf(SettingsRefusedException.class)
        .hasMessageContaining("8.8.8.8 is not in the overlay");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", ".", "a..b", "a b", "a\nnameserver 6.6.6.6", "-a.b", "a-.b", "é.org", "~."})
  void what_is_no_zone_is_refused(String zone) throws Exception {
    OsSettings before = read(ADDRESSES);
    assertThatThrownBy(() -> SettingsReader.read(before, dns("10.86.0.1", zone)))
        .isInstanceOf(SettingsRefusedException.class)
        .hasMessageContaining("is no DNS name");
  }

  private static void refused(NetworkSettingsRequest request, String words) {
    assertThatThrownBy(() -> read(request))
        .isInstanceOf(SettingsRefusedException.class)
        .hasMessageStartingWith("the tunnel asks for impossible settings: ")
        .hasMessageContaining(words);
  }
}
