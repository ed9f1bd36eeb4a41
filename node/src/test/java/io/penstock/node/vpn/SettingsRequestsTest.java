package io.penstock.node.vpn;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.api.IpAddress;
import io.penstock.api.IpFamily;
import io.penstock.api.IpPrefix;
import io.penstock.api.IsdAs;
import io.penstock.api.OverlayNetwork;
import io.penstock.protocol.codervpn.message.NetworkSettingsRequest;
import io.penstock.protocol.codervpn.message.NetworkSettingsRequest.DNSSettings;
import io.penstock.protocol.codervpn.message.NetworkSettingsRequest.IPv4Settings;
import io.penstock.protocol.codervpn.message.NetworkSettingsRequest.IPv4Settings.IPv4Route;
import io.penstock.protocol.codervpn.message.NetworkSettingsRequest.IPv6Settings;
import io.penstock.protocol.codervpn.message.NetworkSettingsRequest.IPv6Settings.IPv6Route;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

class SettingsRequestsTest {

  private static final IpAddress IPV4 = IpAddress.parse("10.86.0.9");
  private static final IpAddress IPV6 = IpAddress.parse("fd7c::9");

  private static OverlayNetwork network(String ipv4, String... resolvers) {
    return new OverlayNetwork(
        List.of(IpPrefix.parse(ipv4), IpPrefix.parse("fd7c::/64")),
        1280,
        "penstock.internal",
        List.of(resolvers).stream().map(IpAddress::parse).toList(),
        IsdAs.parse("16-64512"),
        600,
        10_000);
  }

  private static IPv4Settings ipv4(String destination, String mask) {
    return IPv4Settings.newBuilder()
        .addAddrs("10.86.0.9")
        .addSubnetMasks("255.255.255.255")
        .addIncludedRoutes(IPv4Route.newBuilder().setDestination(destination).setMask(mask))
        .build();
  }

  private static final IPv6Settings IPV6_SETTINGS =
      IPv6Settings.newBuilder()
          .addAddrs("fd7c::9")
          .addPrefixLengths(128)
          .addIncludedRoutes(IPv6Route.newBuilder().setDestination("fd7c::").setPrefixLength(64))
          .build();

  private static DNSSettings dns(String... servers) {
    return DNSSettings.newBuilder()
        .addAllServers(List.of(servers))
        .addSearchDomains("penstock.internal")
        .setDomainName("penstock.internal")
        .addMatchDomains("penstock.internal")
        .build();
  }

  @Test
  void both_families_are_asked_for_around_the_tunnel_and_then_dns() {
    assertThat(
            SettingsRequests.requests(
                List.of(IPV4, IPV6),
                Set.of(),
                network("10.86.0.0/16", "10.86.0.1", "fd7c::1"),
                Optional.of(IpAddress.parse("198.51.100.7"))))
        .containsExactly(
            NetworkSettingsRequest.newBuilder()
                .setMtu(1280)
                .setTunnelRemoteAddress("198.51.100.7")
                .setIpv4Settings(ipv4("10.86.0.0", "255.255.0.0"))
                .setIpv6Settings(IPV6_SETTINGS)
                .build(),
            NetworkSettingsRequest.newBuilder()
                .setDnsSettings(dns("10.86.0.1", "fd7c::1"))
                .build());
  }

  @Test
  void a_family_without_an_address_is_left_as_it_is_and_its_resolver_not_asked() {
    assertThat(
            SettingsRequests.requests(
                List.of(IPV4),
                Set.of(),
                network("10.64.0.0/11", "10.64.0.1", "fd7c::1"),
                Optional.empty()))
        .containsExactly(
            NetworkSettingsRequest.newBuilder()
                .setMtu(1280)
                .setIpv4Settings(ipv4("10.64.0.0", "255.224.0.0"))
                .build(),
            NetworkSettingsRequest.newBuilder().setDnsSettings(dns("10.64.0.1")).build());
  }

  @Test
  void a_family_that_has_gone_is_emptied_and_without_resolvers_dns_is_left_as_it_is() {
    assertThat(
            SettingsRequests.requests(
                List.of(IPV4),
                Set.of(IpFamily.IPV4, IpFamily.IPV6),
                network("0.0.0.0/0"),
                Optional.empty()))
        .containsExactly(
            NetworkSettingsRequest.newBuilder()
                .setMtu(1280)
                .setIpv4Settings(ipv4("0.0.0.0", "0.0.0.0"))
                .setIpv6Settings(IPv6Settings.getDefaultInstance())
                .build());
  }
}
