package io.penstock.protocol.codervpn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.penstock.protocol.codervpn.message.ManagerMessage;
import io.penstock.protocol.codervpn.message.TunnelMessage;
import io.penstock.testkit.GoldenVectors;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Frames: lengths, limits, corrupt bodies, and where a stream may end.
@ExtendWith(End.CloseAll.class)
class SpeakerFrameTest {

  private static final GoldenVectors VECTORS = GoldenVectors.read("/vectors/codervpn.txt");
  private static final int LIMIT = SpeakerConfig.MAX_FRAME_BYTES;

  private static byte[] hex(String text) {
    return HexFormat.of().parseHex(text.replace(" ", ""));
  }

  @Test
  void frames_are_read_however_they_are_cut() {
    byte[] all =
        End.concat(
            VECTORS.bytes("log"), VECTORS.bytes("peer-update-full"), VECTORS.bytes("log-full"));
    for (int cut = 0; cut <= all.length; cut++) {
      var manager = End.openManager();
      manager.receive(Arrays.copyOf(all, cut));
      manager.receive(Arrays.copyOfRange(all, cut, all.length));
      for (long ticket = 1; ticket <= 3; ticket++) {
        assertThat(manager.takeEvents())
            .singleElement()
            .isInstanceOfSatisfying(SpeakerEvent.Notice.class, _ -> {});
        manager.speaker.release(ticket, manager.now);
      }
      assertThat(manager.takeEvents()).isEmpty();
    }
  }

  @Test
  void a_frame_that_comes_byte_by_byte_is_whole_with_its_last_one() {
    byte[] frame = VECTORS.bytes("start-2-full");
    var tunnel = End.openTunnel();
    for (int i = 0; i < frame.length; i++) {
      assertThat(tunnel.events).isEmpty();
      tunnel.receive(new byte[] {frame[i]});
    }
    assertThat(tunnel.takeEvents()).singleElement().isInstanceOf(SpeakerEvent.Request.class);
  }

  @ParameterizedTest
  @ValueSource(longs = {LIMIT + 1L, 0x7fff_ffffL, 0x8000_0000L, 0xffff_ffffL})
  void a_length_above_the_limit_ends_the_stream_before_anything_is_allocated(long length) {
    var allocator = new UnpooledByteBufAllocator(false);
    var speaker = Speaker.tunnel(SpeakerConfig.tunnel().build(), allocator, 0);
    speaker.receive(Unpooled.copiedBuffer(End.latin("codervpn manager 1.3\n")), 0);
    speaker.receive(Unpooled.buffer().writeInt((int) length).writeZero(100), 0);

    assertThat(speaker.pollEvent()).isInstanceOf(SpeakerEvent.Opened.class);
    assertThat(speaker.pollEvent())
        .isEqualTo(new SpeakerEvent.Closed<>(new SpeakerEnd.FrameTooLarge(length, LIMIT)));
    assertThat(allocator.metric().usedHeapMemory() + allocator.metric().usedDirectMemory())
        .isZero();
  }

  @Test
  void what_is_allocated_for_a_frame_follows_what_has_come_of_it() {
    var allocator = new UnpooledByteBufAllocator(false);
    var speaker = Speaker.tunnel(SpeakerConfig.tunnel().build(), allocator, 0);
    speaker.receive(Unpooled.copiedBuffer(End.latin("codervpn manager 1.3\n")), 0);
    speaker.receive(Unpooled.buffer().writeInt(LIMIT), 0);
    for (int come = 100; come <= LIMIT / 4; come *= 2) {
      speaker.receive(Unpooled.buffer(come).writeZero(come), 0);
      assertThat(allocator.metric().usedHeapMemory() + allocator.metric().usedDirectMemory())
          .isLessThanOrEqualTo(Math.max(4096, 4 * come));
    }
    speaker.close(SpeakerEnd.Orderly.CLOSED_HERE);
    assertThat(allocator.metric().usedHeapMemory() + allocator.metric().usedDirectMemory())
        .isZero();
  }

  @Test
  void a_frame_of_exactly_the_limit_is_read_and_written() {
    // tag and length of the oneof, of the url, and one byte per character
    ManagerMessage largest = startOf(LIMIT);
    var tunnel = End.openTunnel();
    tunnel.receive(largest);
    assertThat(tunnel.takeEvents()).containsExactly(new SpeakerEvent.Request<>(1, largest));

    var manager = End.openManager();
    manager.speaker.call(startOf(LIMIT).toBuilder().clearRpc().build(), End.SECOND, manager.now);
    assertThat(manager.output()).hasSize(4 + LIMIT);
  }

  @Test
  void a_message_above_the_limit_is_the_callers_mistake_and_sends_nothing() {
    var manager = End.openManager();
    ManagerMessage tooLarge = startOf(LIMIT + 1).toBuilder().clearRpc().build();
    assertThatThrownBy(() -> manager.speaker.call(tooLarge, End.SECOND, manager.now))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("the message has 16777217 bytes, allowed are 16777216");
    assertThat(manager.output()).isEmpty();

    var tunnel = End.openTunnel();
    tunnel.receive(Samples.asked(Samples.GET_PEER_UPDATE, 7));
    TunnelMessage reply = Samples.log("x".repeat(LIMIT));
    assertThatThrownBy(() -> tunnel.speaker.reply(1, reply, tunnel.now))
        .isInstanceOf(IllegalArgumentException.class);
    tunnel.speaker.reply(1, Samples.NO_PEERS, tunnel.now);
    assertThat(End.tunnelMessages(tunnel.output()))
        .containsExactly(Samples.replied(Samples.NO_PEERS, 7));
  }

  /// A start with the id 1 of that many bytes.
  private static ManagerMessage startOf(int bytes) {
    ManagerMessage empty = Samples.asked(Samples.START, 1);
    ManagerMessage once = withUrl(empty, "x".repeat(bytes - 20));
    return withUrl(empty, "x".repeat(bytes - 20 + bytes - once.getSerializedSize()));
  }

  private static ManagerMessage withUrl(ManagerMessage message, String url) {
    var builder = message.toBuilder();
    builder.getStartBuilder().setCoderUrl(url);
    return builder.build();
  }

  @Test
  void a_frame_without_bytes_is_an_empty_message_and_ignored() {
    var tunnel = End.openTunnel();
    tunnel.receive(hex("00000000"));
    assertThat(tunnel.takeEvents())
        .containsExactly(new SpeakerEvent.Ignored<>(SpeakerEvent.Ignored.Why.UNKNOWN_MESSAGE));
    tunnel.receive(VECTORS.bytes("stop-1"));
    assertThat(tunnel.takeEvents()).singleElement().isInstanceOf(SpeakerEvent.Request.class);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "0000000a 00000000000000000000", // Go CorruptMessage
        "00000001 00", // C# ReadInvalid
        "00000001 0a", // a field without its value
        "00000002 0a7f", // a field longer than its message
        "00000006 2204 1202 ff61", // text that is no UTF-8
        "00000003 080102", // the rpc as a number, then the field number 0
        "00000002 0b14" // a group that is ended as another
      })
  void a_body_that_is_no_message_ends_the_stream(String frame) {
    var tunnel = End.openTunnel();
    tunnel.receive(hex(frame));
    assertThat(tunnel.end().code()).isEqualTo("corrupt_message");
    assertThat(tunnel.end().logText()).startsWith("the peer sent a frame that is no message: ");
    assertThat(tunnel.output()).isEmpty();
  }

  @Test
  void a_stream_may_end_between_frames_and_nowhere_else() {
    byte[] all = End.concat(VECTORS.bytes("get-peer-update-1"), VECTORS.bytes("stop-1"));
    for (int length = 0; length <= all.length; length++) {
      var tunnel = End.openTunnel();
      tunnel.receive(Arrays.copyOf(all, length));
      tunnel.takeEvents();
      tunnel.speaker.connectionClosed(tunnel.now);
      tunnel.advance(5 * End.SECOND);
      boolean clean = length == 0 || length == 10 || length == 20;
      assertThat(tunnel.end().code())
          .as("%d bytes", length)
          .isEqualTo(clean ? "peer_closed" : "truncated");
      assertThat(tunnel.end().graceful()).isEqualTo(clean);
    }
  }

  @Test
  void a_stream_that_ends_within_a_frame_says_where() {
    var inLength = End.openTunnel();
    inLength.receive(hex("0000"));
    inLength.inputEnded();
    assertThat(inLength.end().logText())
        .isEqualTo("the stream ended after 2 of the 4 bytes of a length");

    var inBody = End.openTunnel();
    inBody.receive(hex("0000000a 0a02"));
    inBody.inputEnded();
    assertThat(inBody.end().logText())
        .isEqualTo("the stream ended after 2 of the 10 bytes of a frame");
  }

  // ---- fields ----

  @ParameterizedTest
  @ValueSource(strings = {"0800", "2200", "2202 2200", "5200"})
  void a_message_of_more_fields_than_allowed_ends_the_stream_before_it_is_decoded(String field) {
    assertThat(flood(field.repeat(1001))).isEqualTo(new SpeakerEnd.TooManyFields(1000));
    String inGroup = "0b" + field.repeat(1001) + "0c";
    assertThat(flood(inGroup)).isEqualTo(new SpeakerEnd.TooManyFields(1000));
  }

  private static SpeakerEnd flood(String message) {
    var tunnel = End.openTunnel(SpeakerConfig.tunnel().maxFields(1000).build());
    byte[] body = hex(message);
    tunnel.receive(ByteBuffer.allocate(4 + body.length).putInt(body.length).put(body).array());
    return tunnel.end();
  }

  @Test
  void as_many_fields_as_allowed_are_taken_and_long_texts_are_no_fields() {
    var config = SpeakerConfig.tunnel().maxFields(1000).build();
    var headers = Samples.asked(Samples.START, 1).toBuilder();
    for (int i = 0; i < 996; i++) {
      headers.getStartBuilder().addHeadersBuilder();
    }
    assertThat(tell(config, headers.build())).isEqualTo("Request");
    headers.getStartBuilder().addHeadersBuilder();
    assertThat(tell(config, headers.build())).isEqualTo("Closed");

    ManagerMessage longText = withUrl(Samples.asked(Samples.START, 1), "x".repeat(100_000));
    assertThat(tell(config, longText)).isEqualTo("Request");
  }

  private static String tell(SpeakerConfig config, ManagerMessage message) {
    var tunnel = End.openTunnel(config);
    tunnel.receive(message);
    return tunnel.takeEvents().getFirst().getClass().getSimpleName();
  }

  @Test
  void the_elements_of_a_packed_list_are_fields_too() {
    var settings = Samples.asked(Samples.SETTINGS, 1).toBuilder();
    for (int i = 0; i < 3000; i++) {
      settings.getNetworkSettingsBuilder().getIpv6SettingsBuilder().addPrefixLengths(64);
    }
    var manager =
        End.openManager(
            SpeakerConfig.manager().header(HeaderChoice.CURRENT).maxFields(1000).build());
    manager.receive(settings.build());
    assertThat(manager.end()).isEqualTo(new SpeakerEnd.TooManyFields(1000));
  }

  @Test
  void unknown_fields_survive() throws Exception {
    byte[] future = hex("0a020801 2204 5a026869 f23f03 616263");
    ManagerMessage message = ManagerMessage.parseFrom(future);
    assertThat(message.getStart().getUnknownFields().hasField(11)).isTrue();
    assertThat(message.toByteString()).isEqualTo(ByteString.copyFrom(future));
  }
}
