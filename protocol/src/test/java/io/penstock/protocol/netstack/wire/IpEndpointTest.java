package io.penstock.protocol.netstack.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetAddress;
import java.net.UnknownHostException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class IpEndpointTest {

  @ParameterizedTest
  @CsvSource({
    "10.0.0.1, 80, 10.0.0.1:80",
    "255.255.255.255, 65535, 255.255.255.255:65535",
    "0.0.0.0, 0, 0.0.0.0:0",
    "fd00::1, 80, [fd00::1]:80",
    "::, 53, [::]:53"
  })
  void an_endpoint_has_the_usual_text_and_gives_its_bytes_back(
      String address, int port, String text) throws UnknownHostException {
    byte[] bytes = InetAddress.getByName(address).getAddress();

    IpEndpoint endpoint = IpEndpoint.of(bytes, port);

    assertThat(endpoint).hasToString(text);
    assertThat(endpoint.addressBytes()).isEqualTo(bytes);
    assertThat(endpoint.addressText()).isEqualTo(address);
    assertThat(endpoint.ipv4()).isEqualTo(bytes.length == 4);
    assertThat(endpoint.isUnspecified())
        .isEqualTo(address.equals("0.0.0.0") || address.equals("::"));
  }

  @Test
  void an_ipv4_address_is_not_sign_extended() {
    IpEndpoint endpoint = IpEndpoint.of4(0xc0a8_0001, 1);

    assertThat(endpoint.low()).isEqualTo(0xc0a8_0001L);
    assertThat(endpoint.high()).isZero();
    assertThat(endpoint.withPort(2)).isEqualTo(IpEndpoint.of4(0xc0a8_0001, 2));
    assertThat(endpoint).isNotEqualTo(IpEndpoint.of6(0, 0xc0a8_0001L, 1));
  }

  @Test
  void a_packet_names_both_of_its_endpoints() {
    IpPacket view = new IpPacket();
    assertThat(view.parse(TestPackets.ipv4(IpProtocol.UDP, 0, TestPackets.udp(7, 53, 3))))
        .isEqualTo(PacketFault.NONE);

    assertThat(IpEndpoint.source(view)).isEqualTo(IpEndpoint.of4(TestPackets.FROM, 7));
    assertThat(IpEndpoint.destination(view)).isEqualTo(IpEndpoint.of4(TestPackets.TO, 53));
  }

  @Test
  void what_is_no_endpoint_is_refused() {
    assertThatThrownBy(() -> IpEndpoint.of4(1, 65_536)).hasMessageContaining("port is 65536");
    assertThatThrownBy(() -> IpEndpoint.of4(1, -1)).hasMessageContaining("port is -1");
    assertThatThrownBy(() -> new IpEndpoint(true, 0, -1, 1)).hasMessageContaining("32 bits");
    assertThatThrownBy(() -> new IpEndpoint(true, 1, 1, 1)).hasMessageContaining("32 bits");
    assertThatThrownBy(() -> IpEndpoint.of(new byte[5], 1)).hasMessageContaining("16 bytes");
  }
}
