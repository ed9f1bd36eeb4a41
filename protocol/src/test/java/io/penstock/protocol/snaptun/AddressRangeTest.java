package io.penstock.protocol.snaptun;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import io.penstock.protocol.snaptun.message.AddressAssignRequest;
import java.util.List;
import org.junit.jupiter.api.Test;

/// Addresses on the wire and on paper, with the original's own cases.
class AddressRangeTest {

  @Test
  void an_ipv4_address_is_read() {
    assertThat(read(4, 32, Texts.ISD_AS, 192, 0, 2, 1))
        .isEqualTo(valid(AddressRange.ipv4(Texts.ISD_AS, 0xc0000201)));
  }

  @Test
  void an_ipv6_address_is_read() {
    int[] bytes = {0x20, 1, 0xd, 0xb8, 0x85, 0xa3, 0, 0, 0, 0, 0x8a, 0x2e, 3, 0x70, 0x73, 0x34};
    assertThat(read(6, 128, Texts.ISD_AS, bytes))
        .isEqualTo(
            valid(AddressRange.ipv6(Texts.ISD_AS, 0x20010db885a30000L, 0x00008a2e03707334L)));
  }

  @Test
  void another_ip_version_is_a_fault() {
    assertThat(read(5, 32, Texts.ISD_AS, 192, 0, 2, 1))
        .isEqualTo(invalid(new AddressFault.UnknownVersion(5)));
    assertThat(read(-1, 32, Texts.ISD_AS, 192, 0, 2, 1))
        .isEqualTo(invalid(new AddressFault.UnknownVersion(0xffff_ffffL)));
  }

  @Test
  void a_prefix_other_than_the_full_one_is_a_fault() {
    assertThat(read(4, 24, Texts.ISD_AS, 192, 0, 2, 1))
        .isEqualTo(invalid(new AddressFault.PrefixLength(24, 32)));
    assertThat(read(6, 64, Texts.ISD_AS, new int[16]))
        .isEqualTo(invalid(new AddressFault.PrefixLength(64, 128)));
  }

  @Test
  void an_address_of_another_length_is_a_fault() {
    assertThat(read(4, 32, Texts.ISD_AS, 192, 0, 2))
        .isEqualTo(invalid(new AddressFault.AddressLength(3, 4)));
    assertThat(read(6, 128, Texts.ISD_AS, new int[15]))
        .isEqualTo(invalid(new AddressFault.AddressLength(15, 16)));
  }

  @Test
  void a_wildcard_in_either_half_of_the_isd_as_is_a_fault() {
    for (long isdAs : new long[] {0, IsdAs.of(1, 0), IsdAs.of(0, 64512)}) {
      assertThat(read(4, 32, isdAs, 192, 0, 2, 1))
          .isEqualTo(invalid(new AddressFault.WildcardIsdAs(isdAs)));
    }
  }

  @Test
  void any_address_of_a_family_is_all_zeros() {
    assertThat(read(4, 32, Texts.ISD_AS, 0, 0, 0, 0))
        .isEqualTo(valid(AddressRange.ipv4(Texts.ISD_AS, 0)));
    assertThat(AddressRange.ipv4(1, 0).isAny()).isTrue();
    assertThat(AddressRange.ipv6(1, 0, 0).isAny()).isTrue();
    assertThat(AddressRange.ipv6(1, 0, 1).isAny()).isFalse();
  }

  @Test
  void the_bytes_of_an_address_come_back() {
    for (AddressRange range : List.of(Texts.V4, Texts.V6)) {
      assertThat(AddressRange.ofBytes(Texts.ISD_AS, range.addressBytes())).isEqualTo(range);
    }
    assertThat(Texts.V4.ipv4()).isEqualTo(0xc0a80001);
  }

  @Test
  void an_address_is_written_as_people_do() {
    assertThat(Texts.V4).hasToString("1-ff00:0:110,192.168.0.1");
    assertThat(Texts.V6).hasToString("1-ff00:0:110,2001:db8::1");
    assertThat(AddressRange.ipv4(IsdAs.of(1, 64512), -1)).hasToString("1-64512,255.255.255.255");
    assertThat(AddressRange.ipv6(0, 0, 0).addressText()).isEqualTo("::");
    assertThat(AddressRange.ipv6(0, 0, 1).addressText()).isEqualTo("::1");
    assertThat(AddressRange.ipv6(0, 1L << 48, 0).addressText()).isEqualTo("1::");
    assertThat(AddressRange.ipv6(0, 0x0001_0000_0002_0003L, 0x0004_0005_0006_0007L).addressText())
        .isEqualTo("1:0:2:3:4:5:6:7");
    assertThat(AddressRange.ipv6(0, 0x0001_0000_0000_0002L, 3).addressText())
        .isEqualTo("1:0:0:2::3");
  }

  @Test
  void an_isd_as_is_read_and_written() {
    assertThat(Texts.ISD_AS).isEqualTo(1L << 48 | 0xff00_0000_0110L);
    for (String text : List.of("1-ff00:0:110", "1-64512", "65535-ffff:ffff:ffff", "0-0")) {
      assertThat(IsdAs.format(IsdAs.parse(text))).isEqualTo(text);
    }
    for (String text : List.of("", "1", "1-", "65536-1", "1-4294967296", "1-1:2", "1-g:0:0")) {
      assertThatThrownBy(() -> IsdAs.parse(text)).isInstanceOf(IllegalArgumentException.class);
    }
  }

  private static Messages.Ranges read(int version, int prefix, long isdAs, int... address) {
    byte[] bytes = new byte[address.length];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = (byte) address[i];
    }
    byte[] body =
        AddressAssignRequest.newBuilder()
            .addRequestedAddresses(
                io.penstock.protocol.snaptun.message.AddressRange.newBuilder()
                    .setIsdAs(isdAs)
                    .setIpVersion(version)
                    .setPrefixLength(prefix)
                    .setAddress(ByteString.copyFrom(bytes)))
            .build()
            .toByteArray();
    return Messages.readAssignRequest(body, 0, body.length);
  }

  private static Messages.Ranges valid(AddressRange range) {
    return new Messages.Ranges.Valid(List.of(range));
  }

  private static Messages.Ranges invalid(AddressFault fault) {
    return new Messages.Ranges.Invalid(1, fault);
  }
}
