package io.penstock.protocol.codervpn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Versions and lists of them: the cases of the originals' own tests (version_test.go, the C# tests
/// of RpcVersion and RpcVersionList, the Swift test of the handshaker), and ours.
class ProtocolVersionTest {

  @ParameterizedTest
  @ValueSource(strings = {"1.0", "12.34", "1.999999999", "999999999.0"})
  void a_version_is_read_and_written_alike(String text) {
    assertThat(ProtocolVersion.parse(text)).get().hasToString(text);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "1",
        "1.0.0",
        "0.1",
        "a.1",
        "1.a",
        ".",
        "1.",
        ".1",
        "1,0",
        "+1.0",
        "1.-0",
        " 1.0",
        "1.0 ",
        "1.0\n",
        "0x1.0",
        "1.9999999999",
        "1.\u0661"
      })
  void anything_else_is_no_version(String text) {
    assertThat(ProtocolVersion.parse(text)).isEmpty();
  }

  @Test
  void versions_are_in_order_of_their_numbers() {
    assertThat(List.of("2.0", "1.10", "1.9", "10.0").stream().map(ProtocolVersionTest::v).sorted())
        .hasToString("[1.9, 1.10, 2.0, 10.0]");
  }

  @ParameterizedTest
  @CsvSource({"1.3, 1.2, true", "1.2, 1.2, true", "1.1, 1.2, false", "2.5, 1.2, false"})
  void a_version_includes_the_earlier_ones_of_its_major_number(
      String has, String needed, boolean included) {
    assertThat(v(has).includes(v(needed))).isEqualTo(included);
  }

  @ParameterizedTest
  @ValueSource(strings = {"1.0", "1.1,2.3,3.2"})
  void a_list_is_read_and_written_alike(String text) {
    assertThat(ProtocolVersions.parse(text)).get().hasToString(text);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        ",",
        "1.0,",
        ",1.0",
        "1.0,,2.0",
        "1.0,invalid",
        "1.0,1.0",
        "1.0,1.2",
        "2.0,1.0"
      })
  void a_list_has_ascending_major_numbers(String text) {
    assertThat(ProtocolVersions.parse(text)).isEmpty();
  }

  @Test
  void a_list_that_is_none_cannot_be_made() {
    assertThatThrownBy(ProtocolVersions::of)
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("versions are [], allowed is at least one, with ascending major numbers");
    assertThatThrownBy(() -> ProtocolVersions.of(v("1.0"), v("1.1")))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new ProtocolVersion(0, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("major is 0, allowed is 1 to 999999999");
  }

  @ParameterizedTest
  @CsvSource(
      nullValues = "none",
      delimiter = '|',
      value = {
        "1.0 | 1.0 | 1.0",
        "1.2 | 1.3 | 1.2",
        "1.0 | 2.0 | none",
        "1.0 | 1.1 | 1.0",
        "1.1 | 1.7 | 1.1",
        "1.7,2.1 | 1.7 | 1.7",
        "1.3,2.1 | 1.7 | 1.3",
        "1.8 | 2.8 | none",
        "1.2,2.4,3.2 | 4.1,5.2 | none",
        "1.2,2.4,3.2 | 1.2,2.3 | 2.3",
        "1.2,2.4,3.2 | 2.3,3.3 | 3.2",
        "1.0,3.0 | 2.0,3.1,4.0 | 3.0"
      })
  void the_highest_common_major_number_counts_with_the_lower_minor_one(
      String a, String b, String common) {
    Optional<ProtocolVersion> expected = Optional.ofNullable(common).map(ProtocolVersionTest::v);
    assertThat(list(a).common(list(b))).isEqualTo(expected);
    assertThat(list(b).common(list(a))).isEqualTo(expected);
  }

  private static ProtocolVersion v(String text) {
    return ProtocolVersion.parse(text).orElseThrow();
  }

  private static ProtocolVersions list(String text) {
    return ProtocolVersions.parse(text).orElseThrow();
  }
}
