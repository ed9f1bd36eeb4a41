package io.penstock.gateway.overlay.peer;

import static org.assertj.core.api.Assertions.assertThat;

import io.penstock.api.IpAddress;
import io.penstock.api.IpPrefix;
import io.penstock.gateway.overlay.MovedClock;
import io.penstock.gateway.overlay.lease.PoolConfig;
import io.penstock.gateway.store.SqliteStorage;
import io.penstock.gateway.store.Storage;
import io.penstock.testkit.SeededRandom;
import io.penstock.testkit.Seeds;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class OverlayResolverTest {

  private static final int A = 1;
  private static final int TXT = 16;
  private static final IpAddress ANN = IpAddress.parse("10.86.0.9");

  @TempDir Path directory;

  private Storage storage;
  private OverlayResolver resolver;

  @BeforeEach
  void open() throws Exception {
    storage = SqliteStorage.open(directory.resolve("penstock.db"), new MovedClock());
    PeerFixture fixture = new PeerFixture(storage);
    fixture.peer("db", "ann", "10.86.0.9", "fd7c::9");
    fixture.peer("four", "ann", "10.86.0.10");
    fixture.peer("hidden", "bob", "10.86.0.11");
    resolver =
        new OverlayResolver(
            "penstock.internal",
            new PoolConfig(
                Optional.of(IpPrefix.parse("10.86.0.0/16")),
                Optional.of(IpPrefix.parse("fd7c::/64")),
                Duration.ofMinutes(10)),
            fixture.directory,
            PeerFixture.SAME_USER);
  }

  @AfterEach
  void close() {
    storage.close();
  }

  // ---- a client's side of the protocol, written for the test ----

  private static byte[] query(String name, int type) {
    return query(name, type, 1);
  }

  private static byte[] query(String name, int type, int dnsClass) {
    ByteBuffer out = ByteBuffer.allocate(600);
    out.putShort((short) 0x1234).putShort((short) 0x0100);
    out.putShort((short) 1).putShort((short) 0).putShort((short) 0).putShort((short) 0);
    if (!name.isEmpty()) {
      for (String label : name.split("\\.", -1)) {
        out.put((byte) label.length()).put(label.getBytes(StandardCharsets.ISO_8859_1));
      }
    }
    out.put((byte) 0).putShort((short) type).putShort((short) dnsClass);
    return Arrays.copyOf(out.array(), out.position());
  }

  private static byte[] withOpt(byte[] query, int version) {
    byte[] opt = HexFormat.of().parseHex("00002904d000%02x00000000".formatted(version));
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    all.writeBytes(query);
    all.writeBytes(opt);
    byte[] bytes = all.toByteArray();
    bytes[11] = 1;
    return bytes;
  }

  /// What an answer says, for people: code, flags, and each record as `section type data`.
  private record Said(int code, boolean authoritative, List<String> records) {}

  private Said ask(String name, int type) {
    return ask(query(name, type), ANN);
  }

  private Said ask(byte[] query, IpAddress from) {
    byte[] bytes = resolver.answer(query, from).orElseThrow();
    ByteBuffer in = ByteBuffer.wrap(bytes);
    assertThat(in.getShort()).isEqualTo((short) 0x1234);
    int flags = in.getShort() & 0xffff;
    assertThat(flags & 0x8000).as("an answer").isNotZero();
    assertThat(flags & 0x0280).as("not cut, no recursion").isZero();
    int questions = in.getShort();
    int[] counts = {in.getShort(), in.getShort(), in.getShort()};
    if (questions == 1) {
      name(in);
      in.getInt();
    }
    List<String> records = new ArrayList<>();
    String[] sections = {"answer", "authority", "additional"};
    for (int section = 0; section < 3; section++) {
      for (int i = 0; i < counts[section]; i++) {
        records.add(sections[section] + " " + record(in));
      }
    }
    assertThat(in.hasRemaining()).isFalse();
    return new Said(flags & 0xf, (flags & 0x0400) != 0, records);
  }

  private static String record(ByteBuffer in) {
    String name = name(in);
    int type = in.getShort() & 0xffff;
    in.getShort();
    int ttl = in.getInt();
    int length = in.getShort();
    int end = in.position() + length;
    String data =
        switch (type) {
          case 1, 28 -> {
            byte[] address = new byte[length];
            in.get(address);
            yield IpAddress.of(address).toString();
          }
          case 2, 12 -> name(in);
          case 6 -> name(in) + " " + name(in);
          default -> Integer.toHexString(ttl);
        };
    in.position(end);
    return type + " " + name + " " + data;
  }

  private static String name(ByteBuffer in) {
    StringBuilder name = new StringBuilder();
    for (int length = in.get() & 0xff; length != 0; length = in.get() & 0xff) {
      if (length >= 0xc0) {
        ByteBuffer target = in.duplicate().position((length & 0x3f) << 8 | (in.get() & 0xff));
        return name + name(target);
      }
      byte[] label = new byte[length];
      in.get(label);
      name.append(new String(label, StandardCharsets.ISO_8859_1)).append('.');
    }
    return name.toString();
  }

  private static final String SOA =
      "authority 6 penstock.internal. gateway.penstock.internal. hostmaster.penstock.internal.";

  // ---- what is there ----

  @ParameterizedTest
  @CsvSource({
    "db.penstock.internal, 1, 10.86.0.9",
    "db.penstock.internal, 28, fd7c::9",
    "four.penstock.internal, 1, 10.86.0.10",
    "gateway.penstock.internal, 1, 10.86.0.1",
    "gateway.penstock.internal, 28, fd7c::1",
    "9.0.86.10.in-addr.arpa, 12, db.penstock.internal.",
    "1.0.86.10.in-addr.arpa, 12, gateway.penstock.internal.",
    "9.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.c.7.d.f.ip6.arpa, 12,"
        + " db.penstock.internal."
  })
  void answersWithAddressesAndNames(String name, int type, String data) {
    assertThat(ask(name, type))
        .isEqualTo(new Said(0, true, List.of("answer %d %s. %s".formatted(type, name, data))));
  }

  @Test
  void answersInTheSpellingOfTheQuestion() {
    assertThat(ask("Db.PENSTOCK.Internal", A).records())
        .containsExactly("answer 1 Db.PENSTOCK.Internal. 10.86.0.9");
  }

  @Test
  void answersExactlyTheseBytes() {
    byte[] query =
        HexFormat.of()
            .parseHex(
                "123401000001000000000000026462"
                    + "0870656e73746f636b08696e7465726e616c00"
                    + "00010001");

    assertThat(HexFormat.of().formatHex(resolver.answer(query, ANN).orElseThrow()))
        .isEqualTo(
            "123485000001000100000000026462"
                + "0870656e73746f636b08696e7465726e616c00"
                + "00010001"
                + "c00c000100010000001e00040a560009");
  }

  @Test
  void answersWithEverythingWhenAskedForAny() {
    assertThat(ask("db.penstock.internal", 255).records()).hasSize(2);
  }

  @Test
  void saysWhoseTheZoneIs() {
    assertThat(ask("penstock.internal", 6).records())
        .singleElement()
        .asString()
        .startsWith("answer 6");
    assertThat(ask("penstock.internal", 2).records())
        .containsExactly("answer 2 penstock.internal. gateway.penstock.internal.");
    assertThat(ask("penstock.internal", A)).isEqualTo(new Said(0, true, List.of(SOA)));
  }

  // ---- what is not ----

  @ParameterizedTest
  @ValueSource(
      strings = {
        "nobody.penstock.internal",
        "hidden.penstock.internal",
        "x.db.penstock.internal",
        "11.0.86.10.in-addr.arpa",
        "99.0.86.10.in-addr.arpa"
      })
  void deniesNamesThatAreNotThereOrNotToBeSeen(String name) {
    assertThat(ask(name, A)).isEqualTo(new Said(3, true, List.of(SOA)));
  }

  @ParameterizedTest
  @CsvSource({
    "four.penstock.internal, 28",
    "db.penstock.internal, 16",
    "9.0.86.10.in-addr.arpa, 1",
    "0.86.10.in-addr.arpa, 12",
    "86.10.in-addr.arpa, 12",
    "10.in-addr.arpa, 12",
    "c.7.d.f.ip6.arpa, 12"
  })
  void saysThatANameHasNoSuchRecord(String name, int type) {
    assertThat(ask(name, type)).isEqualTo(new Said(0, true, List.of(SOA)));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "internal",
        "example.com",
        "notpenstock.internal",
        "9.0.87.10.in-addr.arpa",
        "11.in-addr.arpa",
        "09.0.86.10.in-addr.arpa",
        "1.9.0.86.10.in-addr.arpa",
        "256.0.86.10.in-addr.arpa",
        "x.86.10.in-addr.arpa",
        "d.7.d.f.ip6.arpa"
      })
  void refusesWhatIsNotOurs(String name) {
    assertThat(ask(name, A)).isEqualTo(new Said(5, false, List.of()));
  }

  @Test
  void refusesOtherClassesAndStrangers() {
    assertThat(ask(query("db.penstock.internal", A, 3), ANN).code()).isEqualTo(5);
    assertThat(ask(query("db.penstock.internal", A), IpAddress.parse("10.86.0.99")).code())
        .isEqualTo(5);
  }

  @Test
  void showsEachUserTheNamesOfTheirOwn() {
    IpAddress bob = IpAddress.parse("10.86.0.11");

    assertThat(ask(query("hidden.penstock.internal", A), bob).code()).isZero();
    assertThat(ask(query("db.penstock.internal", A), bob).code()).isEqualTo(3);
  }

  // ---- EDNS ----

  @Test
  void answersEdnsWithEdns() {
    Said said = ask(withOpt(query("db.penstock.internal", A), 0), ANN);

    assertThat(said.code()).isZero();
    assertThat(said.records())
        .containsExactly("answer 1 db.penstock.internal. 10.86.0.9", "additional 41  0");
  }

  @Test
  void saysThatItKnowsNoLaterVersionOfEdns() {
    Said said = ask(withOpt(query("db.penstock.internal", A), 1), ANN);

    assertThat(said.code()).as("lower bits of 16").isZero();
    assertThat(said.records()).containsExactly("additional 41  1000000");
  }

  // ---- what is no query ----

  @Test
  void saysNothingToAnswersAndScraps() {
    byte[] answer = query("db.penstock.internal", A);
    answer[2] |= (byte) 0x80;

    assertThat(resolver.answer(answer, ANN)).isEmpty();
    assertThat(resolver.answer(new byte[11], ANN)).isEmpty();
    assertThat(resolver.answer(new byte[0], ANN)).isEmpty();
  }

  @Test
  void doesNothingButQueries() {
    byte[] update = query("db.penstock.internal", A);
    update[2] |= 5 << 3;

    assertThat(ask(update, ANN)).isEqualTo(new Said(4, false, List.of()));
  }

  @Test
  void refusesToReadWhatIsNotExactlyOneQuestion() {
    byte[] good = query("db.penstock.internal", A);
    byte[] two = good.clone();
    two[5] = 2;
    byte[] none = good.clone();
    none[5] = 0;
    byte[] withAnswer = good.clone();
    withAnswer[7] = 1;
    byte[] pointer = good.clone();
    pointer[12] = (byte) 0xc0;
    byte[] longLabel = good.clone();
    longLabel[12] = 64;
    byte[] optWithoutRecord = good.clone();
    optWithoutRecord[11] = 1;

    for (byte[] bad :
        List.of(
            two,
            none,
            withAnswer,
            pointer,
            longLabel,
            optWithoutRecord,
            Arrays.copyOf(good, good.length - 1),
            Arrays.copyOf(good, good.length + 1),
            Arrays.copyOf(good, 12))) {
      assertThat(ask(bad, ANN)).isEqualTo(new Said(1, false, List.of()));
    }
  }

  @Test
  void readsNamesOf255BytesAndNoLongerOnes() {
    String longest = ("a".repeat(63) + ".").repeat(3) + "a".repeat(61);
    assertThat(ask(longest, A).code()).isEqualTo(5);
    assertThat(ask(longest + "a", A).code()).isEqualTo(1);
  }

  @Test
  void survivesAnyBytes() {
    Seeds.forEach(
        20_000,
        seed -> {
          SeededRandom random = new SeededRandom(seed);
          byte[] bytes = withOpt(query("db.penstock.internal", TXT), 0);
          bytes = Arrays.copyOf(bytes, random.between(0, bytes.length + 4));
          for (int edits = random.between(0, 4); edits > 0 && bytes.length > 0; edits--) {
            bytes[random.between(0, bytes.length - 1)] = (byte) random.nextLong();
          }
          Optional<byte[]> answer = resolver.answer(bytes, ANN);
          assertThat(answer.map(each -> each.length).orElse(0)).isLessThanOrEqualTo(512);
        });
  }
}
