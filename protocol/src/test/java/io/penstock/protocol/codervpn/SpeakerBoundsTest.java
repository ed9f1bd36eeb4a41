package io.penstock.protocol.codervpn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.penstock.protocol.codervpn.message.ManagerMessage;
import io.penstock.protocol.codervpn.message.TunnelMessage;
import java.io.ByteArrayOutputStream;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/// What a peer that floods, or never reads, can cost.
@ExtendWith(End.CloseAll.class)
class SpeakerBoundsTest {

  private static final int KIB = 1024;

  private static SpeakerConfig.Builder tunnel() {
    return SpeakerConfig.tunnel().maxWaitingBytes(16 * KIB).maxOutputBytes(16 * KIB);
  }

  private static byte[] requests(ManagerMessage request, int count) {
    var all = new ByteArrayOutputStream();
    for (int i = 1; i <= count; i++) {
      all.writeBytes(End.frame(Samples.asked(request, i)));
    }
    return all.toByteArray();
  }

  @Test
  void a_flood_of_requests_stops_the_input_until_they_are_handled() {
    var tunnel = End.openTunnel(tunnel().build());
    int sent = 0;
    while (tunnel.speaker.wantsInput()) {
      tunnel.receive(requests(Samples.GET_PEER_UPDATE, 1));
      sent++;
      assertThat(sent).isLessThan(100);
    }
    assertThat(tunnel.takeEvents()).hasSize(1);
    for (int ticket = 1; ticket <= sent; ticket++) {
      tunnel.speaker.reply(ticket, Samples.NO_PEERS, tunnel.now);
    }
    assertThat(tunnel.speaker.wantsInput()).isTrue();
    assertThat(tunnel.takeEvents()).hasSize(sent - 1);
    assertThat(End.tunnelMessages(tunnel.output())).hasSize(sent);
  }

  @Test
  void a_peer_that_floods_requests_and_never_reads_is_not_answered_any_more() {
    var tunnel = End.openTunnel(tunnel().build());
    int handled = 0;
    for (int i = 0; i < 10_000; i++) {
      tunnel.receive(requests(Samples.GET_PEER_UPDATE, 1));
      for (SpeakerEvent<ManagerMessage> event : tunnel.takeEvents()) {
        if (event instanceof SpeakerEvent.Request<ManagerMessage>(long ticket, _)) {
          tunnel.speaker.reply(ticket, Samples.log("x".repeat(KIB)), tunnel.now);
          handled++;
        }
      }
    }
    assertThat(handled).isBetween(15, 17);
    assertThat(tunnel.speaker.wantsInput()).isFalse();
  }

  @Test
  void a_flood_of_unknown_requests_fills_nothing_either() {
    var tunnel = End.openTunnel(tunnel().build());
    tunnel.receive(requests(ManagerMessage.getDefaultInstance(), 10_000));
    assertThat(tunnel.speaker.wantsInput()).isFalse();
    int replies =
        tunnel.output().length
            / End.frame(Samples.replied(TunnelMessage.getDefaultInstance(), 1)).length;
    // As soon as the peer reads, the rest is handled.
    assertThat(replies).isGreaterThan(9_000);
    assertThat(tunnel.speaker.wantsInput()).isTrue();
  }

  @Test
  void what_a_peer_does_not_take_is_refused_and_at_last_costs_it_the_stream() {
    var tunnel = End.openTunnel(tunnel().stallTimeout(Duration.ofSeconds(3)).build());
    TunnelMessage log = Samples.log("x".repeat(1000));
    int taken = 0;
    while (tunnel.speaker.send(log, tunnel.now).isEmpty()) {
      taken++;
    }
    assertThat(taken).isEqualTo(16);
    assertThat(tunnel.speaker.send(log, tunnel.now)).contains(CallFault.Plain.OUTPUT_FULL);
    assertThat(tunnel.speaker.call(Samples.SETTINGS, End.SECOND, tunnel.now))
        .isInstanceOf(CallStart.Waiting.class);
    assertThat(tunnel.speaker.call(settingsOf(KIB), End.SECOND, tunnel.now))
        .isEqualTo(new CallStart.Refused(CallFault.Plain.OUTPUT_FULL));

    tunnel.advance(3 * End.SECOND);
    assertThat(tunnel.end()).isEqualTo(new SpeakerEnd.PeerStalled(3));
    assertThat(tunnel.end().logText()).isEqualTo("the peer has read nothing for 3 s");
  }

  private static TunnelMessage settingsOf(int bytes) {
    var message = TunnelMessage.newBuilder();
    message.getNetworkSettingsBuilder().setTunnelRemoteAddress("x".repeat(bytes));
    return message.build();
  }

  @Test
  void a_peer_that_reads_slowly_is_not_stalled() {
    var tunnel = End.openTunnel(tunnel().stallTimeout(Duration.ofSeconds(3)).build());
    for (int i = 0; i < 10; i++) {
      tunnel.speaker.send(Samples.log("x"), tunnel.now);
    }
    for (int i = 0; i < 10; i++) {
      tunnel.advance(3 * End.SECOND - 1);
      Objects.requireNonNull(tunnel.speaker.transmit(tunnel.now)).release();
    }
    tunnel.advance(100 * End.SECOND);
    assertThat(tunnel.events).isEmpty();
  }

  @Test
  void one_message_larger_than_the_bound_is_taken_when_nothing_waits_before_it() {
    var tunnel = End.openTunnel(tunnel().build());
    TunnelMessage large = Samples.log("x".repeat(100 * KIB));
    assertThat(tunnel.speaker.send(large, tunnel.now)).isEqualTo(Optional.empty());
    assertThat(tunnel.speaker.send(Samples.log("x"), tunnel.now))
        .contains(CallFault.Plain.OUTPUT_FULL);
    tunnel.output();
    assertThat(tunnel.speaker.send(Samples.log("x"), tunnel.now)).isEqualTo(Optional.empty());
  }

  @Test
  void settings_out_of_bounds_are_refused_by_name() {
    assertThatThrownBy(() -> SpeakerConfig.tunnel().maxFrameBytes(16 * KIB * KIB + 1).build())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("maxFrameBytes is 16777217, allowed is 1024 to 16777216");
    assertThatThrownBy(() -> SpeakerConfig.tunnel().maxFields(10).build())
        .hasMessage("maxFields is 10, allowed is 1000 or more");
    assertThatThrownBy(() -> SpeakerConfig.tunnel().headerTimeout(Duration.ZERO).build())
        .hasMessageStartingWith("headerTimeoutNanos is 0");
    assertThatThrownBy(() -> SpeakerConfig.tunnel().maxPendingCalls(0).build())
        .hasMessage("maxPendingCalls is 0, allowed is 1 to 10000");
    assertThatThrownBy(() -> SpeakerConfig.tunnel().maxWaitingBytes(1).build())
        .hasMessageStartingWith("maxWaitingBytes is 1");
    assertThatThrownBy(() -> SpeakerConfig.tunnel().maxOutputBytes(1).build())
        .hasMessageStartingWith("maxOutputBytes is 1");
    assertThatThrownBy(() -> SpeakerConfig.tunnel().stallTimeout(Duration.ZERO).build())
        .hasMessageStartingWith("stallTimeoutNanos is 0");
    assertThatThrownBy(() -> SpeakerConfig.tunnel().closeTimeout(Duration.ZERO).build())
        .hasMessageStartingWith("closeTimeoutNanos is 0");
  }
}
