package io.penstock.node.serve;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/// Every deviation that a table marks is explained in the document.
class DeviationsTest {

  private static final Pattern IN_CSV = Pattern.compile("\\| ([a-z]+(?:-[a-z]+)+)$");
  private static final Pattern IN_JSON = Pattern.compile("\"deviation\": \"([a-z-]+)\"");

  @Test
  void every_deviation_of_a_table_is_listed() throws IOException {
    Set<String> marked = new TreeSet<>();
    try (Stream<Path> tables = Files.list(Path.of("src/test/resources/serve"))) {
      for (Path table : tables.filter(Files::isRegularFile).toList()) {
        Pattern mark = table.toString().endsWith(".json") ? IN_JSON : IN_CSV;
        for (String line : Files.readAllLines(table)) {
          Matcher found = mark.matcher(line.stripTrailing());
          while (found.find()) {
            marked.add(found.group(1));
          }
        }
      }
    }
    String document = Files.readString(Path.of("../docs/serve.md"));
    assertThat(marked).contains("encoded-slash", "dot-segments", "no-services");
    assertThat(marked).allSatisfy(name -> assertThat(document).contains("| `" + name + "` |"));
  }
}
