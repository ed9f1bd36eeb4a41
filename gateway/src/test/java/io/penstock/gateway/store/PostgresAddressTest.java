package io.penstock.gateway.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PostgresAddressTest {

  @Test
  void readsTheFormOfPostgresqlsOwnPrograms() {
    PostgresAddress address =
        PostgresAddress.parse("postgresql://ann:p%40+ss@db.example:5433/penstock?sslmode=require");

    assertThat(address.jdbcUrl())
        .isEqualTo("jdbc:postgresql://db.example:5433/penstock?sslmode=require");
    assertThat(address.user()).contains("ann");
    assertThat(address.password()).contains("p@+ss");
    assertThat(address).hasToString("postgresql://db.example:5433/penstock");
  }

  @Test
  void needsNoMoreThanHostAndDatabase() {
    PostgresAddress address = PostgresAddress.parse("postgres://[::1]/p");

    assertThat(address.jdbcUrl()).isEqualTo("jdbc:postgresql://[::1]:5432/p");
    assertThat(address.user()).isEmpty();
    assertThat(address.withPassword("x").password()).contains("x");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "penstock",
        "mysql://hush@db/p",
        "postgresql://hush@db",
        "postgresql://hush@db/",
        "postgresql:///p",
        "postgresql://u:hush @db/p",
        "jdbc:postgresql://hush@db/p"
      })
  void refusesTheRestWithoutQuotingIt(String url) {
    assertThatThrownBy(() -> PostgresAddress.parse(url))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("allowed is " + PostgresAddress.ALLOWED);
  }
}
