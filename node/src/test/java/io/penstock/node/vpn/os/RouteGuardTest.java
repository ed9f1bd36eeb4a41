package io.penstock.node.vpn.os;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.penstock.api.IpAddress;
import io.penstock.api.IpPrefix;
import io.penstock.node.vpn.os.RouteGuard.DefaultRoute;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RouteGuardTest {

  private static final RouteGuard GUARD =
      new RouteGuard(
          Set.of(IpAddress.parse("192.0.2.7"), IpAddress.parse("2001:db8::7")),
          DefaultRoute.REFUSED);

  private static OsSettings routes(List<String> included, String... excluded) {
    return new OsSettings(
        0,
        List.of(),
        included.stream().map(IpPrefix::parse).toList(),
        Stream.of(excluded).map(IpPrefix::parse).toList(),
        Optional.empty(),
        List.of());
  }

  @Test
  void the_ranges_of_a_network_are_allowed_and_so_is_all_private_space() {
    assertThatCode(
            () ->
                GUARD.check(
                    routes(
                        List.of(
                            "10.0.0.0/8",
                            "172.16.0.0/12",
                            "192.168.0.0/16",
                            "100.64.0.0/10",
                            "fc00::/7"))))
        .doesNotThrowAnyException();
  }

  @ParameterizedTest
  @ValueSource(strings = {"192.0.2.7/32", "192.0.2.0/24", "2001:db8::/32", "2001:db8::7/128"})
  void a_route_over_the_gateway_is_refused_unless_the_gateway_is_excluded(String route) {
    String host = route.indexOf(':') < 0 ? "192.0.2.7" : "2001:db8::7";
    assertThatExceptionOfType(SettingsRefusedException.class)
        .isThrownBy(() -> GUARD.check(routes(List.of(route))))
        .withMessageContaining(host);
    if (!route.startsWith(host + "/")) {
      String exclusion = host + (route.indexOf(':') < 0 ? "/32" : "/128");
      assertThatCode(() -> GUARD.check(routes(List.of(route), exclusion)))
          .doesNotThrowAnyException();
    }
  }

  @Test
  void an_exclusion_that_is_wider_than_the_route_does_not_help() {
    assertThatExceptionOfType(SettingsRefusedException.class)
        .isThrownBy(() -> GUARD.check(routes(List.of("192.0.2.0/24"), "192.0.0.0/16")));
    assertThatExceptionOfType(SettingsRefusedException.class)
        .isThrownBy(() -> GUARD.check(routes(List.of("192.0.2.7/32"), "192.0.2.7/32")));
  }

  @Test
  void a_default_route_is_refused_in_one_piece_and_in_many() {
    RouteGuard noGateway = new RouteGuard(Set.of(), DefaultRoute.REFUSED);
    List<List<String>> defaults =
        List.of(
            List.of("0.0.0.0/0"),
            List.of("0.0.0.0/1", "128.0.0.0/1"),
            List.of("::/0"),
            List.of("2000::/3"),
            IntStream.range(0, 32).mapToObj(i -> (1 + i) + ".0.0.0/8").toList());
    for (List<String> routes : defaults) {
      assertThatExceptionOfType(SettingsRefusedException.class)
          .as("%s", routes)
          .isThrownBy(() -> noGateway.check(routes(routes)))
          .withMessageContaining("default route");
    }
  }

  @Test
  void a_default_route_that_was_asked_for_leaves_the_gateway_where_it_was() throws Exception {
    RouteGuard all = new RouteGuard(GUARD.underlay(), DefaultRoute.ALLOWED);
    OsSettings settings = routes(List.of("0.0.0.0/0", "::/0"), "198.51.100.0/24");
    all.check(settings);
    assertThat(all.exceptions(settings))
        .containsExactlyInAnyOrder(
            IpPrefix.parse("198.51.100.0/24"),
            IpPrefix.parse("192.0.2.7/32"),
            IpPrefix.parse("2001:db8::7/128"));
    assertThatExceptionOfType(SettingsRefusedException.class)
        .as("that is no default route")
        .isThrownBy(() -> all.check(routes(List.of("0.0.0.0/0", "192.0.2.0/24"))));
  }

  @Test
  void an_exclusion_outside_of_all_routes_gets_no_route_of_its_own() {
    assertThat(
            GUARD.exceptions(
                routes(
                    List.of("10.86.0.0/16", "fd86::/64"),
                    "10.86.9.0/24",
                    "10.0.0.0/8",
                    "198.51.100.7/32",
                    "fd86::9:0/112",
                    "2001:db8::9/128")))
        .containsExactlyInAnyOrder(IpPrefix.parse("10.86.9.0/24"), IpPrefix.parse("fd86::9:0/112"));
  }
}
