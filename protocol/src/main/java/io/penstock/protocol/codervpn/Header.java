package io.penstock.protocol.codervpn;

import io.penstock.protocol.PeerText;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;

/// The line with which each end begins: who it is and which versions it speaks.
///
/// ```
/// codervpn 1.0 manager\n        original form
/// codervpn manager 1.0,2.3\n    today's form
/// ```
///
/// Three words, one blank (0x20) between them, one line feed (0x0A), at most 255 bytes before it. A
/// second word that begins with a digit makes it the original form.
record Header(HeaderForm form, Role role, ProtocolVersions versions) {

  static final String PREAMBLE = "codervpn";

  /// As the originals in Go and C#, whose buffer of 256 bytes takes the line feed, too.
  static final int MAX_BYTES = 255;

  private static final int MAX_SHOWN_CHARS = 80;

  /// What came of reading a line.
  sealed interface Reading {

    record Good(Header header) implements Reading {}

    /// @param detail what a person needs to know, printable
    record Bad(HeaderFault fault, String detail) implements Reading {}
  }

  /// Reads a line without its line feed.
  ///
  /// @param expected the role of the other end
  static Reading parse(byte[] line, int length, Role expected) {
    // Latin-1 has a character for every byte, so that nothing is hidden by decoding.
    String text = new String(line, 0, length, StandardCharsets.ISO_8859_1);
    String[] words = text.split(" ", -1);
    if (!words[0].equals(PREAMBLE)) {
      return new Reading.Bad(
          HeaderFault.PREAMBLE, "it begins with " + quoted(text) + " and not with " + PREAMBLE);
    }
    if (words.length != 3) {
      return new Reading.Bad(
          HeaderFault.WORDS,
          "%s has %d words, and three with one blank between them are needed"
              .formatted(quoted(text), words.length));
    }
    boolean original = !words[1].isEmpty() && Character.digit(words[1].charAt(0), 10) >= 0;
    String role = words[original ? 2 : 1];
    String versions = words[original ? 1 : 2];
    if (!role.equals(expected.word())) {
      return new Reading.Bad(HeaderFault.ROLE, wrongRole(role, expected));
    }
    Optional<ProtocolVersions> read =
        original
            ? ProtocolVersion.parse(versions).map(ProtocolVersions::of)
            : ProtocolVersions.parse(versions);
    if (read.isEmpty()) {
      return new Reading.Bad(HeaderFault.VERSIONS, wrongVersions(versions, original));
    }
    return new Reading.Good(
        new Header(original ? HeaderForm.ORIGINAL : HeaderForm.CURRENT, expected, read.get()));
  }

  private static String wrongRole(String role, Role expected) {
    if (role.equals(expected.other().word())) {
      return "it is a %s, too, and this end needs a %s".formatted(role, expected.word());
    }
    return "it is %s, and this end needs a %s".formatted(quoted(role), expected.word());
  }

  private static String wrongVersions(String versions, boolean original) {
    return original
        ? quoted(versions) + " is no version such as 1.0"
        : quoted(versions) + " is no list of versions such as 1.0,2.3 with ascending first numbers";
  }

  private static String quoted(String text) {
    return '"' + PeerText.printable(text, MAX_SHOWN_CHARS) + '"';
  }

  /// The line with its line feed.
  ///
  /// @throws IllegalArgumentException when there are so many versions that it would be too long
  byte[] encode() {
    String text =
        switch (form) {
          case ORIGINAL -> PREAMBLE + " " + versions + " " + role.word();
          case CURRENT -> PREAMBLE + " " + role.word() + " " + versions;
        };
    if (text.length() > MAX_BYTES) {
      throw new IllegalArgumentException(
          "the header has %d bytes, allowed are %d".formatted(text.length(), MAX_BYTES));
    }
    byte[] line = text.getBytes(StandardCharsets.US_ASCII);
    byte[] ended = Arrays.copyOf(line, line.length + 1);
    ended[line.length] = '\n';
    return ended;
  }
}
