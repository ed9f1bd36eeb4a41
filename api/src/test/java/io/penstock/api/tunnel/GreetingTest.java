package io.penstock.api.tunnel;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class GreetingTest {

  private static final UUID AGENT = UUID.fromString("8b6fdc9e-5a3d-4d16-9c43-0d2f0f5f0a11");

  @Test
  void the_original_greeting_is_one_object_with_two_fields_and_no_line_end() {
    var hello = new AgentHello("s3cret", List.of("a.example", "b.example"), Optional.empty());

    assertThat(new String(hello.toOriginalJson(), UTF_8))
        .isEqualTo("{\"token\":\"s3cret\",\"domain\":\"a.example\"}");
  }

  @Test
  void our_greeting_adds_routes_and_identity_and_reads_back_whole() throws Exception {
    var hello =
        new AgentHello(
            "s3cret",
            List.of("a.example", "b.example/x"),
            Optional.of(new AgentHello.Identity(AGENT, 3)));

    assertThat(new String(hello.toJson(), UTF_8))
        .isEqualTo(
            "{\"token\":\"s3cret\",\"domain\":\"a.example\","
                + "\"domains\":[\"a.example\",\"b.example/x\"],\"agent\":\""
                + AGENT
                + "\",\"connection\":3}");
    assertThat(AgentHello.parse(hello.toJson())).isEqualTo(hello);
  }

  @Test
  void a_greeting_never_shows_its_token() {
    var hello = new AgentHello("s3cret", List.of("a.example"), Optional.empty());

    assertThat(hello.toString()).doesNotContain("s3cret");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"token\":\"t\",\"domain\":\"d\",\"extra\":[1,2]}",
        "{\"domain\":\"d\",\"token\":\"t\"}",
        "{\"token\":\"t\",\"domain\":\"d\",\"domains\":7}",
      })
  void an_original_greeting_may_carry_what_we_do_not_know(String json) throws Exception {
    assertThat(AgentHello.parseOriginal(json.getBytes(UTF_8)))
        .isEqualTo(new AgentHello("t", List.of("d"), Optional.empty()));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "[]",
        "{",
        "7",
        "{}",
        "{\"token\":\"t\",\"domain\":7}",
        "{\"token\":\"\",\"domain\":\"d\"}",
        "{\"token\":\"t\",\"domain\":\"d\"}",
        "{\"token\":\"t\",\"domain\":\"d\",\"agent\":\"no\",\"connection\":0}",
        "{\"token\":\"t\",\"domain\":\"d\",\"agent\":\"8b6fdc9e-5a3d-4d16-9c43-0d2f0f5f0a11\","
            + "\"connection\":8}",
        "{\"token\":\"t\",\"domain\":\"d\",\"domains\":[7],"
            + "\"agent\":\"8b6fdc9e-5a3d-4d16-9c43-0d2f0f5f0a11\",\"connection\":0}",
      })
  void a_greeting_that_lacks_something_is_refused(String json) {
    assertThatThrownBy(() -> AgentHello.parse(json.getBytes(UTF_8)))
        .isInstanceOf(MalformedGreetingException.class);
  }

  @Test
  void our_greeting_may_leave_the_choice_of_the_route_to_the_gateway() throws Exception {
    var hello = new AgentHello("t", List.of(), Optional.of(new AgentHello.Identity(AGENT, 0)));

    assertThat(AgentHello.parse(hello.toJson())).isEqualTo(hello);
    assertThatThrownBy(hello::toOriginalJson).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> AgentHello.parseOriginal("{\"token\":\"t\"}".getBytes(UTF_8)))
        .isInstanceOf(MalformedGreetingException.class)
        .hasMessageContaining("domain");
  }

  @Test
  void a_fault_in_the_json_does_not_repeat_the_token() {
    byte[] broken = "{\"token\":\"s3cret\",\"domain\":s3cret}".getBytes(UTF_8);

    assertThatThrownBy(() -> AgentHello.parse(broken))
        .isInstanceOf(MalformedGreetingException.class)
        .hasMessageNotContaining("s3cret")
        .hasNoCause();
  }

  @Test
  void both_answers_read_back() throws Exception {
    var accepted = new AgentWelcome.Accepted("b-1", List.of("https://a.example"));
    var refused = new AgentWelcome.Refused("no_route", "no such route", Optional.empty());
    var named = new AgentWelcome.Refused("no_route", "no such route", Optional.of("a.example"));

    assertThat(AgentWelcome.parse(accepted.toJson())).isEqualTo(accepted);
    assertThat(AgentWelcome.parse(refused.toJson())).isEqualTo(refused);
    assertThat(AgentWelcome.parse(named.toJson())).isEqualTo(named);
    assertThat(new String(refused.toJson(), UTF_8))
        .isEqualTo("{\"ok\":false,\"code\":\"no_route\",\"message\":\"no such route\"}");
  }

  @Test
  void random_bytes_give_a_greeting_or_its_own_error() {
    var random = new Random(42);
    byte[] valid = "{\"token\":\"t\",\"domain\":\"d\",\"connection\":1}".getBytes(UTF_8);
    for (int round = 0; round < 20_000; round++) {
      byte[] bytes = valid.clone();
      for (int flips = random.nextInt(6); flips >= 0; flips--) {
        bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
      }
      try {
        AgentHello.parseOriginal(bytes);
        AgentHello.parse(bytes);
      } catch (MalformedGreetingException expected) {
        assertThat(expected).hasMessageNotContaining("\n");
      }
    }
  }
}
