package io.penstock.gateway.overlay.router;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penstock.gateway.overlay.router.AllowRule.Protocol;
import io.penstock.protocol.netstack.wire.IpProtocol;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RuleTextTest {

  @Test
  void a_party_is_a_user_a_node_or_anyone() {
    assertThat(Party.parse("*").covers("db", "ann")).isTrue();
    assertThat(Party.parse("user:ann").covers("db", "ann")).isTrue();
    assertThat(Party.parse("user:ann").covers("ann", "bob")).isFalse();
    assertThat(Party.parse("node:db").covers("db", "bob")).isTrue();
    assertThat(Party.parse("node:db").covers("web", "db")).isFalse();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "ann", "user:", "node: ", "group:x", ":", "**"})
  void another_text_is_refused_with_what_is_allowed(String text) {
    assertThatThrownBy(() -> Party.parse(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("\"" + text + "\"")
        .hasMessageContaining("user:NAME, node:NAME or *");
  }

  @Test
  void ports_are_one_or_a_range() {
    assertThat(PortRange.parse("443")).isEqualTo(new PortRange(443, 443));
    assertThat(PortRange.parse("8000-8100")).isEqualTo(new PortRange(8000, 8100));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "0", "65536", "10-9", "a", "1-", "-1", "1-2-3"})
  void ports_that_cannot_be_are_refused(String text) {
    assertThatThrownBy(() -> PortRange.parse(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("1 to 65535");
  }

  @Test
  void ports_belong_to_tcp_and_udp_alone() {
    List<PortRange> ports = List.of(new PortRange(1, 2));
    for (Protocol protocol : List.of(Protocol.ICMP, Protocol.ANY)) {
      assertThatThrownBy(
              () -> new AllowRule(new Party.Anyone(), new Party.Anyone(), protocol, ports))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("unless protocol is tcp or udp");
    }
  }

  @Test
  void any_protocol_is_really_any() {
    AllowRule rule = new AllowRule(new Party.Anyone(), new Party.Anyone(), Protocol.ANY, List.of());
    assertThat(rule.covers(IpProtocol.ESP, 0)).isTrue();
    assertThat(rule.covers(IpProtocol.TCP, 1)).isTrue();
  }
}
