package io.penstock.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RouteNameTest {

  @ParameterizedTest
  @CsvSource({
    "app.example.com, app.example.com",
    "App.Example.COM., app.example.com",
    "bücher.example, xn--bcher-kva.example",
    "BÜCHER.example/a, xn--bcher-kva.example/a",
    "*.example.com, *.example.com",
    "*.localhost, *.localhost",
    "app.localhost/, app.localhost",
    "app.localhost/api/, app.localhost/api",
    "app.localhost/API/v2, app.localhost/API/v2",
    "app.localhost/a%2bb, app.localhost/a%2Bb",
    "app.localhost/a:b@c;d=1, app.localhost/a:b@c;d=1",
    "under_score.example.com, under_score.example.com",
  })
  void bringsEverySpellingIntoOne(String text, String normal) {
    assertThat(RouteName.parse(text)).hasToString(normal);
    assertThat(RouteName.parse(normal)).isEqualTo(RouteName.parse(text));
  }

  @ParameterizedTest
  @CsvSource({
    "backend, has too few labels",
    "*.com, has too few labels",
    "'', has an empty label",
    "a..example, has an empty label",
    "-a.example, has a label",
    "a.*.example, has a * that is not a whole first label",
    "a*.example, has a * that is not a whole first label",
    "*, has a * that is not a whole first label",
    "app.example:80, has a port or an IPv6 address",
    "[::1], has a port or an IPv6 address",
    "http://app.example, is a URL",
    "app.example?x, has a character in its domain",
    "app.example/a?x=1, has a query or a fragment",
    "app.example/a#x, has a query or a fragment",
    "app.example//a, has an empty path segment",
    "app.example/a//, has an empty path segment",
    "app.example/../a, has a dot segment",
    "app.example/./a, has a dot segment",
    "app.example/%2e%2e/a, has %2e where . is meant",
    "app.example/%41, has %41 where A is meant",
    "app.example/a%2fb, has an encoded slash",
    "app.example/a%00, has an encoded slash or control character",
    "app.example/a%2, has a character in its path",
    "app.example/ä, has a character in its path",
  })
  void refusesTheRestAndSaysWhatIsAllowed(String text, String fault) {
    assertThatThrownBy(() -> RouteName.parse(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("route \"" + text + "\" " + fault)
        .hasMessageContaining("allowed is DOMAIN[/PATH]");
  }

  @Test
  void boundsTheLength() {
    assertThatThrownBy(() -> RouteName.parse("a.example/" + "x".repeat(2000)))
        .hasMessageContaining("too long");
    assertThatThrownBy(() -> RouteName.parse("a.".repeat(150) + "example"))
        .hasMessageContaining("longer than 253");
  }

  @Test
  void cannotBeMadeInAnotherSpelling() {
    assertThatThrownBy(() -> new RouteName("App.example", ""))
        .hasMessageContaining("not in normal form");
    assertThatThrownBy(() -> new RouteName("app.example", "/a/"))
        .hasMessageContaining("not in normal form");
  }

  @Test
  void knowsTheHostThatAWildcardStandsAbove() {
    assertThat(RouteName.parse("*.example.com/a").host()).isEqualTo("example.com");
    assertThat(RouteName.parse("app.example.com/a").host()).isEqualTo("app.example.com");
  }

  @Test
  void knowsItsPublicAddress() {
    RouteName route = RouteName.parse("app.example.com/api");

    assertThat(new PublicEndpoint("http", 8000).url(route))
        .isEqualTo("http://app.example.com:8000/api");
    assertThat(new PublicEndpoint("https", 443).url(route))
        .isEqualTo("https://app.example.com/api");
    assertThat(new PublicEndpoint("http", 80).url(route)).isEqualTo("http://app.example.com/api");
  }

  @Test
  void survivesMutatedNames() {
    String[] seeds = {"app.example.com/api/v2", "*.bücher.example", "a%2Bb.example/%C3%A4"};
    for (long seed = 0; seed < 5_000; seed++) {
      parsesOrRefuses(Mutations.of(seeds[(int) (seed % seeds.length)], new Random(seed)));
    }
  }

  @FuzzTest(maxDuration = "15s", maxExecutions = 20_000)
  void survivesAnyBytes(byte[] bytes) {
    parsesOrRefuses(new String(bytes, StandardCharsets.UTF_8));
  }

  private static void parsesOrRefuses(String text) {
    RouteName route;
    try {
      route = RouteName.parse(text);
    } catch (IllegalArgumentException refused) {
      assertThat(refused).isExactlyInstanceOf(IllegalArgumentException.class);
      assertThat(refused.getMessage()).contains("allowed is");
      return;
    }
    assertThat(RouteName.parse(route.toString())).as(text).isEqualTo(route);
    assertThat(route.toString()).matches("[!-~]+");
  }
}
