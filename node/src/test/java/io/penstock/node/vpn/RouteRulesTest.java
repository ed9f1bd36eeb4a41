package io.penstock.node.vpn;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.penstock.api.IpAddress;
import io.penstock.api.IpPrefix;
import io.penstock.node.vpn.RouteRules.DefaultRoute;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RouteRulesTest {

  private static final RouteRules RULES =
      new RouteRules(
          List.of(IpAddress.parse("192.0.2.7"), IpAddress.parse("2001:db8::7")),
          DefaultRoute.REFUSED);

  private static NetworkSettings routes(List<String> included, String... excluded) {
    return new NetworkSettings(
        OptionalInt.empty(),
        List.of(),
        included.stream().map(IpPrefix::parse).toList(),
        Stream.of(excluded).map(IpPrefix::parse).toList(),
        DnsSettings.NONE);
  }

  @Test
  void the_ranges_of_a_network_are_allowed_and_so_is_all_private_space() {
    assertThatCode(
            () ->
                RULES.check(
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
    assertThatIllegalArgumentException()
        .isThrownBy(() -> RULES.check(routes(List.of(route))))
        .withMessageContaining(host);
    if (!route.startsWith(host + "/")) {
      String exclusion = host + (route.indexOf(':') < 0 ? "/32" : "/128");
      assertThatCode(() -> RULES.check(routes(List.of(route), exclusion)))
          .doesNotThrowAnyException();
    }
  }

  @Test
  void an_exclusion_that_is_wider_than_the_route_does_not_help() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> RULES.check(routes(List.of("192.0.2.0/24"), "192.0.0.0/16")));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> RULES.check(routes(List.of("192.0.2.7/32"), "192.0.2.7/32")));
  }

  @Test
  void a_default_route_is_refused_in_one_piece_and_in_many() {
    RouteRules noGateway = new RouteRules(List.of(), DefaultRoute.REFUSED);
    List<List<String>> defaults =
        List.of(
            List.of("0.0.0.0/0"),
            List.of("0.0.0.0/1", "128.0.0.0/1"),
            List.of("::/0"),
            List.of("2000::/3"),
            IntStream.range(0, 32).mapToObj(i -> (1 + i) + ".0.0.0/8").toList());
    for (List<String> routes : defaults) {
      assertThatIllegalArgumentException()
          .as("%s", routes)
          .isThrownBy(() -> noGateway.check(routes(routes)))
          .withMessageContaining("default route");
    }
  }

  @Test
  void a_default_route_that_was_asked_for_still_leaves_the_gateway_out() {
    RouteRules all = new RouteRules(RULES.underlay(), DefaultRoute.ALLOWED);
    assertThatCode(
            () ->
                all.check(routes(List.of("0.0.0.0/0", "::/0"), "192.0.2.7/32", "2001:db8::7/128")))
        .doesNotThrowAnyException();
    assertThatIllegalArgumentException()
        .isThrownBy(() -> all.check(routes(List.of("0.0.0.0/0", "::/0"), "192.0.2.7/32")))
        .withMessageContaining("2001:db8::7");
  }
}
