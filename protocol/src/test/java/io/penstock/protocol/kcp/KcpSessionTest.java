package io.penstock.protocol.kcp;

import static io.penstock.protocol.kcp.Datagrams.CONV;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.penstock.protocol.Deadlines;
import io.penstock.protocol.kcp.Datagrams.Segment;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// One session, with the test in the place of the peer and of the clock.
class KcpSessionTest {

  private static final long MILLI = 1_000_000L;
  private static final KcpConfig PLAIN =
      KcpConfig.builder().ackNoDelay(false).intervalMillis(10).nc(true).build();

  private KcpSession session = newSession(PLAIN);
  private long now;

  @AfterEach
  void release() {
    session.abort(KcpCloseReason.CLOSED);
  }

  // ---- sending ----

  @Test
  void the_first_write_goes_out_at_once_as_kcp_go_would_write_it() {
    session = new KcpSession(CONV, windowOf(32), 100, UnpooledByteBufAllocator.DEFAULT, now);
    write("hello");

    ByteBuf datagram = datagram();

    assertThat(ByteBufUtil.hexDump(datagram))
        .isEqualTo(
            "44332211"
                + "51"
                + "00"
                + "2000"
                + "64000000"
                + "00000000"
                + "00000000"
                + "05000000"
                + "68656c6c6f");
    datagram.release();
    assertThat(session.transmit(now)).isNull();
  }

  @Test
  void a_long_write_is_cut_at_the_segment_size() {
    session = newSession(KcpConfig.builder().mtu(50).nc(true).build());
    write("x".repeat(26 + 26 + 1));

    assertThat(sent()).extracting(s -> s.data().length()).containsExactly(26, 26, 1);
  }

  @Test
  void small_writes_share_a_segment_until_it_is_sent() {
    write("a");
    write("b");
    assertThat(sent()).extracting(Segment::data).containsExactly("ab");

    write("c");
    assertThat(sent()).extracting(Segment::data).containsExactly("c");
  }

  @Test
  void several_segments_share_a_datagram() {
    session = newSession(KcpConfig.builder().mtu(1000).nc(true).build());
    write("a");
    transmitOne();
    write("b");
    transmitOne();
    at(250);
    session.onDeadline(now);

    assertThat(Datagrams.read(datagram())).extracting(Segment::data).containsExactly("a", "b");
  }

  @Test
  void no_more_is_in_flight_than_the_peer_has_room_for() {
    session = newSession(KcpConfig.builder().mtu(50).nc(true).build());
    receive(new Segment(KcpHeader.WINS, 2, 0, 0, 0, ""));
    write("x".repeat(100));

    assertThat(sent()).extracting(Segment::sn).containsExactly(0, 1);
    receive(new Segment(KcpHeader.ACK, 1, 0, 0, 1, ""));
    assertThat(sent()).isEmpty();
    receive(new Segment(KcpHeader.ACK, 3, 0, 1, 2, ""));
    assertThat(sent()).extracting(Segment::sn).containsExactly(2, 3);
  }

  @Test
  void before_the_peer_has_spoken_it_is_trusted_with_32_segments() {
    session = newSession(KcpConfig.builder().mtu(50).nc(true).build());
    write("x".repeat(26 * 40));

    assertThat(sent()).hasSize(32);
  }

  @Test
  void a_segment_is_sent_again_after_its_timeout_which_then_grows() {
    write("x");
    assertThat(sent()).hasSize(1);
    assertThat(session.nextDeadlineNanos()).isEqualTo(200 * MILLI);

    at(199);
    session.onDeadline(now);
    assertThat(sent()).isEmpty();

    at(200);
    session.onDeadline(now);
    assertThat(sent()).extracting(Segment::ts).containsExactly(200);
    assertThat(session.nextDeadlineNanos()).isEqualTo(500 * MILLI);
    assertThat(session.retransmittedSegments()).isEqualTo(1);
  }

  @Test
  void an_acknowledged_segment_is_never_sent_again() {
    write("x");
    sent();
    at(20);
    receive(Datagrams.ack(0, 0, 1));

    assertThat(session.isAcknowledged()).isTrue();
    assertThat(session.nextDeadlineNanos()).isEqualTo(Deadlines.NONE);
    assertThat(session.heldBytes()).isZero();
    assertThat(session.smoothedRttNanos()).isEqualTo(20 * MILLI);
  }

  @Test
  void a_segment_overtaken_often_enough_is_sent_again_without_waiting() {
    session = newSession(KcpConfig.builder().mtu(50).nc(true).resend(2).build());
    write("x".repeat(26 * 40));
    sent();
    at(10);
    receive(Datagrams.ack(1, 0, 0));
    assertThat(sent()).as("one may be mere reordering").isEmpty();
    receive(Datagrams.ack(2, 0, 0));

    assertThat(sent()).extracting(Segment::sn).containsExactly(0);
  }

  @Test
  void a_segment_overtaken_once_is_sent_again_when_nothing_new_can_be_sent() {
    session = newSession(KcpConfig.builder().mtu(50).nc(true).resend(0).build());
    write("x".repeat(26 * 2));
    sent();
    at(10);
    receive(Datagrams.ack(1, 0, 0));

    assertThat(sent()).extracting(Segment::sn).containsExactly(0);
  }

  @Test
  void an_acknowledgement_of_an_older_transmission_overtakes_nothing() {
    session = newSession(KcpConfig.builder().mtu(50).nc(true).resend(1).build());
    write("x".repeat(26 * 3));
    sent();
    at(10);
    receive(Datagrams.ack(2, 0, 0));
    assertThat(sent()).extracting(Segment::sn).containsExactly(0, 1);

    receive(Datagrams.ack(1, 0, 0));
    assertThat(sent()).as("0 left again after 1 was sent first").isEmpty();
  }

  @Test
  void the_acknowledgement_of_what_was_never_sent_is_ignored() {
    write("x");
    sent();
    receive(Datagrams.ack(5, 0, 0));
    receive(Datagrams.ack(0, 0, 7));

    assertThat(session.isAcknowledged()).isTrue();
    write("y");
    assertThat(sent()).extracting(Segment::sn).containsExactly(1);
    receive(Datagrams.of(new Segment(KcpHeader.WINS, 32, 0, 0, 900, "")));
    assertThat(session.isAcknowledged()).isFalse();
  }

  @Test
  void writing_more_than_fits_is_a_mistake_of_the_caller() {
    ByteBuf tooMuch = Unpooled.buffer().writeZero(session.writableBytes() + 1);

    assertThatThrownBy(() -> session.write(tooMuch, now)).isInstanceOf(IllegalStateException.class);
    assertThat(tooMuch.refCnt()).isZero();
  }

  // ---- receiving ----

  @Test
  void segments_are_read_in_order_whatever_order_they_come_in() {
    receive(Datagrams.push(2, "c"));
    receive(Datagrams.push(1, "b"));
    assertThat(session.readableBytes()).isZero();
    receive(Datagrams.push(0, "a"));

    assertThat(read(100)).isEqualTo("abc");
    assertThat(session.read(100)).isNull();
  }

  @Test
  void a_read_may_end_inside_a_segment() {
    receive(Datagrams.push(0, "abc"));
    receive(Datagrams.push(1, "def"));

    assertThat(read(2)).isEqualTo("ab");
    assertThat(read(3)).isEqualTo("cde");
    assertThat(read(3)).isEqualTo("f");
  }

  @Test
  void acknowledgements_wait_for_the_interval() {
    receive(Datagrams.push(0, "a"));
    receive(Datagrams.push(2, "c"));
    assertThat(sent()).isEmpty();
    assertThat(session.nextDeadlineNanos()).isEqualTo(10 * MILLI);

    at(10);
    session.onDeadline(now);
    assertThat(sent()).containsExactly(new Segment(KcpHeader.ACK, 1023, 0, 2, 1, ""));
  }

  @Test
  void the_interval_ticks_from_the_start_of_the_session() {
    at(7);
    receive(Datagrams.push(0, "a"));
    assertThat(session.nextDeadlineNanos()).isEqualTo(10 * MILLI);
    at(10);
    session.onDeadline(now);
    sent();
    assertThat(session.nextDeadlineNanos()).isEqualTo(Deadlines.NONE);
    receive(Datagrams.push(1, "b"));
    assertThat(session.nextDeadlineNanos()).isEqualTo(20 * MILLI);
  }

  @Test
  void acknowledgements_go_with_data_that_goes_out_anyway() {
    receive(Datagrams.push(0, "a"));
    write("x");

    assertThat(sent()).extracting(Segment::cmd).containsExactly(KcpHeader.ACK, KcpHeader.PUSH);
    assertThat(session.nextDeadlineNanos()).isEqualTo(200 * MILLI);
  }

  @Test
  void a_datagram_full_of_acknowledgements_does_not_wait() {
    for (int sn = 0; sn < PLAIN.mtu() / KcpHeader.BYTES; sn++) {
      assertThat(sent()).isEmpty();
      receive(Datagrams.push(sn, "a"));
    }
    assertThat(sent()).extracting(Segment::una).containsExactly(56);
  }

  @Test
  void a_duplicate_is_acknowledged_again_and_read_once() {
    receive(Datagrams.push(0, "a"));
    assertThat(read(10)).isEqualTo("a");
    at(10);
    session.onDeadline(now);
    sent();

    receive(Datagrams.push(0, "a"));
    at(20);
    session.onDeadline(now);

    assertThat(sent()).extracting(Segment::cmd).containsExactly(KcpHeader.ACK);
    assertThat(session.read(10)).isNull();
  }

  @Test
  void an_empty_segment_takes_a_number_and_nothing_else() {
    receive(Datagrams.push(0, ""));
    receive(Datagrams.push(1, "a"));

    assertThat(read(10)).isEqualTo("a");
    assertThat(session.heldBytes()).isZero();
  }

  @Test
  void what_lies_beyond_the_window_is_dropped_without_an_acknowledgement() {
    session = newSession(windowOf(4));
    receive(Datagrams.push(4, "e"));
    assertThat(session.nextDeadlineNanos()).isEqualTo(Deadlines.NONE);
    receive(Datagrams.push(3, "d"));
    assertThat(session.nextDeadlineNanos()).isNotEqualTo(Deadlines.NONE);
  }

  @Test
  void a_reader_that_pauses_closes_the_window_and_opens_it_again_by_itself() {
    session = newSession(windowOf(2));
    receive(Datagrams.push(0, "a"));
    receive(Datagrams.push(1, "b"));
    at(10);
    session.onDeadline(now);
    assertThat(sent()).extracting(Segment::wnd).containsExactly(0);

    assertThat(read(1)).isEqualTo("a");
    assertThat(sent()).containsExactly(new Segment(KcpHeader.WINS, 1, 10, 0, 2, ""));
  }

  @Test
  void the_question_for_the_window_is_answered() {
    session = newSession(windowOf(7));
    receive(new Segment(KcpHeader.WASK, 32, 0, 0, 0, ""));

    assertThat(sent()).containsExactly(new Segment(KcpHeader.WINS, 7, 0, 0, 0, ""));
  }

  @Test
  void a_closed_window_is_asked_for_ever_more_rarely_and_only_with_something_to_send() {
    receive(new Segment(KcpHeader.WINS, 0, 0, 0, 0, ""));
    assertThat(session.nextDeadlineNanos()).isEqualTo(Deadlines.NONE);
    write("x");
    assertThat(sent()).isEmpty();

    List<Long> questions = new ArrayList<>();
    while (questions.size() < 10) {
      now = session.nextDeadlineNanos();
      session.onDeadline(now);
      if (!sent().isEmpty()) {
        questions.add(now / MILLI);
        receive(new Segment(KcpHeader.WINS, 0, 0, 0, 0, ""));
      }
    }
    assertThat(questions)
        .containsExactly(500L, 1250L, 2375L, 4062L, 6593L, 10390L, 16085L, 24628L, 34628L, 44628L);

    receive(new Segment(KcpHeader.WINS, 1, 0, 0, 0, ""));
    assertThat(sent()).extracting(Segment::data).containsExactly("x");
  }

  // ---- bad input ----

  @Test
  void a_datagram_that_is_no_kcp_is_refused_and_counted() {
    assertThat(session.receive(Unpooled.wrappedBuffer(new byte[23]), now))
        .isEqualTo(KcpInput.TOO_SHORT);
    assertThat(session.receive(Unpooled.wrappedBuffer(new byte[24]), now))
        .isEqualTo(KcpInput.CONV_MISMATCH);
    assertThat(session.receive(Datagrams.of(new Segment(80, 1, 0, 0, 0, "")), now))
        .isEqualTo(KcpInput.BAD_COMMAND);
    assertThat(session.receive(Datagrams.of(new Segment(85, 1, 0, 0, 0, "")), now))
        .isEqualTo(KcpInput.BAD_COMMAND);
    ByteBuf cut = Datagrams.push(0, "abc");
    assertThat(session.receive(cut.writerIndex(cut.writerIndex() - 1), now))
        .isEqualTo(KcpInput.TRUNCATED);

    assertThat(session.rejectedDatagrams()).isEqualTo(5);
    assertThat(session.heardFromPeer()).isFalse();
    assertThat(sent()).isEmpty();
  }

  @Test
  void segments_before_a_bad_one_stay_applied() {
    ByteBuf datagram =
        Datagrams.of(
            new Segment(KcpHeader.PUSH, 32, 0, 0, 0, "a"), new Segment(99, 32, 0, 0, 0, ""));

    assertThat(session.receive(datagram, now)).isEqualTo(KcpInput.BAD_COMMAND);
    assertThat(read(10)).isEqualTo("a");
  }

  @Test
  void fewer_bytes_than_a_header_behind_the_last_segment_are_ignored() {
    ByteBuf datagram = Datagrams.push(0, "a").writeZero(23);

    assertThat(session.receive(datagram, now)).isEqualTo(KcpInput.ACCEPTED);
  }

  // ---- the end ----

  @Test
  void a_closed_session_ends_when_everything_is_acknowledged() {
    write("x");
    session.close(now);
    assertThat(sent()).extracting(Segment::data).containsExactly("x");
    assertThat(session.pollEvent()).isNull();

    at(5);
    receive(Datagrams.ack(0, 0, 1));
    assertThat(sent()).isEmpty();
    assertThat(session.pollEvent()).isEqualTo(new KcpEvent.Ended(KcpCloseReason.CLOSED));
    assertThat(session.pollEvent()).isNull();
    assertThat(session.nextDeadlineNanos()).isEqualTo(Deadlines.NONE);
  }

  @Test
  void a_closed_session_repeats_what_is_missing_until_the_linger_is_over() {
    write("x");
    session.close(now);
    int transmissions = sent().size();
    while (session.nextDeadlineNanos() != Deadlines.NONE) {
      now = session.nextDeadlineNanos();
      session.onDeadline(now);
      transmissions += sent().size();
    }
    assertThat(now).isEqualTo(3_000 * MILLI);
    assertThat(transmissions).isGreaterThan(3);
    assertThat(session.pollEvent()).isEqualTo(new KcpEvent.Ended(KcpCloseReason.LINGER_EXPIRED));
    assertThat(session.heldBytes()).isZero();
  }

  @Test
  void a_closed_session_sends_the_acknowledgements_that_it_owes() {
    receive(Datagrams.push(0, "a"));
    session.close(now);

    assertThat(sent()).extracting(Segment::una).containsExactly(1);
    assertThat(session.pollEvent()).isEqualTo(new KcpEvent.Ended(KcpCloseReason.CLOSED));
  }

  @Test
  void a_closed_session_takes_nothing_more() {
    session.close(now);
    assertThat(session.writableBytes()).isZero();
    assertThatThrownBy(() -> write("x")).isInstanceOf(IllegalStateException.class);

    sent();
    assertThat(session.receive(Datagrams.push(0, "a"), now)).isEqualTo(KcpInput.ENDED);
  }

  @Test
  void a_peer_that_stays_silent_while_bytes_wait_for_it_is_dead() {
    write("x");
    KcpEvent event = runUntilEvent();

    assertThat(event).isEqualTo(new KcpEvent.Ended(KcpCloseReason.PEER_SILENT));
    assertThat(now).isEqualTo(30_000 * MILLI);
  }

  @Test
  void the_silence_of_a_peer_that_owes_nothing_means_nothing() {
    write("x");
    sent();
    receive(Datagrams.ack(0, 0, 1));
    assertThat(session.nextDeadlineNanos()).isEqualTo(Deadlines.NONE);

    at(3_600_000);
    write("y");
    assertThat(sent()).hasSize(1);
    at(3_600_000 + 29_999);
    session.onDeadline(now);
    assertThat(session.pollEvent()).isNull();
  }

  @Test
  void a_segment_sent_too_often_means_a_dead_link_although_the_peer_is_heard() {
    session = newSession(KcpConfig.builder().deadLinkTransmissions(5).nc(true).build());
    write("x");
    int transmissions = sent().size();
    KcpEvent event = null;
    while (event == null) {
      now = session.nextDeadlineNanos();
      session.onDeadline(now);
      transmissions += sent().size();
      event = session.pollEvent();
      session.receive(Datagrams.of(new Segment(KcpHeader.WINS, 32, 0, 0, 0, "")), now);
    }
    assertThat(event).isEqualTo(new KcpEvent.Ended(KcpCloseReason.DEAD_LINK));
    assertThat(transmissions).isEqualTo(5);
  }

  // ---- proof of the return path ----

  @Test
  void an_echoed_time_proves_that_the_peer_receives_what_we_send() {
    session = new KcpSession(CONV, PLAIN, 0xabcdef01, UnpooledByteBufAllocator.DEFAULT, now);
    write("x");
    sent();

    receive(Datagrams.ack(0, 0xabcdef01, 0));
    assertThat(session.isReturnProven()).isTrue();
  }

  @Test
  void a_guessed_time_proves_nothing() {
    session = new KcpSession(CONV, PLAIN, 0xabcdef01, UnpooledByteBufAllocator.DEFAULT, now);
    write("x");
    sent();

    receive(Datagrams.ack(0, 0, 1));
    assertThat(session.isAcknowledged()).isTrue();
    assertThat(session.isReturnProven()).isFalse();
  }

  @Test
  void a_confined_session_offers_and_takes_half_of_its_allowance_in_each_direction() {
    session.confine(32);
    receive(new Segment(KcpHeader.WASK, 32, 0, 0, 0, ""));
    assertThat(sent()).extracting(Segment::wnd).containsExactly(16);
    assertThat(session.writableBytes()).isEqualTo(16 * PLAIN.mss());
    for (int sn = 15; sn >= 0; sn--) {
      receive(Datagrams.push(sn, "a"));
    }
    receive(Datagrams.push(16, "b"));
    assertThat(session.readableBytes()).isEqualTo(16);

    sent();
    session.liftConfinement();
    receive(Datagrams.push(16, "b"));
    assertThat(session.readableBytes()).isEqualTo(17);
    assertThat(session.writableBytes()).isGreaterThan(16 * PLAIN.mss());
  }

  // ---- the test as peer and clock ----

  private static KcpConfig windowOf(int segments) {
    return KcpConfig.builder().rcvWnd(segments).ackNoDelay(false).nc(true).build();
  }

  private static KcpSession newSession(KcpConfig config) {
    return new KcpSession(CONV, config, 0, UnpooledByteBufAllocator.DEFAULT, 0);
  }

  private void at(long millis) {
    now = millis * MILLI;
  }

  private void write(String text) {
    session.write(Unpooled.copiedBuffer(text, StandardCharsets.ISO_8859_1), now);
  }

  private String read(int maxBytes) {
    ByteBuf bytes = session.read(maxBytes);
    if (bytes == null) {
      return "";
    }
    String text = bytes.toString(StandardCharsets.ISO_8859_1);
    bytes.release();
    return text;
  }

  private void receive(Segment segment) {
    receive(Datagrams.of(segment));
  }

  private void receive(ByteBuf datagram) {
    assertThat(session.receive(datagram, now)).isEqualTo(KcpInput.ACCEPTED);
  }

  private ByteBuf datagram() {
    return Objects.requireNonNull(session.transmit(now), "nothing to send");
  }

  private void transmitOne() {
    datagram().release();
  }

  private List<Segment> sent() {
    List<Segment> all = new ArrayList<>();
    for (ByteBuf d = session.transmit(now); d != null; d = session.transmit(now)) {
      assertThat(d.readableBytes()).isLessThanOrEqualTo(KcpConfig.DEFAULT_MTU);
      all.addAll(Datagrams.read(d));
    }
    return all;
  }

  private KcpEvent runUntilEvent() {
    sent();
    KcpEvent event = session.pollEvent();
    while (event == null) {
      now = session.nextDeadlineNanos();
      session.onDeadline(now);
      sent();
      event = session.pollEvent();
    }
    return event;
  }
}
