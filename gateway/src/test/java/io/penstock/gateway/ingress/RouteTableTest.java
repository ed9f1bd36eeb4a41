package io.penstock.gateway.ingress;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RouteTableTest {

  private static RouteTable table(String... names) {
    RouteTable table = new RouteTable();
    table.replaceAll(Arrays.stream(names).map(name -> Route.parse(name, "ada")).toList());
    return table;
  }

  private static String find(RouteTable table, String host, String path) {
    return table.match(host, path).map(Route::name).orElse("none");
  }

  @Test
  void anExactHostBeatsAWildcard() {
    RouteTable table = table("*.example.test", "a.example.test");

    assertThat(find(table, "a.example.test", "/")).isEqualTo("a.example.test");
    assertThat(find(table, "b.example.test", "/")).isEqualTo("*.example.test");
  }

  @Test
  void aLongerWildcardBeatsAShorterOne() {
    RouteTable table = table("*.test", "*.example.test");

    assertThat(find(table, "x.y.example.test", "/")).isEqualTo("*.example.test");
    assertThat(find(table, "other.test", "/")).isEqualTo("*.test");
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
  void anExactHostWithoutAMatchingPathLeavesTheRequestToAWildcard() {
    RouteTable table = table("a.test/api", "*.test");

    assertThat(find(table, "a.test", "/other")).isEqualTo("*.test");
  }

  @Test
  void replacingTheTableForgetsWhatWasThere() {
    RouteTable table = table("a.test");
    table.replaceAll(java.util.List.of(Route.parse("b.test", "ada")));

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

  @Test
  void aRouteIsNamedAsItIsPrinted() {
    assertThat(Route.parse("Hello.Localhost/Api/", "ada").name()).isEqualTo("hello.localhost/Api");
    assertThat(Route.parse("[::1]", "ada").name()).isEqualTo("[::1]");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "*",
        "*.",
        "a.test:80",
        "a..test",
        ".test",
        "test.",
        "a test",
        "a.test/a b",
        "a.test//b",
        "a.test/x?y",
        "ä.test",
        "*.*.test",
        "a.*.test",
        "[::1",
        "[]"
      })
  void whatIsNoRouteIsRefused(String name) {
    assertThatThrownBy(() -> Route.parse(name, "ada")).isInstanceOf(IllegalArgumentException.class);
  }
}
