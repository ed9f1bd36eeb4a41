package io.penstock.node.vpn.os;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.penstock.api.IpAddress;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class NameGuardTest {

  private static final NameGuard GUARD = new NameGuard(Optional.of("GW.Corp.Example."));

  private static OsSettings zone(String zone) {
    return new OsSettings(
        0,
        List.of(),
        List.of(),
        List.of(),
        Optional.of(
            new OsDns(
                List.of(IpAddress.parse("10.86.0.1")),
                List.of("penstock.internal", zone),
                List.of())),
        List.of());
  }

  @ParameterizedTest
  @ValueSource(strings = {"corp.example", "gw.corp.example", "example"})
  void a_zone_that_holds_the_gateway_is_refused(String zone) {
    assertThatExceptionOfType(SettingsRefusedException.class)
        .isThrownBy(() -> GUARD.check(zone(zone)))
        .withMessageContaining("the names of " + zone)
        .withMessageContaining("gateway gw.corp.example");
  }

  @ParameterizedTest
  @ValueSource(strings = {"db.corp.example", "w.corp.example", "orp.example", "corp.test"})
  void other_zones_are_allowed(String zone) {
    assertThatCode(() -> GUARD.check(zone(zone))).doesNotThrowAnyException();
  }

  @Test
  void without_a_name_or_without_zones_there_is_nothing_to_refuse() {
    assertThatCode(() -> new NameGuard(Optional.empty()).check(zone("corp.example")))
        .doesNotThrowAnyException();
    assertThatCode(() -> GUARD.check(OsSettings.NONE)).doesNotThrowAnyException();
  }
}
