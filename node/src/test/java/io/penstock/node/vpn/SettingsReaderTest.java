package io.penstock.node.vpn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.penstock.api.IpAddress;
import io.penstock.api.IpPrefix;
import io.penstock.node.vpn.NetworkSettings.InterfaceAddress;
import io.penstock.protocol.codervpn.message.NetworkSettingsRequest;
import io.penstock.protocol.codervpn.message.NetworkSettingsRequest.DNSSettings;
import io.penstock.protocol.codervpn.message.NetworkSettingsRequest.IPv4Settings;
import io.penstock.protocol.codervpn.message.NetworkSettingsRequest.IPv4Settings.IPv4Route;
import io.penstock.protocol.codervpn.message.NetworkSettingsRequest.IPv6Settings;
import io.penstock.protocol.codervpn.message.NetworkSettingsRequest.IPv6Settings.IPv6Route;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class SettingsReaderTest {

  private static final NetworkSettingsRequest ADDRESSING =
      NetworkSettingsRequest.newBuilder()
          .setMtu(1280)
          .setIpv4Settings(
              IPv4Settings.newBuilder()
                  .addAddrs("10.86.0.9")
                  .addSubnetMasks("255.255.255.255")
                  .addIncludedRoutes(route4("10.86.0.0", "255.255.0.0"))
                  .addExcludedRoutes(route4("10.86.1.0", "255.255.255.128")))
          .setIpv6Settings(
              IPv6Settings.newBuilder()
                  .addAddrs("fd7c::9")
                  .addPrefixLengths(128)
                  .addIncludedRoutes(route6("fd7c::", 64)))
          .build();

  private static final NetworkSettingsRequest DNS =
      dns(
          DNSSettings.newBuilder()
              .addServers("10.86.0.1")
              .addSearchDomains("coder.")
              .addMatchDomains("penstock.internal"));

  private static final NetworkSettings BOTH =
      new NetworkSettings(
          OptionalInt.of(1280),
          List.of(
              new InterfaceAddress(IpAddress.parse("10.86.0.9"), 32),
              new InterfaceAddress(IpAddress.parse("fd7c::9"), 128)),
          List.of(IpPrefix.parse("10.86.0.0/16"), IpPrefix.parse("fd7c::/64")),
          List.of(IpPrefix.parse("10.86.1.0/25")),
          new DnsSettings(
              List.of(IpAddress.parse("10.86.0.1")),
              List.of("coder", "penstock.internal"),
              List.of("penstock.internal")));

  private static IPv4Route route4(String destination, String mask) {
    return IPv4Route.newBuilder().setDestination(destination).setMask(mask).build();
  }

  private static IPv6Route route6(String destination, int bits) {
    return IPv6Route.newBuilder().setDestination(destination).setPrefixLength(bits).build();
  }

  private static NetworkSettingsRequest ipv4(IPv4Settings.Builder settings) {
    return NetworkSettingsRequest.newBuilder().setIpv4Settings(settings).build();
  }

  private static NetworkSettingsRequest ipv6(IPv6Settings.Builder settings) {
    return NetworkSettingsRequest.newBuilder().setIpv6Settings(settings).build();
  }

  private static NetworkSettingsRequest dns(DNSSettings.Builder settings) {
    return NetworkSettingsRequest.newBuilder().setDnsSettings(settings).build();
  }

  private static NetworkSettings after(NetworkSettingsRequest... requests) {
    NetworkSettings settings = NetworkSettings.NONE;
    for (NetworkSettingsRequest request : requests) {
      settings = SettingsReader.after(settings, request);
    }
    return settings;
  }

  @Test
  void partial_requests_add_up_in_any_order() {
    assertThat(after(ADDRESSING, DNS)).isEqualTo(BOTH);
    assertThat(after(DNS, ADDRESSING)).isEqualTo(BOTH);
    assertThat(after(ADDRESSING, DNS, NetworkSettingsRequest.getDefaultInstance())).isEqualTo(BOTH);
  }

  @Test
  void a_family_that_is_named_is_replaced_and_the_other_stays() {
    assertThat(after(ADDRESSING, DNS, ipv4(IPv4Settings.newBuilder())))
        .isEqualTo(
            new NetworkSettings(
                BOTH.mtuBytes(),
                List.of(new InterfaceAddress(IpAddress.parse("fd7c::9"), 128)),
                List.of(IpPrefix.parse("fd7c::/64")),
                List.of(),
                BOTH.dns()));
    assertThat(after(ADDRESSING, DNS, dns(DNSSettings.newBuilder())).dns())
        .isEqualTo(DnsSettings.NONE);
  }

  @Test
  void match_domains_are_searched_unless_the_request_says_no() {
    DNSSettings.Builder quiet =
        DNSSettings.newBuilder().addMatchDomains("a.test.").setMatchDomainsNoSearch(true);
    assertThat(after(dns(quiet)).dns().searchDomains()).isEmpty();
    assertThat(after(dns(quiet.clone().setMatchDomainsNoSearch(false))).dns().searchDomains())
        .containsExactly("a.test");
  }

  @Test
  void what_a_tunnel_of_ours_asks_for_is_understood() {
    assertThat(
            after(
                ipv4(
                    IPv4Settings.newBuilder()
                        .addAddrs("10.64.0.9")
                        .addSubnetMasks("255.255.255.255")
                        .addIncludedRoutes(route4("10.64.0.0", "255.224.0.0"))
                        .addIncludedRoutes(route4("0.0.0.0", "0.0.0.0"))
                        .addIncludedRoutes(route4("128.0.0.0", "128.0.0.0")))))
        .extracting(NetworkSettings::includedRoutes)
        .isEqualTo(
            List.of(
                IpPrefix.parse("10.64.0.0/11"),
                IpPrefix.parse("0.0.0.0/0"),
                IpPrefix.parse("128.0.0.0/1")));
  }

  static Stream<Arguments> hostile() {
    IPv4Settings.Builder four = IPv4Settings.newBuilder();
    IPv6Settings.Builder six = IPv6Settings.newBuilder();
    return Stream.of(
        hostile(
            "an address that is none",
            ipv4(four.clone().addAddrs("10.86").addSubnetMasks("255.0.0.0")),
            "10.86"),
        hostile(
            "a name",
            ipv4(four.clone().addAddrs("evil.test").addSubnetMasks("255.0.0.0")),
            "evil.test"),
        hostile(
            "the other family",
            ipv4(four.clone().addAddrs("fd7c::9").addSubnetMasks("255.0.0.0")),
            "IPv4"),
        hostile(
            "loopback",
            ipv4(four.clone().addAddrs("127.0.0.1").addSubnetMasks("255.0.0.0")),
            "127.0.0.1"),
        hostile(
            "multicast",
            ipv4(four.clone().addAddrs("224.0.0.5").addSubnetMasks("255.0.0.0")),
            "224.0.0.5"),
        hostile(
            "broadcast",
            ipv4(four.clone().addAddrs("255.255.255.255").addSubnetMasks("255.0.0.0")),
            "255.255.255.255"),
        hostile("any", ipv6(six.clone().addAddrs("::").addPrefixLengths(64)), "::"),
        hostile(
            "a mask with a gap",
            ipv4(four.clone().addAddrs("10.86.0.9").addSubnetMasks("255.0.255.0")),
            "255.0.255.0"),
        hostile("no mask", ipv4(four.clone().addAddrs("10.86.0.9")), "0 subnet masks"),
        hostile(
            "a prefix without bits",
            ipv6(six.clone().addAddrs("fd7c::9").addPrefixLengths(0)),
            "is 0"),
        hostile(
            "a prefix too long",
            ipv6(six.clone().addAddrs("fd7c::9").addPrefixLengths(129)),
            "129"),
        hostile(
            "a prefix of 2^32-1", ipv6(six.clone().addAddrs("fd7c::9").addPrefixLengths(-1)), "-1"),
        hostile(
            "a route with host bits",
            ipv4(four.clone().addIncludedRoutes(route4("10.86.0.1", "255.255.0.0"))),
            "10.86.0.1"),
        hostile("a route to nowhere", ipv6(six.clone().addExcludedRoutes(route6("", 64))), "\"\""),
        hostile(
            "a thousand routes",
            ipv4(
                four.clone()
                    .addAllIncludedRoutes(
                        IntStream.range(0, 1000)
                            .mapToObj(
                                i ->
                                    route4(
                                        "10.%d.%d.0".formatted(i / 256, i % 256), "255.255.255.0"))
                            .toList())),
            "1000 routes"),
        hostile(
            "many addresses",
            ipv6(
                six.clone()
                    .addAllAddrs(IntStream.range(1, 18).mapToObj(i -> "fd7c::" + i).toList())),
            "17 addresses"),
        hostile("a tiny MTU", NetworkSettingsRequest.newBuilder().setMtu(100).build(), "100"),
        hostile(
            "an MTU of 2^32-1", NetworkSettingsRequest.newBuilder().setMtu(-1).build(), "65535"),
        hostile(
            "too many servers",
            dns(
                DNSSettings.newBuilder()
                    .addAllServers(IntStream.range(1, 10).mapToObj(i -> "10.0.0." + i).toList())),
            "9 DNS servers"),
        hostile(
            "a server that is none",
            dns(DNSSettings.newBuilder().addServers("0.0.0.0")),
            "0.0.0.0"),
        hostile(
            "too many domains",
            dns(
                DNSSettings.newBuilder()
                    .addAllMatchDomains(IntStream.range(0, 65).mapToObj(i -> "d" + i).toList())),
            "65 domains"));
  }

  private static Arguments hostile(String what, NetworkSettingsRequest request, String words) {
    return Arguments.of(what, request, words);
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("hostile")
  void is_refused_with_words_for_the_tunnel(
      String what, NetworkSettingsRequest request, String words) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> SettingsReader.after(BOTH, request))
        .withMessageContaining(words);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", ".", "a b", "x\nnameserver 10.0.0.1", "-a", "a..b", "a.", "ü.test", "a#b"})
  void a_domain_that_would_do_something_else_in_a_file_of_the_system_is_refused(String domain) {
    // One dot at the end is taken off, so one more is needed to have one.
    String sent = domain.equals("a.") ? "a.." : domain;
    assertThatIllegalArgumentException()
        .isThrownBy(() -> after(dns(DNSSettings.newBuilder().addSearchDomains(sent))))
        .withMessageContaining("is no domain name")
        .matches(refused -> String.valueOf(refused.getMessage()).indexOf('\n') < 0);
  }
}
