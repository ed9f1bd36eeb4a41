package io.penstock.api.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.penstock.api.HostPort;
import io.penstock.api.Mutations;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ConfigBinderTest {

  /// What a visitor's listener needs, as an example.
  public record Ingress(HostPort http, Optional<HostPort> https, @Inline Limits limits) {}

  /// Numbers of every kind.
  public record Limits(int maxHeadBytes, long maxBodyBytes, int connections, Duration headTimeout) {
    public Limits {
      Requirements.of("ingress")
          .bytesBetween("max_head_bytes", maxHeadBytes, 1024, 1024 * 1024)
          .between("connections", connections, 1, 100)
          .between("head_timeout", headTimeout, Duration.ofMillis(100), Duration.ofHours(1))
          .check();
    }
  }

  /// How loud.
  public enum Level {
    LOUD,
    QUIET
  }

  /// Everything else.
  public record Store(
      Optional<Path> file,
      Optional<Secret> password,
      Level level,
      boolean fast,
      double factor,
      List<String> hosts) {
    public Store {
      if (factor < 1) {
        throw new IllegalArgumentException("store.factor is " + factor + ", allowed is 1 or more");
      }
    }
  }

  /// The whole.
  public record Example(String name, Ingress ingress, Store store) {}

  private static final Example DEFAULTS =
      new Example(
          "x",
          new Ingress(
              HostPort.parse("127.0.0.1:8000"),
              Optional.of(HostPort.parse("127.0.0.1:8443")),
              new Limits(64 * 1024, 0, 10, Duration.ofSeconds(10))),
          new Store(Optional.empty(), Optional.empty(), Level.LOUD, true, 2.5, List.of("a")));

  private static final String GOOD =
      """
      name = "édge" # a comment
      [ingress]
      http = "[::1]:0"
      https = "off"
      max_head_bytes = "16KiB"
      max_body_bytes = 5
      connections = 3
      head_timeout = "1m30s"

      [store]
      file = "sub/penstock.db"
      password = "hush"
      level = "quiet"
      fast = false
      factor = 1.5
      hosts = ["a.example", "b.example"]
      """;

  private static ConfigBinder<Example> binder() {
    return ConfigBinder.of(DEFAULTS, "PENSTOCK_");
  }

  private static Example bind(String toml) throws ConfigException {
    return binder().toml(toml, "p.toml", Path.of("/etc/penstock")).bind();
  }

  @Test
  void keepsTheDefaultsWhenNothingIsSet() throws Exception {
    assertThat(binder().environment(Map.of()).bind()).isSameAs(DEFAULTS);
  }

  @Test
  void bindsEveryKindOfValue() throws Exception {
    assertThat(bind(GOOD))
        .isEqualTo(
            new Example(
                "édge",
                new Ingress(
                    new HostPort("::1", 0),
                    Optional.empty(),
                    new Limits(16 * 1024, 5, 3, Duration.ofSeconds(90))),
                new Store(
                    Optional.of(Path.of("/etc/penstock/sub/penstock.db")),
                    Optional.of(new Secret("hush")),
                    Level.QUIET,
                    false,
                    1.5,
                    List.of("a.example", "b.example"))));
  }

  @Test
  void readsAFileAndSeesItsPathsFromItsDirectory(@TempDir Path directory) throws Exception {
    Path file = Files.writeString(directory.resolve("penstock.toml"), "store.file = \"a/b\"\n");

    assertThat(binder().file(file).bind().store().file()).contains(directory.resolve("a/b"));
  }

  @Test
  void saysWhichFileIsMissing(@TempDir Path directory) {
    assertThatThrownBy(() -> binder().file(directory.resolve("none.toml")))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("none.toml");
  }

  @Test
  void takesTheEnvironmentOverTheFileAndAFlagOverBoth() throws Exception {
    ConfigBinder<Example> binder =
        binder()
            .toml("name = 'file'\n[ingress]\nconnections = 3", "p.toml", Path.of("."))
            .environment(
                Map.of(
                    "PENSTOCK_NAME", "variable",
                    "PENSTOCK_INGRESS_CONNECTIONS", "4",
                    "PENSTOCK_STORE_HOSTS", "x, y",
                    "HOME", "/root"))
            .override("ingress.connections", "5", "--connections");

    Example bound = binder.bind();

    assertThat(bound.name()).isEqualTo("variable");
    assertThat(bound.ingress().limits().connections()).isEqualTo(5);
    assertThat(bound.store().hosts()).containsExactly("x", "y");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "[ingres] | p.toml:1: ingres: unknown key; did you mean \"ingress\"?",
        "ingress.htttp = ':1' | p.toml:1: ingress.htttp: unknown key; did you mean"
            + " \"ingress.http\"?",
        "[ingress]~max-head-bytes = 5000 | p.toml:2: ingress.max-head-bytes: unknown key; did you"
            + " mean \"ingress.max_head_bytes\"?",
        "https = ':1' | p.toml:1: https: unknown key; did you mean \"ingress.https\"?",
        "[store]~zzzzzz = 1 | p.toml:2: store.zzzzzz: unknown key; allowed is factor, fast, file,"
            + " hosts, level, password",
        "ingress = ':80' | p.toml:1: ingress: is a table; its keys are connections, head_timeout,"
            + " http, https, max_body_bytes, max_head_bytes",
        "[ingress.http]~port = 1 | p.toml:1: ingress.http is {\"port\":1}, allowed is HOST:PORT",
        "ingress.http = 'x' | p.toml:1: ingress.http is \"x\", allowed is HOST:PORT",
        "ingress.connections = '7' | p.toml:1: ingress.connections is \"7\", allowed is a whole"
            + " number",
        "ingress.connections = 99999999999 | p.toml:1: ingress.connections is \"99999999999\","
            + " allowed is a whole number",
        "ingress.head_timeout = 10 | p.toml:1: ingress.head_timeout is 10, allowed is a duration"
            + " with its unit",
        "ingress.head_timeout = '0s' | p.toml:1: ingress.head_timeout is 0s, allowed is 100ms to"
            + " 1h",
        "ingress.max_head_bytes = '2MiB' | p.toml:1: ingress.max_head_bytes is 2MiB, allowed is"
            + " 1KiB to 1MiB",
        "ingress.max_head_bytes = '9GiB' | p.toml:1: ingress.max_head_bytes is \"9GiB\", allowed is"
            + " a number of bytes",
        "store.level = 'shrill' | p.toml:1: store.level is \"shrill\", allowed is one of loud,"
            + " quiet",
        "store.factor = 0.5 | p.toml:1: store.factor is 0.5, allowed is 1 or more",
        "store.factor = nan | p.toml:1: store.factor is \"NaN\", allowed is a number",
        "store.hosts = 'a' | p.toml:1: store.hosts is \"a\", allowed is an array",
        "store.password = 12345 | p.toml:1: store.password is (hidden), allowed is a text",
        "name = | p.toml:1: syntax: no valid TOML",
        "name = 'a'~name = 'b' | p.toml:2: syntax: no valid TOML",
      })
  void saysWhatIsWrongWhereAndWhatIsAllowed(String toml, String message) {
    assertThatThrownBy(() -> bind(toml.replace('~', '\n')))
        .isInstanceOf(ConfigException.class)
        .hasMessageStartingWith(message);
  }

  @Test
  void tellsAllProblemsAtOnce() {
    assertThatThrownBy(
            () ->
                binder()
                    .toml(
                        """
                        nam = 1
                        [ingress]
                        connections = 0
                        head_timeout = "2h"
                        [store]
                        fast = "yes"
                        """,
                        "p.toml",
                        Path.of("."))
                    .environment(Map.of("PENSTOCK_STORE_LEVEL", "high"))
                    .override("ingress.http", "8000", "--ingress-http")
                    .bind())
        .isInstanceOfSatisfying(
            ConfigException.class,
            e ->
                assertThat(String.valueOf(e.getMessage()).lines())
                    .satisfiesExactlyInAnyOrder(
                        it ->
                            assertThat(it)
                                .startsWith("p.toml:1: nam: unknown key; did you mean \"name\"?"),
                        it -> assertThat(it).startsWith("p.toml:3: ingress.connections is 0"),
                        it -> assertThat(it).startsWith("p.toml:4: ingress.head_timeout is 2h"),
                        it -> assertThat(it).startsWith("p.toml:6: store.fast is \"yes\""),
                        it ->
                            assertThat(it)
                                .startsWith(
                                    "environment: PENSTOCK_STORE_LEVEL: store.level is \"high\""),
                        it ->
                            assertThat(it)
                                .startsWith(
                                    "command line: --ingress-http: ingress.http is \"8000\"")));
  }

  @Test
  void noticesAMistypedVariableAndLeavesForeignOnesAlone() throws Exception {
    assertThat(
            binder()
                .environment(Map.of("PENSTOCK_TOKEN", "x", "PENSTOCK_PORT_7443_TCP", "tcp://x"))
                .bind())
        .isSameAs(DEFAULTS);
    assertThatThrownBy(() -> binder().environment(Map.of("PENSTOCK_INGRES_HTTP", ":1")).bind())
        .hasMessage(
            "environment: PENSTOCK_INGRES_HTTP: is no variable that is read; did you mean"
                + " PENSTOCK_INGRESS_HTTP?");
  }

  @Test
  void neverShowsASecret() throws Exception {
    assertThat(bind(GOOD).toString()).doesNotContain("hush");
    assertThatThrownBy(() -> bind("store.password = ''"))
        .hasMessageContaining("store.password is (hidden)");
  }

  @Test
  void listsItsKeysForDocumentation() {
    assertThat(binder().keys())
        .contains(
            new ConfigKey(
                "ingress.max_head_bytes",
                "PENSTOCK_INGRESS_MAX_HEAD_BYTES",
                ByteSizes.ALLOWED,
                "64KiB"),
            new ConfigKey(
                "ingress.head_timeout", "PENSTOCK_INGRESS_HEAD_TIMEOUT", Durations.ALLOWED, "10s"))
        .extracting(ConfigKey::key)
        .startsWith("name", "ingress.http", "ingress.https")
        .hasSize(13);
  }

  @Test
  void survivesMutatedFiles() {
    for (long seed = 0; seed < 2_000; seed++) {
      bindsOrTells(Mutations.of(GOOD, new Random(seed)));
    }
  }

  @FuzzTest(maxDuration = "15s", maxExecutions = 20_000)
  void survivesAnyBytes(byte[] bytes) {
    bindsOrTells(new String(bytes, StandardCharsets.UTF_8));
  }

  @Test
  void boundsNesting() {
    bindsOrTells("name = " + "[".repeat(200_000));
    bindsOrTells("name = " + "{a=".repeat(100_000));
    bindsOrTells("a." + "a.".repeat(100_000) + "a = 1");
  }

  private static void bindsOrTells(String toml) {
    try {
      assertThat(bind(toml)).isNotNull();
    } catch (ConfigException e) {
      assertThat(e.problems()).isNotEmpty();
      assertThat(e.getMessage()).startsWith("p.toml");
    }
  }

  // ---- arrays of tables ----

  /// Rules, as an example.
  public record Rules(List<Rule> rule, int limit) {}

  /// One rule.
  public record Rule(String from, Optional<Level> level, List<String> hosts) {
    public Rule {
      if (from.equals("nobody")) {
        throw new IllegalArgumentException("from is nobody, allowed is somebody");
      }
    }
  }

  private static Rules rules(String toml) throws ConfigException {
    return ConfigBinder.of(new Rules(List.of(), 7), "X_").toml(toml, "r.toml", Path.of("/")).bind();
  }

  @Test
  void readsEachTableOfAnArray() throws Exception {
    Rule loud = new Rule("ann", Optional.of(Level.LOUD), List.of("a", "b"));
    Rule plain = new Rule("bob", Optional.empty(), List.of());

    assertThat(
            rules(
                """
                limit = 3
                [[rule]]
                from = "ann"
                level = "loud"
                hosts = ["a", "b"]
                [[rule]]
                from = "bob"
                """))
        .isEqualTo(new Rules(List.of(loud, plain), 3));
    assertThat(rules("rule = [{from = 'bob'}]").rule()).containsExactly(plain);
    assertThat(rules("rule = []").rule()).isEmpty();
    assertThat(rules("limit = 3").rule()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "[[rule]]~from = 'a'~[[rule]]~fron = 'b' | r.toml:4: rule[1].fron: unknown key; did you"
            + " mean \"from\"?",
        "[[rule]]~from = 'a'~whence = 'b' | r.toml:3: rule[0].whence: unknown key; allowed is"
            + " from, level, hosts",
        "[[rule]]~level = 'loud' | r.toml:1: rule[0].from is missing, allowed is a text",
        "[[rule]]~from = 7 | r.toml:2: rule[0].from is 7, allowed is a text",
        "[[rule]]~from = 'a'~level = 'mute' | r.toml:3: rule[0].level is"
            + " \"mute\", allowed is one of loud, quiet",
        "[[rule]]~from = 'a'~level = 'off' | r.toml:3: rule[0].level is"
            + " \"off\", allowed is one of loud, quiet",
        "[[rule]]~from = 'a'~level = '' | r.toml:3: rule[0].level is \"\", allowed is one of loud,",
        "[[rule]]~from = 'a'~hosts = [] | r.toml:3: rule[0].hosts is [], allowed is an array, each"
            + " a text that is not empty and at least one; leave the key out",
        "[[rule]]~from = 'nobody' | r.toml:1: rule[0]: from is nobody, allowed is" + " somebody",
        "rule = [7] | r.toml:1: rule[0] is no table",
        "rule = 'x' | r.toml:1: rule is \"x\", allowed is tables in a file, each with some of"
            + " from, level, hosts",
        "[rule]~from = 'a' | allowed is tables in a file"
      })
  void saysWhichTableOfAnArrayIsWrong(String toml, String message) {
    assertThatThrownBy(() -> rules(toml.replace('~', '\n')))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining(message);
  }

  @Test
  void takesNoArrayOfTablesFromAVariable() {
    assertThatThrownBy(
            () ->
                ConfigBinder.of(new Rules(List.of(), 7), "X_")
                    .environment(Map.of("X_RULE", "ann"))
                    .bind())
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("allowed is tables in a file");
  }
}
