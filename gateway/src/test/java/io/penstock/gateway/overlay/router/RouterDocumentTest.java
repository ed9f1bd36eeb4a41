package io.penstock.gateway.overlay.router;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/// Holds `docs/router.md` to the reasons that there really are, in their order.
class RouterDocumentTest {

  private static final Path DOCUMENT = Path.of("..", "docs", "router.md");
  private static final Pattern ROW = Pattern.compile("(?m)^\\| `(\\w+)` \\| \\S.* \\|$");

  @Test
  void listsEveryReasonWhyAPacketIsDropped() throws IOException {
    String document = Files.readString(DOCUMENT);
    List<String> listed = ROW.matcher(document).results().map(row -> row.group(1)).toList();

    assertThat(listed).isEqualTo(Arrays.stream(DropReason.values()).map(DropReason::code).toList());
  }
}
