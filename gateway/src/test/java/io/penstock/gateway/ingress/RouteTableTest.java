package io.penstock.gateway.ingress;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class RouteTableTest {

  private static RouteTable table(String... names) {
    RouteTable table = new RouteTable();
    table.replaceAll(Arrays.stream(names).map(name -> Route.parse(name, "ada")).toList());
    return table;
  }

  private static String find(RouteTable table, String host, String path) {
    return table.match(host, path).map(route -> route.name().toString()).orElse("none");
  }

  @Test
  void anExactHostBeatsAWildcard() {
    RouteTable table = table("*.example.test", "a.example.test");

    assertThat(find(table, "a.example.test", "/")).isEqualTo("a.example.test");
    assertThat(find(table, "b.example.test", "/")).isEqualTo("*.example.test");
  }

  @Test
  void aLongerWildcardBeatsAShorterOne() {
    RouteTable table = table("*.example.test", "*.y.example.test");

    assertThat(find(table, "x.y.example.test", "/")).isEqualTo("*.y.example.test");
    assertThat(find(table, "other.example.test", "/")).isEqualTo("*.example.test");
  }

  @Test
  void aWildcardDoesNotCoverTheNameBelowWhichItStands() {
    RouteTable table = table("*.example.test");

    assertThat(find(table, "example.test", "/")).isEqualTo("none");
    assertThat(find(table, "notexample.test", "/")).isEqualTo("none");
  }

  @Test
  void theLongestPathOfWholeSegmentsWins() {
    RouteTable table = table("a.test", "a.test/api", "a.test/api/v1");

    assertThat(find(table, "a.test", "/api/v1/users")).isEqualTo("a.test/api/v1");
    assertThat(find(table, "a.test", "/api/v1?x=/api/v2")).isEqualTo("a.test/api/v1");
    assertThat(find(table, "a.test", "/api/v10")).isEqualTo("a.test/api");
    assertThat(find(table, "a.test", "/api")).isEqualTo("a.test/api");
    assertThat(find(table, "a.test", "/apis")).isEqualTo("a.test");
    assertThat(find(table, "a.test", "*")).isEqualTo("a.test");
  }

  @Test
  void equivalentSpellingsOfAPathMatchTheSameRoute() {
    RouteTable table = table("a.test", "a.test/api", "a.test/caf%C3%A9");

    assertThat(find(table, "a.test", "/%61p%69/x?y=%61")).isEqualTo("a.test/api");
    assertThat(find(table, "a.test", "/caf%c3%a9")).isEqualTo("a.test/caf%C3%A9");
    assertThat(find(table, "a.test", "/api%2Fx")).isEqualTo("a.test");
    assertThat(find(table, "a.test", "/%zz%6")).isEqualTo("a.test");
    assertThat(find(table, "a.test", "/?%61pi")).isEqualTo("a.test");
  }

  @Test
  void anExactHostWithoutAMatchingPathLeavesTheRequestToAWildcard() {
    RouteTable table = table("a.example.test/api", "*.example.test");

    assertThat(find(table, "a.example.test", "/other")).isEqualTo("*.example.test");
  }

  @Test
  void replacingTheTableForgetsWhatWasThere() {
    RouteTable table = table("a.test");
    table.replaceAll(List.of(Route.parse("b.test", "ada")));

    assertThat(find(table, "a.test", "/")).isEqualTo("none");
    assertThat(find(table, "b.test", "/")).isEqualTo("b.test");
  }

  @Test
  void knowsTheHostsThatDeserveACertificate() {
    RouteTable table = table("a.test/api", "*.b.test");

    assertThat(table.knowsHost("a.test")).isTrue();
    assertThat(table.knowsHost("x.b.test")).isTrue();
    assertThat(table.knowsHost("x.y.b.test")).isTrue();
    assertThat(table.knowsHost("b.test")).isFalse();
    assertThat(table.knowsHost(".b.test")).isFalse();
    assertThat(table.knowsHost("c.test")).isFalse();
  }
}
