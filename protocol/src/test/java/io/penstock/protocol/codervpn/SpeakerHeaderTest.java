package io.penstock.protocol.codervpn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penstock.protocol.Deadlines;
import io.penstock.testkit.GoldenVectors;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvFileSource;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/// The header: who writes what and when, what is read, and how it fails.
@ExtendWith(End.CloseAll.class)
class SpeakerHeaderTest {

  private static final SpeakerConfig TUNNEL = SpeakerConfig.tunnel().build();

  private static SpeakerConfig manager(HeaderChoice choice) {
    return SpeakerConfig.manager().header(choice).build();
  }

  // ---- the table ----

  @ParameterizedTest(name = "{0}")
  @CsvFileSource(resources = "/vectors/codervpn-headers.csv", delimiter = '|', nullValues = "null")
  void a_header_is_judged_as_the_table_says(
      String header,
      String go10,
      String go12,
      String csharp,
      String swift,
      String expected,
      String why) {
    var tunnel = End.tunnel(TUNNEL);
    tunnel.receive(header.replace("\\r", "\r").replace("\\t", "\t") + "\n");
    tunnel.output();

    String ours =
        tunnel.events.getFirst() instanceof SpeakerEvent.Opened<?>(var version, _)
            ? version.toString()
            : tunnel.end().code();
    assertThat(ours).isEqualTo(expected);

    // Wherever we differ the table has to say so.
    boolean takenByUs = !expected.startsWith("header_");
    List<String> originals = List.of(go10, go12, csharp, swift);
    String said = why == null ? "" : why;
    if (takenByUs) {
      assertThat(originals.contains("yes") || said.startsWith("wider")).isTrue();
    } else {
      assertThat(!originals.contains("yes") || said.contains("stricter")).isTrue();
    }
  }

  @Test
  void a_manager_needs_a_tunnel() {
    var manager = End.manager(manager(HeaderChoice.CURRENT));
    manager.receive("codervpn manager 1.0\n");
    manager.output();
    assertThat(manager.end().logText())
        .isEqualTo(
            "the peer's header was refused: it is a manager, too, and this end needs a tunnel");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "SSH-2.0-x | it begins with \"SSH-2.0-x\" and not with codervpn",
        "codervpn 1.0 | \"codervpn 1.0\" has 2 words, and three with one blank between them are"
            + " needed",
        "codervpn service 1.0 | it is \"service\", and this end needs a manager",
        "codervpn manager 1 | \"1\" is no list of versions such as 1.0,2.3 with ascending first"
            + " numbers",
        "codervpn 0.1 manager | \"0.1\" is no version such as 1.0",
        "codervpn manager 2.0 | it speaks 2.0, and this end 1.3; update the older one"
      })
  void a_refusal_says_what_is_wrong(String header, String text) {
    var tunnel = End.tunnel(TUNNEL);
    tunnel.receive(header + "\n");
    tunnel.output();
    assertThat(tunnel.end().logText()).isEqualTo("the peer's header was refused: " + text);
    assertThat(tunnel.end().graceful()).isFalse();
  }

  @Test
  void what_a_peer_says_is_fit_for_a_log() {
    var tunnel = End.tunnel(TUNNEL);
    tunnel.receive("\u001b[31mcodervpn\u0000\u0085 " + "x".repeat(200) + "\n");
    tunnel.output();
    assertThat(tunnel.end().logText())
        .contains("\"?[31mcodervpn?? xxx")
        .matches(text -> text.chars().noneMatch(Character::isISOControl))
        .hasSizeLessThan(180);
  }

  // ---- who writes what, and when ----

  @Test
  void a_tunnel_waits_and_answers_in_the_form_of_the_manager() {
    var tunnel = End.tunnel(TUNNEL);
    assertThat(tunnel.output()).isEmpty();
    tunnel.receive("codervpn manager 1.0,2.0\n");
    assertThat(tunnel.outputText()).isEqualTo("codervpn tunnel 1.3\n");
    assertThat(tunnel.takeEvents())
        .containsExactly(new SpeakerEvent.Opened<>(ProtocolVersion.V1_0, HeaderForm.CURRENT));

    var original = End.tunnel(TUNNEL);
    original.receive("codervpn 1.0 manager\n");
    assertThat(original.outputText()).isEqualTo("codervpn 1.0 tunnel\n");
    assertThat(original.takeEvents())
        .containsExactly(new SpeakerEvent.Opened<>(ProtocolVersion.V1_0, HeaderForm.ORIGINAL));
  }

  @Test
  void a_manager_writes_the_original_form_at_once_unless_told_otherwise() {
    var manager = End.manager(SpeakerConfig.manager().build());
    assertThat(manager.outputText()).isEqualTo("codervpn 1.0 manager\n");
    manager.receive("codervpn 1.0 tunnel\n");
    assertThat(manager.takeEvents())
        .containsExactly(new SpeakerEvent.Opened<>(ProtocolVersion.V1_0, HeaderForm.ORIGINAL));

    assertThat(End.manager(manager(HeaderChoice.CURRENT)).outputText())
        .isEqualTo("codervpn manager 1.3\n");
    assertThat(End.manager(manager(HeaderChoice.ANSWER)).output()).isEmpty();
  }

  @Test
  void what_was_offered_in_the_original_form_is_what_both_speak() {
    // A tunnel of today's form that is lenient enough to go on has read 1.0.
    var manager = End.manager(SpeakerConfig.manager().build());
    manager.receive("codervpn tunnel 1.3\n");
    assertThat(manager.takeEvents())
        .containsExactly(new SpeakerEvent.Opened<>(ProtocolVersion.V1_0, HeaderForm.CURRENT));

    var tunnel = End.tunnel(TUNNEL);
    tunnel.receive("codervpn 1.2 manager\n");
    assertThat(tunnel.outputText()).isEqualTo("codervpn 1.2 tunnel\n");
    assertThat(tunnel.takeEvents())
        .containsExactly(new SpeakerEvent.Opened<>(ProtocolVersion.V1_2, HeaderForm.ORIGINAL));
  }

  @ParameterizedTest
  @EnumSource(HeaderChoice.class)
  void our_own_ends_understand_each_other(HeaderChoice choice) {
    var tunnel = End.tunnel(TUNNEL);
    var manager = End.manager(manager(choice));
    for (int i = 0; i < 2; i++) {
      tunnel.receive(manager.output());
      manager.receive(tunnel.output());
    }
    if (choice == HeaderChoice.ANSWER) {
      assertThat(tunnel.events).isEmpty();
    } else {
      assertThat(tunnel.events).isEqualTo(manager.events).hasSize(1);
    }
  }

  @Test
  void a_peer_that_shares_no_version_is_still_told_ours_before_the_end() {
    var tunnel = End.tunnel(TUNNEL);
    tunnel.receive("codervpn manager 2.0,3.0\n");
    assertThat(tunnel.events).isEmpty();
    assertThat(tunnel.outputText()).isEqualTo("codervpn tunnel 1.3\n");
    assertThat(tunnel.end().code()).isEqualTo("header_no_common_version");

    var original = End.tunnel(TUNNEL);
    original.receive("codervpn 2.0 manager\n");
    assertThat(original.outputText()).isEqualTo("codervpn 1.0 tunnel\n");
    assertThat(original.end().code()).isEqualTo("header_no_common_version");
  }

  @Test
  void nothing_is_written_to_a_peer_whose_header_cannot_be_read() {
    var tunnel = End.tunnel(TUNNEL);
    tunnel.receive("GET / HTTP/1.1\n");
    assertThat(tunnel.output()).isEmpty();
    assertThat(tunnel.end().code()).isEqualTo("header_preamble");
  }

  @Test
  void versions_that_fill_more_than_a_header_cannot_be_configured() {
    List<ProtocolVersion> many = new ArrayList<>();
    for (int major = 1; major <= 100; major++) {
      many.add(new ProtocolVersion(major, 0));
    }
    var config =
        SpeakerConfig.tunnel()
            .header(HeaderChoice.CURRENT)
            .versions(new ProtocolVersions(many))
            .build();
    assertThatThrownBy(() -> End.tunnel(config))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("allowed are 255");
  }

  // ---- limits and splits ----

  @Test
  void a_header_may_have_255_bytes_and_not_one_more() {
    String longest = "codervpn " + "x".repeat(246);
    assertThat(longest).hasSize(255);
    var tunnel = End.tunnel(TUNNEL);
    tunnel.receive(longest);
    assertThat(tunnel.events).isEmpty();
    tunnel.receive("\n");
    tunnel.output();
    assertThat(tunnel.end().code()).isEqualTo("header_words");

    var oversize = End.tunnel(TUNNEL);
    oversize.receive(longest + "x");
    oversize.output();
    assertThat(oversize.end())
        .isEqualTo(
            new SpeakerEnd.HeaderRefused(HeaderFault.TOO_LONG, "it has more than 255 bytes"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"bad", "a"})
  void an_oversize_header_ends_the_stream(String text) {
    var tunnel = End.tunnel(TUNNEL);
    tunnel.receive(text.repeat(257));
    tunnel.output();
    assertThat(tunnel.end().code()).isEqualTo("header_too_long");
  }

  @Test
  void no_byte_behind_the_header_is_swallowed_however_it_is_cut() {
    byte[] stop = GoldenVectors.read("/vectors/codervpn.txt").bytes("stop-1");
    byte[] all = End.concat(End.latin("codervpn manager 1.3\n"), stop);
    for (int cut = 0; cut <= all.length; cut++) {
      var tunnel = End.tunnel(TUNNEL);
      tunnel.receive(Arrays.copyOf(all, cut));
      tunnel.receive(Arrays.copyOfRange(all, cut, all.length));
      assertThat(tunnel.takeEvents())
          .containsExactly(
              new SpeakerEvent.Opened<>(ProtocolVersion.V1_3, HeaderForm.CURRENT),
              new SpeakerEvent.Request<>(1, Samples.asked(Samples.STOP, 1)));
    }
  }

  @Test
  void a_peer_that_says_nothing_is_given_up_after_the_limit() {
    var tunnel = End.tunnel(TUNNEL);
    assertThat(tunnel.speaker.nextDeadlineNanos()).isEqualTo(tunnel.now + 5 * End.SECOND);
    tunnel.receive("codervpn mana");
    tunnel.advance(5 * End.SECOND - 1);
    assertThat(tunnel.events).isEmpty();
    tunnel.advance(1);
    assertThat(tunnel.end().logText())
        .isEqualTo(
            "the peer's header was refused: none came within 5 s; this end only answers, so the"
                + " other one has to begin");
    assertThat(tunnel.speaker.nextDeadlineNanos()).isEqualTo(Deadlines.NONE);
  }

  @Test
  void the_limit_is_configured_and_ends_with_the_header() {
    var config = SpeakerConfig.manager().headerTimeout(Duration.ofSeconds(1)).build();
    var manager = End.manager(config);
    manager.advance(End.SECOND);
    assertThat(manager.end().logText()).endsWith("none came within 1 s");

    var open = End.openManager();
    open.advance(3600 * End.SECOND);
    assertThat(open.events).isEmpty();
  }

  @Test
  void a_stream_that_ends_or_breaks_within_the_header_says_so() {
    for (String part : List.of("", "c", "codervpn manager 1.0")) {
      var ended = End.tunnel(TUNNEL);
      ended.receive(part);
      ended.inputEnded();
      assertThat(ended.end().code()).isEqualTo("header_ended");

      var broken = End.tunnel(TUNNEL);
      broken.receive(part);
      broken.speaker.connectionFailed("Connection reset by peer", broken.now);
      assertThat(broken.end())
          .isEqualTo(new SpeakerEnd.ConnectionFailed("Connection reset by peer"));
    }
    var manager = End.manager(SpeakerConfig.manager().build());
    manager.speaker.outputFailed("Broken pipe", manager.now);
    assertThat(manager.end()).isEqualTo(new SpeakerEnd.ConnectionFailed("Broken pipe"));
  }

  @Test
  void nothing_may_be_asked_or_said_before_the_headers() {
    var manager = End.manager(SpeakerConfig.manager().build());
    assertThatThrownBy(() -> manager.speaker.call(Samples.STOP, End.SECOND, manager.now))
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("the headers are not exchanged yet");
    manager.speaker.finish(manager.now);
    assertThat(manager.end()).isEqualTo(SpeakerEnd.Orderly.CLOSED_HERE);
  }
}
