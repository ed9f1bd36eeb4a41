package io.penstock.transport.quic;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class QueueAccountTest {

  private static final int ID = 20;
  private static final int PACKET = 1 + ID + 2 + 16;
  private static final int FRAME = 3;
  private static final int CAPACITY = 100;

  private final QueueAccount account = new QueueAccount(CAPACITY);
  private long packets = 7;
  private long bytes = 5_000;
  private long received = 3;

  QueueAccountTest() {
    account.sent(packets, bytes, received, ID, 0, true);
  }

  @Test
  void what_was_sent_before_the_first_datagram_counts_for_none() {
    account.handed(1000);

    assertThat(account.most()).isEqualTo(1);
    assertThat(account.fewest()).isEqualTo(1);
    assertThat(account.fewestBytes()).isEqualTo(1000 + FRAME);
  }

  @Test
  void a_packet_per_datagram_empties_the_queue_one_by_one() {
    hand(10, 1000);

    for (int left = 9; left >= 0; left--) {
      sentPacket(1000 + FRAME);

      assertThat(account.most()).isEqualTo(left);
      assertThat(account.fewest()).isEqualTo(left);
    }
    assertThat(account.fewestBytes()).isZero();
  }

  @Test
  void several_small_datagrams_leave_in_one_packet() {
    hand(10, 100);

    sentPacket(10 * (100 + FRAME));

    assertThat(account.most()).isZero();
    assertThat(account.fewest()).isZero();
  }

  @Test
  void an_acknowledgement_takes_no_large_datagram_along() {
    hand(10, 1000);

    received += 20;
    for (int ack = 0; ack < 10; ack++) {
      sentPacket(7);
    }

    assertThat(account.fewest()).isEqualTo(10);
    assertThat(account.most()).isEqualTo(10);
  }

  @Test
  void a_small_datagram_that_may_have_been_an_acknowledgement_is_only_perhaps_gone() {
    hand(10, 10);

    received++;
    sentPacket(10 + FRAME);

    assertThat(account.fewest()).isEqualTo(9);
    assertThat(account.most()).isEqualTo(10);
  }

  @Test
  void a_full_queue_is_known_exactly() {
    hand(10, 10);
    received += 10;
    for (int packet = 0; packet < 10; packet++) {
      sentPacket(10 + FRAME);
    }
    hand(CAPACITY, 20);
    assertThat(account.fewest()).isEqualTo(CAPACITY);

    sentPacket(50 * (20 + FRAME));
    account.foundFull();

    assertThat(account.most()).isEqualTo(CAPACITY);
    assertThat(account.fewest()).isEqualTo(CAPACITY);
    assertThat(account.fewestBytes()).isEqualTo(CAPACITY * (20L + FRAME));
  }

  @Test
  void there_are_never_more_than_fit() {
    hand(10 * CAPACITY, 1000);

    assertThat(account.most()).isEqualTo(CAPACITY);
    assertThat(account.fewest()).isEqualTo(CAPACITY);
    assertThat(account.fewestBytes()).isEqualTo(CAPACITY * (1000L + FRAME));
  }

  @Test
  void a_refused_datagram_takes_no_bytes_to_leave() {
    account.handed(1000);
    account.refused(account.handed(2000));
    account.handed(1000);

    sentPacket(1000 + FRAME);
    sentPacket(1000 + FRAME);

    assertThat(account.fewest()).isZero();
    assertThat(account.fewestBytes()).isZero();
  }

  @Test
  void a_probe_of_the_path_takes_no_datagram_along() {
    hand(10, 1000);

    packets++;
    bytes += 1452;
    account.sent(packets, bytes, received, ID, 1452, false);

    assertThat(account.most()).isEqualTo(10);
    assertThat(account.fewest()).isEqualTo(9);
  }

  @Test
  void a_stale_account_says_nothing() {
    hand(10, 1000);
    hand(CAPACITY, 1000);

    account.foundStale();

    assertThat(account.fewest()).isZero();
    assertThat(account.fewestBytes()).isZero();
    assertThat(account.most()).isEqualTo(CAPACITY);
    account.foundEmpty();
    assertThat(account.most()).isZero();
  }

  private void hand(int count, int size) {
    for (int number = 0; number < count; number++) {
      account.handed(size);
    }
  }

  private void sentPacket(int payload) {
    packets++;
    bytes += PACKET + payload;
    account.sent(packets, bytes, received, ID, 0, false);
  }
}
