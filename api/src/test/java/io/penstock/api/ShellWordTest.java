package io.penstock.api;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ShellWordTest {

  @Test
  void whatIsPlainStaysAsItIs() {
    assertThat(ShellWord.of("app.example.com/api")).isEqualTo("app.example.com/api");
    assertThat(ShellWord.of("/home/ann/penstock-1")).isEqualTo("/home/ann/penstock-1");
  }

  @Test
  void whatAShellWouldReadIsQuoted() {
    assertThat(ShellWord.of("*.example.com")).isEqualTo("'*.example.com'");
    assertThat(ShellWord.of("two words")).isEqualTo("'two words'");
    assertThat(ShellWord.of("it's")).isEqualTo("'it'\\''s'");
    assertThat(ShellWord.of("~/x")).isEqualTo("'~/x'");
    assertThat(ShellWord.of("")).isEqualTo("''");
  }
}
