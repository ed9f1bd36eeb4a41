package io.penstock.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.math.BigInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class IpTest {

  @ParameterizedTest
  @CsvSource({
    "10.86.0.1, 10.86.0.1",
    "255.255.255.255, 255.255.255.255",
    "::, ::",
    "::1, ::1",
    "1::, 1::",
    "2001:0DB8:0:0:0:0:0:1, 2001:db8::1",
    "2001:db8:0:1:1:1:1:1, 2001:db8:0:1:1:1:1:1",
    "2001:0:0:1:0:0:0:1, 2001:0:0:1::1",
    "2001:db8:0:0:1:0:0:1, 2001:db8::1:0:0:1",
    "fd7c:4a1b:93e2:0:1:2:3:4, fd7c:4a1b:93e2:0:1:2:3:4"
  })
  void writesEachAddressInItsOneSpelling(String text, String spelling) {
    assertThat(IpAddress.parse(text)).hasToString(spelling);
    assertThat(IpAddress.parse(spelling)).isEqualTo(IpAddress.parse(text));
    assertThat(IpAddress.of(IpAddress.parse(text).bytes())).isEqualTo(IpAddress.parse(text));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "10.86.1",
        "10.86.0.01",
        "10.86.0.256",
        "10.86.0.1 ",
        "localhost",
        "fe80::1%eth0",
        "::ffff:10.86.0.1",
        "::ffff:a56:1",
        "1:2:3:4:5:6:7",
        "1::2::3",
        "[::1]",
        "0x7f.0.0.1"
      })
  void takesNothingElseForAnAddress(String text) {
    assertThatThrownBy(() -> IpAddress.parse(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("allowed is an IPv4 or IPv6 address");
  }

  @Test
  void ordersAddressesAsNumbersAndFamiliesApart() {
    assertThat(
            Stream.of("fd7c::1", "200.0.0.1", "10.0.0.10", "10.0.0.9", "::5")
                .map(IpAddress::parse)
                .sorted()
                .map(IpAddress::toString))
        .containsExactly("10.0.0.9", "10.0.0.10", "200.0.0.1", "::5", "fd7c::1");
  }

  @Test
  void knowsWhatIsInARange() {
    IpPrefix four = IpPrefix.parse("10.86.0.0/16");
    IpPrefix six = IpPrefix.parse("fd7c::/64");

    assertThat(four.contains(IpAddress.parse("10.86.0.0"))).isTrue();
    assertThat(four.contains(IpAddress.parse("10.86.255.255"))).isTrue();
    assertThat(four.contains(IpAddress.parse("10.87.0.0"))).isFalse();
    assertThat(four.contains(IpAddress.parse("10.85.255.255"))).isFalse();
    assertThat(four.contains(IpAddress.parse("fd7c::1"))).isFalse();
    assertThat(six.contains(IpAddress.parse("fd7c::ffff:ffff:ffff:ffff"))).isTrue();
    assertThat(six.contains(IpAddress.parse("fd7c:0:0:1::"))).isFalse();
    assertThat(four.size()).isEqualTo(BigInteger.valueOf(65_536));
    assertThat(four.last()).hasToString("10.86.255.255");
    assertThat(six.at(257)).hasToString("fd7c::101");
    assertThat(six.offsetOf(IpAddress.parse("fd7c::101"))).isEqualTo(257);
    assertThat(IpPrefix.parse("0.0.0.0/0").at(1)).hasToString("0.0.0.1");
    assertThat(IpPrefix.parse("255.0.0.0/8").last()).hasToString("255.255.255.255");
    assertThat(IpPrefix.parse(four.toString())).isEqualTo(four);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"10.86.0.0", "10.86.0.1/16", "10.86.0.0/33", "10.86.0.0/-1", "fd7c::/129", "x/8"})
  void takesNothingElseForARange(String text) {
    assertThatThrownBy(() -> IpPrefix.parse(text)).isInstanceOf(IllegalArgumentException.class);
  }

  @ParameterizedTest
  @CsvSource({
    "16-64512, 0x0010_0000_0000_fc00",
    "1-ff00:0:110, 0x0001_ff00_0000_0110",
    "65535-4294967295, 0xffff_0000_ffff_ffff",
    "1-1:0:0, 0x0001_0001_0000_0000"
  })
  void packsAnIsdAsAsOnTheWire(String text, String bits) {
    IsdAs isdAs = IsdAs.parse(text);

    assertThat(isdAs.toLong())
        .isEqualTo(Long.parseUnsignedLong(bits.substring(2).replace("_", ""), 16));
    assertThat(isdAs).hasToString(text);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"0-64512", "16-0", "16-0:0:0", "65536-1", "16-4294967296", "16", "1-FF00:0:110"})
  void takesNoWildcardForAnIsdAs(String text) {
    assertThatThrownBy(() -> IsdAs.parse(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("without wildcards");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "-a", "a-", "A", "a.b", "a_b", "gateway", "ä"})
  void takesNoNameThatIsNoLabelOrTheGateways(String name) {
    assertThatThrownBy(() -> NodeName.require(name)).isInstanceOf(IllegalArgumentException.class);
    assertThat(NodeName.require("a-1")).isEqualTo("a-1");
    assertThat(NodeName.require("a".repeat(63))).hasSize(63);
    assertThatThrownBy(() -> NodeName.require("a".repeat(64)))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
