package io.penstock.protocol.netstack.ip;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penstock.protocol.netstack.wire.IpEndpoint;
import java.net.InetAddress;
import java.net.UnknownHostException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LocalAddressesTest {

  private final LocalAddresses addresses = new LocalAddresses();

  private static IpEndpoint at(String text) {
    try {
      return IpEndpoint.of(InetAddress.getByName(text).getAddress(), 0);
    } catch (UnknownHostException e) {
      throw new AssertionError(e);
    }
  }

  private void add(String text, int prefixBits) {
    IpEndpoint address = at(text);
    addresses.add(address.ipv4(), address.high(), address.low(), prefixBits);
  }

  private boolean contains(String text) {
    IpEndpoint address = at(text);
    return addresses.contains(address.ipv4(), address.high(), address.low());
  }

  private boolean remove(String text) {
    IpEndpoint address = at(text);
    return addresses.remove(address.ipv4(), address.high(), address.low());
  }

  private String sourceFor(String destination) {
    IpEndpoint to = at(destination);
    int index = addresses.sourceFor(to.ipv4(), to.high(), to.low());
    return index == LocalAddresses.NONE
        ? "none"
        : new IpEndpoint(addresses.isIpv4(index), addresses.high(index), addresses.low(index), 0)
            .addressText();
  }

  @Test
  void only_what_was_added_is_ours() {
    add("10.64.0.1", 24);
    add("192.168.0.1", 16);
    add("fd00::1", 64);

    assertThat(contains("10.64.0.1")).isTrue();
    assertThat(contains("192.168.0.1")).isTrue();
    assertThat(contains("fd00::1")).isTrue();
    assertThat(contains("10.64.0.2")).isFalse();
    assertThat(contains("fd00::2")).isFalse();
    assertThat(contains("::a40:1")).isFalse();
    assertThat(addresses.size()).isEqualTo(3);
  }

  @Test
  void an_address_that_was_removed_is_not_ours_and_the_others_stay() {
    for (int i = 1; i <= 9; i++) {
      add("10.0.0." + i, 24);
    }

    assertThat(remove("10.0.0.4")).isTrue();
    assertThat(remove("10.0.0.4")).isFalse();

    assertThat(contains("10.0.0.4")).isFalse();
    assertThat(contains("10.0.0.3")).isTrue();
    assertThat(contains("10.0.0.5")).isTrue();
    assertThat(contains("10.0.0.9")).isTrue();
    assertThat(addresses.size()).isEqualTo(8);
  }

  @Test
  void an_address_that_is_added_again_gets_the_new_prefix() {
    add("10.0.0.1", 24);
    add("10.0.0.1", 16);

    assertThat(addresses.size()).isEqualTo(1);
    assertThat(addresses.prefixBits(0)).isEqualTo(16);
  }

  @ParameterizedTest
  @CsvSource({
    "10.1.2.3, 10.0.0.1",
    "10.64.9.9, 10.64.0.1",
    "192.168.3.3, 192.168.0.1",
    "8.8.8.8, 10.0.0.1",
    "10.64.0.1, 10.64.0.1",
    "169.254.3.3, 169.254.0.7",
    "fd00:1::9, fd00:1::1",
    "2001:db8::1, 2001:db8:5::1",
    "fe80::9, fe80::1",
    "ff02::fb, fe80::1",
    "ff0e::1, fd00:1::1"
  })
  void a_packet_comes_from_the_address_nearest_to_its_destination(
      String destination, String source) {
    add("169.254.0.7", 16);
    add("10.0.0.1", 8);
    add("10.64.0.1", 16);
    add("192.168.0.1", 16);
    add("fe80::1", 64);
    add("fd00:1::1", 64);
    add("2001:db8:5::1", 48);

    assertThat(sourceFor(destination)).isEqualTo(source);
  }

  @Test
  void there_is_no_source_of_a_version_that_we_have_no_address_of() {
    add("10.0.0.1", 8);

    assertThat(sourceFor("fd00::1")).isEqualTo("none");
  }

  @Test
  void what_is_common_beyond_the_prefix_does_not_count() {
    add("10.0.0.200", 8);
    add("10.0.0.1", 8);

    assertThat(sourceFor("10.0.0.2")).isEqualTo("10.0.0.200");
  }

  @ParameterizedTest
  @CsvSource({
    "255.255.255.255, true",
    "10.64.0.255, true",
    "10.64.1.255, false",
    "10.65.0.1, false",
    "224.0.0.1, true",
    "ff02::1, true",
    "fd00::ffff, false"
  })
  void broadcast_and_multicast_reach_more_than_one_host(String text, boolean many) {
    add("10.64.0.1", 24);
    add("10.65.0.0", 31);
    IpEndpoint address = at(text);

    assertThat(addresses.isMultiDestination(address.ipv4(), address.high(), address.low()))
        .isEqualTo(many);
  }

  @Test
  void what_cannot_be_an_address_of_ours_is_refused() {
    assertThatThrownBy(() -> add("224.0.0.1", 8)).hasMessageContaining("single host");
    assertThatThrownBy(() -> add("ff02::1", 8)).hasMessageContaining("single host");
    assertThatThrownBy(() -> add("::", 8)).hasMessageContaining("single host");
    assertThatThrownBy(() -> add("10.0.0.1", 33)).hasMessageContaining("prefix_bits is 33");
    assertThatThrownBy(() -> add("fd00::1", 129)).hasMessageContaining("prefix_bits is 129");
  }

  @Test
  void there_are_at_most_256() {
    for (int i = 0; i < LocalAddresses.MAX_ADDRESSES; i++) {
      addresses.add(true, 0, 0x0a00_0001L + i, 8);
    }

    assertThatThrownBy(() -> add("11.0.0.1", 8)).isInstanceOf(IllegalStateException.class);
  }
}
