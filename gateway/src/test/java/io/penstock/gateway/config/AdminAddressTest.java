package io.penstock.gateway.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penstock.api.HostPort;
import io.penstock.transport.tls.Fingerprint;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AdminAddressTest {

  private static final String PIN =
      "sha256:66561276a10127ee495be3612aba594535216f42ba81e86bb84cc5c5050e9162";

  @Test
  void isWrittenAsTheUrlAndWithTlsTheFingerprintBehindIt() {
    HostPort address = HostPort.parse("[::1]:7070");
    Fingerprint certificate = Fingerprint.parse(PIN);

    assertThat(new AdminAddress(address, Optional.empty())).hasToString("http://[::1]:7070");
    assertThat(new AdminAddress(address, Optional.of(certificate)))
        .hasToString("https://[::1]:7070 " + PIN)
        .extracting(AdminAddress::url)
        .isEqualTo("https://[::1]:7070");
  }

  @ParameterizedTest
  @ValueSource(strings = {"http://127.0.0.1:7070", "https://127.0.0.1:7070 " + PIN})
  void readsWhatItWrites(String text) {
    assertThat(AdminAddress.parse(text)).hasToString(text);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "127.0.0.1:7070",
        "https://127.0.0.1:7070",
        "http://127.0.0.1:7070 " + PIN,
        "http://127.0.0.1",
        "https://127.0.0.1:7070 sha256:00"
      })
  void refusesEverythingElse(String text) {
    assertThatThrownBy(() -> AdminAddress.parse(text)).isInstanceOf(IllegalArgumentException.class);
  }
}
