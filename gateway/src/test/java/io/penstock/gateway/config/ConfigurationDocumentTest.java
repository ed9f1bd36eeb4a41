package io.penstock.gateway.config;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.api.config.ConfigKey;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/// Holds `docs/configuration.md` to the keys that there really are. To write its table anew, run
/// this test with `-Dpenstock.docs.write=true`.
class ConfigurationDocumentTest {

  private static final Path DOCUMENT = Path.of("..", "docs", "configuration.md");
  private static final String START = "<!-- keys -->\n";
  private static final String END = "<!-- end of keys -->";

  @Test
  void listsEveryKeyWithItsDefault() throws IOException {
    String document = Files.readString(DOCUMENT);
    int from = document.indexOf(START) + START.length();
    int to = document.indexOf(END);
    if (Boolean.getBoolean("penstock.docs.write")) {
      document = document.substring(0, from) + table() + document.substring(to);
      Files.writeString(DOCUMENT, document);
      to = document.indexOf(END);
    }

    assertThat(document.substring(from, to)).isEqualTo(table());
  }

  private static String table() {
    return GatewayConfig.binder().keys().stream()
        .map(ConfigurationDocumentTest::row)
        .collect(Collectors.joining("", "| Key | Default | Allowed |\n|---|---|---|\n", ""));
  }

  private static String row(ConfigKey key) {
    String shown =
        key.defaultValue().replace(System.getProperty("user.home"), "~").replace("[]", "none");
    return "| `%s` | `%s` | %s |\n".formatted(key.key(), shown, key.allowed().replace("|", "\\|"));
  }
}
