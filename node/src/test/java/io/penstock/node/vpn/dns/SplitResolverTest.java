package io.penstock.node.vpn.dns;

import static io.penstock.node.vpn.dns.TestNameServer.query;
import static io.penstock.node.vpn.dns.TestNameServer.response;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.penstock.testkit.leak.LeakCheck;
import io.penstock.transport.NativeSupport;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@ExtendWith(LeakCheck.class)
class SplitResolverTest {

  private static final byte[] OVERLAY_RECORD = {1, 2, 3};
  private static final byte[] OTHER_RECORD = {9, 8, 7, 6};
  private static final List<String> ZONES = List.of("penstock.internal", "86.10.in-addr.arpa");
  private static final int SERVER_FAILURE = 2;
  private static final int FORMAT_ERROR = 1;

  private final MultiThreadIoEventLoopGroup loops = NativeSupport.newEventLoops(1, "dns");
  private final TestNameServer overlay = new TestNameServer(q -> response(q, OVERLAY_RECORD));
  private final TestNameServer other = new TestNameServer(q -> response(q, OTHER_RECORD));
  private Duration serverLimit = Duration.ofSeconds(30);
  private Duration idleLimit = Duration.ofSeconds(60);
  private int maxQueries = 8;

  SplitResolverTest() throws IOException {}

  @AfterEach
  void end() throws Exception {
    overlay.close();
    other.close();
    NativeSupport.endEventLoops(loops, Duration.ofSeconds(5)).sync();
  }

  private SplitResolver start(List<InetSocketAddress> ofOverlay, List<InetSocketAddress> others)
      throws IOException {
    return SplitResolver.start(loops.next(), config(), new SplitRules(ZONES, ofOverlay, others));
  }

  private final InetSocketAddress address = freeAddress();

  private static InetSocketAddress freeAddress() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return (InetSocketAddress) socket.getLocalSocketAddress();
    }
  }

  private SplitResolverConfig config() {
    return new SplitResolverConfig(address, maxQueries, 2, 4, serverLimit, idleLimit);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "db.penstock.internal",
        "DB.Penstock.Internal",
        "penstock.internal",
        "5.0.86.10.in-addr.arpa"
      })
  void names_of_the_overlay_are_asked_of_the_overlay_alone(String name) throws Exception {
    try (SplitResolver _ = start(List.of(overlay.address()), List.of(other.address()))) {
      assertThat(ask(query(0x1234, name))).isEqualTo(response(query(0x1234, name), OVERLAY_RECORD));
      assertThat(askOverTcp(query(0x1234, name)))
          .isEqualTo(response(query(0x1234, name), OVERLAY_RECORD));

      assertThat(overlay.asked()).containsExactly("UDP " + name, "TCP " + name);
      assertThat(other.asked()).isEmpty();
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "example.org",
        "internal",
        "notpenstock.internal",
        "penstock.internal.example.org",
        "5.0.87.10.in-addr.arpa"
      })
  void all_other_names_are_asked_of_the_previous_servers_alone(String name) throws Exception {
    try (SplitResolver _ = start(List.of(overlay.address()), List.of(other.address()))) {
      assertThat(ask(query(7, name))).isEqualTo(response(query(7, name), OTHER_RECORD));
      assertThat(askOverTcp(query(7, name))).isEqualTo(response(query(7, name), OTHER_RECORD));

      assertThat(overlay.asked()).isEmpty();
    }
  }

  @Test
  void whatever_stands_behind_the_question_is_passed_on_as_it_is() throws Exception {
    byte[] withEdns = Arrays.copyOf(query(1, "example.org"), query(1, "example.org").length + 11);
    withEdns[11] = 1;
    withEdns[withEdns.length - 9] = 41;
    try (TestNameServer echo = new TestNameServer(q -> response(q, new byte[3000]));
        SplitResolver _ = start(List.of(), List.of(echo.address()))) {
      assertThat(ask(withEdns)).isEqualTo(response(withEdns, new byte[3000]));
    }
  }

  @Test
  void an_answer_too_long_for_a_datagram_is_to_be_had_over_tcp() throws Exception {
    byte[] query = query(5, "big.example.org");
    try (TestNameServer big = new TestNameServer(q -> response(q, new byte[20_000]));
        SplitResolver _ = start(List.of(), List.of(big.address()))) {
      byte[] truncated = ask(query);
      assertThat(truncated[2] & 0x02).as("truncated").isNotZero();
      assertThat(truncated).hasSize(query.length);
      assertThat(askOverTcp(query)).isEqualTo(response(query, new byte[20_000]));
    }
  }

  @Test
  void a_server_that_does_not_answer_is_followed_by_the_next() throws Exception {
    serverLimit = Duration.ofMillis(300);
    try (TestNameServer silent = new TestNameServer(_ -> new byte[0]);
        SplitResolver _ =
            start(List.of(), List.of(freeAddress(), silent.address(), other.address()))) {
      byte[] query = query(8, "example.org");
      assertThat(ask(query)).isEqualTo(response(query, OTHER_RECORD));
      assertThat(askOverTcp(query)).isEqualTo(response(query, OTHER_RECORD));
      assertThat(silent.asked()).containsExactly("UDP example.org", "TCP example.org");
    }
  }

  @Test
  void when_no_server_of_the_overlay_answers_no_other_is_asked() throws Exception {
    byte[] query = query(9, "db.penstock.internal");
    try (SplitResolver resolver = start(List.of(freeAddress()), List.of(other.address()))) {
      assertThat(codeOf(ask(query))).isEqualTo(SERVER_FAILURE);
      assertThat(codeOf(askOverTcp(query))).isEqualTo(SERVER_FAILURE);
      resolver.change(new SplitRules(ZONES, List.of(), List.of(other.address())));
      assertThat(codeOf(ask(query))).isEqualTo(SERVER_FAILURE);
      assertThat(other.asked()).isEmpty();
    }
  }

  @Test
  void an_answer_to_another_question_or_with_another_id_is_no_answer() throws Exception {
    serverLimit = Duration.ofMillis(300);
    byte[] query = query(10, "example.org");
    try (TestNameServer otherId =
            new TestNameServer(
                q -> {
                  q[1] ^= 1;
                  return response(q, OTHER_RECORD);
                });
        TestNameServer otherName =
            new TestNameServer(
                q -> {
                  q[13] ^= 1;
                  return response(q, OTHER_RECORD);
                });
        TestNameServer echo = new TestNameServer(q -> q);
        SplitResolver _ =
            start(List.of(), List.of(otherId.address(), otherName.address(), echo.address()))) {
      assertThat(codeOf(ask(query))).isEqualTo(SERVER_FAILURE);
      assertThat(codeOf(askOverTcp(query))).isEqualTo(SERVER_FAILURE);
      assertThat(otherId.asked()).hasSize(2);
      assertThat(otherName.asked()).hasSize(2);
    }
  }

  @Test
  void what_is_no_query_is_refused_or_ignored_and_disturbs_nobody() throws Exception {
    byte[] good = query(11, "example.org");
    byte[] twoQuestions = good.clone();
    twoQuestions[5] = 2;
    byte[] pointer = good.clone();
    pointer[12] = (byte) 0xc0;
    byte[] cut = Arrays.copyOf(good, good.length - 3);
    try (SplitResolver _ = start(List.of(overlay.address()), List.of(other.address()))) {
      for (byte[] bad : List.of(twoQuestions, pointer, cut, Arrays.copyOf(good, 12))) {
        assertThat(codeOf(ask(bad))).isEqualTo(FORMAT_ERROR);
      }
      assertThat(answered(response(good, new byte[0]))).isFalse();
      assertThat(answered(new byte[5])).isFalse();
      assertThat(ask(good)).isEqualTo(response(good, OTHER_RECORD));
      assertThat(other.asked()).hasSize(1);
    }
  }

  @Test
  void more_queries_than_allowed_fail_at_once_and_hold_up_no_others() throws Exception {
    maxQueries = 1;
    try (TestNameServer silent = new TestNameServer(_ -> new byte[0]);
        SplitResolver _ = start(List.of(silent.address()), List.of(other.address()));
        DatagramSocket waiting = new DatagramSocket()) {
      byte[] first = query(12, "a.penstock.internal");
      waiting.send(new DatagramPacket(first, first.length, address));
      await().until(() -> !silent.asked().isEmpty());

      assertThat(codeOf(ask(query(13, "b.penstock.internal")))).isEqualTo(SERVER_FAILURE);
      assertThat(silent.asked()).hasSize(1);
      assertThat(ask(query(14, "example.org")))
          .isEqualTo(response(query(14, "example.org"), OTHER_RECORD));
      assertThat(other.asked()).hasSize(1);
    }
  }

  @Test
  void more_connections_than_allowed_are_closed_at_once() throws Exception {
    byte[] query = query(14, "example.org");
    try (SplitResolver _ = start(List.of(), List.of(other.address()));
        Socket one = new Socket(address.getAddress(), address.getPort());
        Socket two = new Socket(address.getAddress(), address.getPort())) {
      assertThat(askOverTcp(one, query)).isNotEmpty();
      assertThat(askOverTcp(two, query)).isNotEmpty();
      try (Socket three = new Socket(address.getAddress(), address.getPort())) {
        assertThatThrownBy(() -> askOverTcp(three, query)).isInstanceOf(IOException.class);
      }
      assertThat(askOverTcp(one, query)).isNotEmpty();
    }
  }

  @Test
  void queries_in_a_row_on_one_connection_are_all_answered() throws Exception {
    maxQueries = 20;
    try (SplitResolver _ = start(List.of(overlay.address()), List.of(other.address()));
        Socket client = new Socket(address.getAddress(), address.getPort())) {
      client.setSoTimeout((int) TimeUnit.SECONDS.toMillis(60));
      DataOutputStream out = new DataOutputStream(client.getOutputStream());
      Set<String> expected = new HashSet<>();
      for (int id = 0; id < 20; id++) {
        boolean inOverlay = id % 2 == 0;
        byte[] query = query(id, inOverlay ? "db.penstock.internal" : "example.org");
        expected.add(Arrays.toString(response(query, inOverlay ? OVERLAY_RECORD : OTHER_RECORD)));
        out.writeShort(query.length);
        out.write(query);
      }
      out.flush();
      DataInputStream in = new DataInputStream(client.getInputStream());
      for (int id = 0; id < 20; id++) {
        byte[] answer = in.readNBytes(in.readUnsignedShort());
        assertThat(expected.remove(Arrays.toString(answer))).isTrue();
      }
    }
  }

  @Test
  void of_many_queries_that_come_at_once_some_are_asked_at_a_time() throws Exception {
    maxQueries = 100;
    try (TestNameServer silent = new TestNameServer(_ -> new byte[0]);
        SplitResolver _ = start(List.of(silent.address()), List.of(other.address()));
        Socket client = new Socket(address.getAddress(), address.getPort())) {
      client.getOutputStream().write(framed(query(1, "db.penstock.internal"), 50));
      await().until(() -> silent.asked().size() >= 4);

      assertThat(askOverTcp(query(2, "example.org"))).isNotEmpty();
      assertThat(silent.asked()).hasSize(4);
    }
  }

  @Test
  void a_client_that_never_reads_is_not_answered_for_ever() throws Exception {
    int sent = 2000;
    maxQueries = sent;
    idleLimit = Duration.ofSeconds(2);
    try (TestNameServer big = new TestNameServer(q -> response(q, new byte[60_000]));
        SplitResolver _ = start(List.of(), List.of(big.address()));
        Socket client = new Socket()) {
      client.setReceiveBufferSize(64 << 10);
      client.connect(address);
      client.setSoTimeout((int) TimeUnit.SECONDS.toMillis(60));
      client.getOutputStream().write(framed(query(1, "example.org"), sent));
      await().atMost(Duration.ofSeconds(60)).until(() -> isReset(client));

      assertThat(big.asked()).hasSizeLessThan(sent / 2);
    }
  }

  /// Whether the other end is gone, found out without reading what it sent.
  private static boolean isReset(Socket client) {
    try {
      client.getOutputStream().write(0);
      return false;
    } catch (IOException _) {
      return true;
    }
  }

  @Test
  void a_client_whose_query_waits_is_not_idle() throws Exception {
    serverLimit = Duration.ofMillis(400);
    idleLimit = Duration.ofSeconds(1);
    try (TestNameServer silent = new TestNameServer(_ -> new byte[0]);
        SplitResolver _ = start(List.of(), Collections.nCopies(5, silent.address()));
        Socket client = new Socket(address.getAddress(), address.getPort())) {
      assertThat(codeOf(askOverTcp(client, query(1, "example.org")))).isEqualTo(SERVER_FAILURE);
      assertThat(client.getInputStream().read()).as("the end, once it is idle").isEqualTo(-1);
    }
  }

  private static byte[] framed(byte[] query, int times) {
    ByteBuffer out = ByteBuffer.allocate(times * (2 + query.length));
    for (int i = 0; i < times; i++) {
      out.putShort((short) query.length).put(query);
    }
    return out.array();
  }

  @Test
  void a_server_that_keeps_sending_what_is_no_answer_is_followed_by_the_next() throws Exception {
    serverLimit = Duration.ofSeconds(1);
    byte[] query = query(8, "example.org");
    try (BabblingServer babbling = new BabblingServer();
        SplitResolver _ = start(List.of(), List.of(babbling.address(), other.address()))) {
      assertThat(ask(query)).isEqualTo(response(query, OTHER_RECORD));
      assertThat(askOverTcp(query)).isEqualTo(response(query, OTHER_RECORD));
      assertThat(babbling.asked()).isEqualTo(2);
    }
  }

  @Test
  void an_address_in_use_is_said() throws Exception {
    try (DatagramSocket _ = new DatagramSocket(address)) {
      assertThatThrownBy(() -> start(List.of(), List.of()))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("cannot answer DNS on")
          .hasMessageContaining("another DNS server may have the address");
    }
    start(List.of(), List.of()).close();
    start(List.of(), List.of()).close();
  }

  private byte[] ask(byte[] query) throws IOException {
    try (DatagramSocket socket = new DatagramSocket()) {
      socket.setSoTimeout((int) TimeUnit.SECONDS.toMillis(60));
      socket.send(new DatagramPacket(query, query.length, address));
      DatagramPacket answer = new DatagramPacket(new byte[65_535], 65_535);
      socket.receive(answer);
      return Arrays.copyOf(answer.getData(), answer.getLength());
    }
  }

  /// Whether a datagram has an answer before that to a good query, sent after it.
  private boolean answered(byte[] message) throws IOException {
    byte[] good = query(99, "example.org");
    try (DatagramSocket socket = new DatagramSocket()) {
      socket.setSoTimeout((int) TimeUnit.SECONDS.toMillis(60));
      socket.send(new DatagramPacket(message, message.length, address));
      socket.send(new DatagramPacket(good, good.length, address));
      DatagramPacket answer = new DatagramPacket(new byte[512], 512);
      socket.receive(answer);
      other.asked().removeLast();
      return answer.getData()[1] != 99;
    }
  }

  private byte[] askOverTcp(byte[] query) throws IOException {
    try (Socket socket = new Socket(address.getAddress(), address.getPort())) {
      return askOverTcp(socket, query);
    }
  }

  private static byte[] askOverTcp(Socket socket, byte[] query) throws IOException {
    socket.setSoTimeout((int) TimeUnit.SECONDS.toMillis(60));
    DataOutputStream out = new DataOutputStream(socket.getOutputStream());
    out.writeShort(query.length);
    out.write(query);
    out.flush();
    DataInputStream in = new DataInputStream(socket.getInputStream());
    return in.readNBytes(in.readUnsignedShort());
  }

  private static int codeOf(byte[] answer) {
    return answer[3] & 0xf;
  }
}
