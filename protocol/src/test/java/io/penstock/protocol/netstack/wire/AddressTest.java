package io.penstock.protocol.netstack.wire;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.net.UnknownHostException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class AddressTest {

  @ParameterizedTest
  @ValueSource(strings = {"0.0.0.0", "10.64.0.1", "127.0.0.1", "255.255.255.255", "192.0.2.200"})
  void an_ipv4_address_keeps_its_bytes_and_text(String text) throws UnknownHostException {
    byte[] bytes = InetAddress.getByName(text).getAddress();

    assertThat(Ipv4Address.format(Ipv4Address.of(bytes))).isEqualTo(text);
    assertThat(Ipv4Address.bytes(Ipv4Address.of(bytes))).isEqualTo(bytes);
  }

  @ParameterizedTest
  @CsvSource({
    "::, ::",
    "::1, ::1",
    "1::, 1::",
    "2001:db8:0:0:1:0:0:1, 2001:db8::1:0:0:1",
    "2001:db8:0:1:1:1:1:1, 2001:db8:0:1:1:1:1:1",
    "2001:0:0:1:0:0:0:1, 2001:0:0:1::1",
    "fd00:64:0:0:0:0:0:2, fd00:64::2",
    "1:2:3:4:5:6:7:8, 1:2:3:4:5:6:7:8",
    "0:0:3:4:5:6:0:0, ::3:4:5:6:0:0"
  })
  void an_ipv6_address_has_the_text_of_rfc_5952(String address, String text)
      throws UnknownHostException {
    byte[] bytes = InetAddress.getByName(address).getAddress();

    long high = Ipv6Address.high(bytes);
    long low = Ipv6Address.low(bytes);
    assertThat(Ipv6Address.format(high, low)).isEqualTo(text);
    assertThat(Ipv6Address.bytes(high, low)).isEqualTo(bytes);
  }

  @ParameterizedTest
  @CsvSource({
    "10.0.0.1, true",
    "100.64.0.1, true",
    "223.255.255.255, true",
    "0.0.0.0, false",
    "0.1.2.3, false",
    "127.0.0.1, false",
    "127.255.0.1, false",
    "169.254.1.1, false",
    "169.253.1.1, true",
    "224.0.0.1, false",
    "239.255.255.255, false",
    "240.0.0.1, false",
    "255.255.255.255, false",
    "fd00::1, true",
    "2001:db8::1, true",
    "::, false",
    "::1, false",
    "::10.0.0.1, false",
    "fe80::1, false",
    "febf::1, false",
    "fec0::1, true",
    "ff02::1, false"
  })
  void only_a_single_host_beyond_the_link_is_routable(String text, boolean routable)
      throws UnknownHostException {
    byte[] bytes = InetAddress.getByName(text).getAddress();

    assertThat(
            bytes.length == 4
                ? Ipv4Address.isRoutableUnicast(Ipv4Address.of(bytes))
                : Ipv6Address.isRoutableUnicast(Ipv6Address.high(bytes)))
        .isEqualTo(routable);
  }

  @Test
  void the_wrapped_ipv4_addresses_of_ipv6_are_not_routable() {
    assertThat(Ipv6Address.isRoutableUnicast(0)).isFalse();
  }
}
