package io.penstock.it.codervpn;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.it.CoderVpnPeers;
import java.io.IOException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvFileSource;

/// What our table of headers says of the originals in Go is what they do.
@ExtendWith(CoderVpnPeers.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(180)
class OriginalHeaderTableTest {

  private HeaderJudge original;
  private HeaderJudge current;

  @BeforeAll
  void start() throws Exception {
    original = new HeaderJudge("original");
    current = new HeaderJudge("current");
  }

  @AfterAll
  void end() throws IOException {
    original.close();
    current.close();
  }

  @ParameterizedTest(name = "{0}")
  @CsvFileSource(
      files = "../protocol/src/test/resources/vectors/codervpn-headers.csv",
      delimiter = '|',
      nullValues = "null")
  void a_header_is_judged_as_the_table_says(String header, String go10, String go12)
      throws Exception {
    String line = header.replace("\\r", "\r").replace("\\t", "\t") + "\n";
    assertThat(original.takes(line)).isEqualTo(go10.equals("yes"));
    assertThat(current.takes(line)).isEqualTo(go12.equals("yes"));
  }

  @Test
  void a_header_may_have_255_bytes_and_not_one_more() throws Exception {
    String words = "codervpn manager 1.";
    String header = words + "0".repeat(255 - words.length());
    assertThat(current.takes(header + "\n")).isTrue();
    assertThat(current.takes(header + "0\n")).isFalse();
    assertThat(original.takes("bad".repeat(256))).isFalse();
  }
}
