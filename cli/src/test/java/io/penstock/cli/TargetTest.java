package io.penstock.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TargetTest {

  @ParameterizedTest
  @CsvSource({
    "8080,                     http://localhost:8080",
    "192.168.1.20:3000,        http://192.168.1.20:3000",
    "[::1]:3000,               http://[::1]:3000",
    ":3000,                    http://localhost:3000",
    "https://localhost:8443/x, https://localhost:8443/x",
  })
  void aPortAHostWithAPortOrAUrlIsATarget(String text, String url) {
    assertThat(Target.parse(text)).hasToString(url);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "0", "65536", "host", "host:0", "ftp://host", "http://", "http://a b", "::1"})
  void anythingElseIsRefused(String text) {
    assertThatIllegalArgumentException().isThrownBy(() -> Target.parse(text));
  }
}
