package io.penstock.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class HostPortTest {

  @ParameterizedTest
  @CsvSource({
    "127.0.0.1:8000, 127.0.0.1, 8000",
    "gateway.example.com:443, gateway.example.com, 443",
    "[::1]:7443, ::1, 7443",
    "[fe80::1%eth0]:1, fe80::1%eth0, 1",
    "localhost:0, localhost, 0",
    "host_name:65535, host_name, 65535",
    "':7443', '', 7443",
  })
  void readsWhatPeopleWrite(String text, String host, int port) {
    HostPort address = HostPort.parse(text);

    assertThat(address).isEqualTo(new HostPort(host, port));
    assertThat(address).hasToString(text);
  }

  @ParameterizedTest
  @CsvSource({
    "localhost, has no port",
    "'', has no port",
    "'localhost:', has no port from 0 to 65535",
    "localhost:65536, has no port from 0 to 65535",
    "localhost:-1, has no port from 0 to 65535",
    "localhost:http, has no port from 0 to 65535",
    "::1:80, has an IPv6 address without brackets",
    "https://a.example:80, is a URL",
    "[::g]:80, has no IPv6 address between its brackets",
    "[127.0.0.1]:80, has no IPv6 address between its brackets",
    "a b:80, has no valid host",
    "a/b:80, has no valid host",
    "user@a:80, has no valid host",
  })
  void refusesTheRestAndSaysWhatIsAllowed(String text, String fault) {
    assertThatThrownBy(() -> HostPort.parse(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("\"" + text + "\" " + fault + ", allowed is HOST:PORT such as ");
  }

  @Test
  void takesADefaultWhereThePortIsLeftOut() {
    assertThat(HostPort.parse("gateway.example.com", 7443))
        .isEqualTo(new HostPort("gateway.example.com", 7443));
    assertThat(HostPort.parse("[::1]", 7443)).isEqualTo(new HostPort("::1", 7443));
    assertThat(HostPort.parse("[::1]:1", 7443)).isEqualTo(new HostPort("::1", 1));
    assertThat(HostPort.parse("a:1", 7443)).isEqualTo(new HostPort("a", 1));
  }

  @ParameterizedTest
  @ValueSource(strings = {":1", "0.0.0.0:1", "[::]:1"})
  void knowsWhenItMeansEveryAddress(String text) throws Exception {
    assertThat(HostPort.parse(text).isEverywhere()).isTrue();
    assertThat(HostPort.parse(text).resolve().getAddress().isAnyLocalAddress()).isTrue();
  }

  @Test
  void resolvesALiteralToItself() throws Exception {
    assertThat(HostPort.parse("127.0.0.1:80").resolve())
        .isEqualTo(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 80));
  }
}
