package io.penstock.api.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.penstock.api.client.RequestHeaders.Field;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RequestHeadersTest {

  @Test
  void values_are_not_shown() {
    var headers = new RequestHeaders(List.of(new Field("Door-Key", "s3cret, \"x\"\t")));
    assertThat(headers.toString()).contains("Door-Key").doesNotContain("s3cret");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "two words", "colon:", "new\nline", "ümlaut"})
  void what_is_no_name_is_refused(String name) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new Field(name, "1"))
        .withMessageContaining("allowed are")
        .matches(refused -> String.valueOf(refused.getMessage()).indexOf('\n') < 0);
  }

  @ParameterizedTest
  @ValueSource(strings = {"Host", "AUTHORIZATION", "content-length", "Penstock-Node-Signature"})
  void what_the_client_sets_itself_is_refused(String name) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new Field(name, "1"))
        .withMessageContaining(name)
        .withMessageContaining("transfer-encoding");
  }

  @Test
  void what_the_client_would_leave_out_without_a_word_is_refused() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new Field("Proxy-Key", "s3cret"))
        .withMessageContaining("Proxy-Key")
        .matches(refused -> !String.valueOf(refused.getMessage()).contains("s3cret"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"a\r\nX: y", "\0", "ü", "\u007f"})
  void what_is_no_value_is_refused_without_being_shown(String value) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new Field("X", value))
        .withMessageContaining("header X")
        .matches(refused -> !String.valueOf(refused.getMessage()).contains(value));
  }

  @Test
  void there_are_not_too_many_and_not_too_long_ones() {
    Field one = new Field("X", "y");
    assertThat(new RequestHeaders(Collections.nCopies(32, one)).fields()).hasSize(32);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new RequestHeaders(Collections.nCopies(33, one)))
        .withMessageContaining("33");
    assertThat(new RequestHeaders(List.of(new Field("X", "y".repeat(4095)))).fields()).hasSize(1);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new RequestHeaders(List.of(new Field("X", "y".repeat(4096)))))
        .withMessageContaining("4097");
  }
}
