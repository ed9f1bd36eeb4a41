package io.penstock.api.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class UnitsTest {

  @ParameterizedTest
  @CsvSource({
    "500ms, PT0.5S",
    "5s, PT5S",
    "10m, PT10M",
    "1h30m, PT1H30M",
    "30d, PT720H",
    "0s, PT0S"
  })
  void readsAndWritesDurations(String text, Duration duration) {
    assertThat(Durations.parse(text)).isEqualTo(duration);
    assertThat(Durations.format(duration)).isEqualTo(text);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "5", "s", "-5s", "5 s", "1.5s", "5S", "5us", "1s2", "9999999999999s"})
  void refusesOtherDurations(String text) {
    assertThatThrownBy(() -> Durations.parse(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("such as 500ms");
  }

  @ParameterizedTest
  @CsvSource({"0B, 0", "1B, 1", "64KiB, 65536", "3MiB, 3145728", "2GiB, 2147483648", "1001B, 1001"})
  void readsAndWritesSizes(String text, long bytes) {
    assertThat(ByteSizes.parse(text)).isEqualTo(bytes);
    assertThat(ByteSizes.format(bytes)).isEqualTo(text);
  }

  @Test
  void readsDecimalUnitsAndPlainNumbers() {
    assertThat(ByteSizes.parse("10kB")).isEqualTo(10_000);
    assertThat(ByteSizes.parse("10 MB")).isEqualTo(10_000_000);
    assertThat(ByteSizes.parse("10GB")).isEqualTo(10_000_000_000L);
    assertThat(ByteSizes.parse("65536")).isEqualTo(65_536);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "KiB", "-1", "1.5KiB", "1kib", "1K", "999999999999999999GiB"})
  void refusesOtherSizes(String text) {
    assertThatThrownBy(() -> ByteSizes.parse(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("such as 64KiB");
  }

  @ParameterizedTest
  @CsvSource({"a, a, 0", "ingres, ingress, 1", "htpt, http, 1", "'', abc, 3", "kitten, sitting, 3"})
  void countsEditsBetweenWords(String a, String b, int edits) {
    assertThat(Nearest.distance(a, b)).isEqualTo(edits);
    assertThat(Nearest.distance(b, a)).isEqualTo(edits);
  }
}
