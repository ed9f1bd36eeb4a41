package io.penstock.api.tunnel;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;

/// Whatever stands on a control stream is a greeting or a named refusal, and what was read is what
/// is written again.
class GreetingFuzzTest {

  @FuzzTest(maxDuration = "15s", maxExecutions = 20_000)
  void any_bytes_are_a_greeting_or_refused(byte[] bytes) throws Exception {
    try {
      AgentHello hello = AgentHello.parse(bytes);
      assertThat(AgentHello.parse(hello.toJson())).isEqualTo(hello);
    } catch (MalformedGreetingException e) {
      assertThat(e.reason()).isNotEmpty();
    }
    try {
      AgentHello hello = AgentHello.parseOriginal(bytes);
      assertThat(hello.domains()).hasSize(1);
      assertThat(hello.identity()).isEmpty();
    } catch (MalformedGreetingException e) {
      assertThat(e.reason()).isNotEmpty();
    }
    try {
      assertThat(AgentWelcome.parse(bytes)).isNotNull();
    } catch (MalformedGreetingException e) {
      assertThat(e.reason()).isNotEmpty();
    }
  }
}
