package io.penstock.protocol.codervpn;

import io.netty.buffer.ByteBuf;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// The exchange of headers at the beginning of a stream: reads the peer's, says what to write, and
/// finds the version that both speak.
///
/// It takes exactly the bytes of the line and leaves those behind it in the buffer.
final class HeaderExchange {

  /// How the exchange stands.
  sealed interface Outcome {

    /// More of the peer's line must come.
    enum Partial implements Outcome {
      PARTIAL
    }

    /// Both have said who they are.
    ///
    /// @param form how the peer spelled its header
    record Agreed(ProtocolVersion version, HeaderForm form) implements Outcome {}

    /// The stream is to end.
    record Refused(HeaderFault fault, String detail) implements Outcome {}
  }

  private final Role role;
  private final HeaderChoice choice;
  private final ProtocolVersions versions;
  private final byte[] line = new byte[Header.MAX_BYTES];
  private int length;
  private byte @Nullable [] toSend;

  HeaderExchange(Role role, HeaderChoice choice, ProtocolVersions versions) {
    this.role = role;
    this.choice = choice;
    this.versions = versions;
    toSend =
        switch (choice) {
          case ORIGINAL -> header(HeaderForm.ORIGINAL, first()).encode();
          case CURRENT -> header(HeaderForm.CURRENT, versions).encode();
          case ANSWER -> null;
        };
  }

  /// The line that is to be written now, once; null when there is none.
  byte @Nullable [] takeOurs() {
    byte[] ours = toSend;
    toSend = null;
    return ours;
  }

  /// Takes bytes of the peer's line, never one behind it.
  Outcome read(ByteBuf in) {
    while (in.isReadable()) {
      byte next = in.readByte();
      if (next == '\n') {
        return judge(Header.parse(line, length, role.other()));
      }
      if (length == line.length) {
        return new Outcome.Refused(
            HeaderFault.TOO_LONG, "it has more than " + Header.MAX_BYTES + " bytes");
      }
      line[length++] = next;
    }
    return Outcome.Partial.PARTIAL;
  }

  private Outcome judge(Header.Reading reading) {
    return switch (reading) {
      case Header.Reading.Bad(HeaderFault fault, String detail) ->
          new Outcome.Refused(fault, detail);
      case Header.Reading.Good(Header theirs) -> agree(theirs);
    };
  }

  /// A peer that shares no version is answered all the same, so that its log can say why.
  private Outcome agree(Header theirs) {
    ProtocolVersions offered = choice == HeaderChoice.ORIGINAL ? first() : versions;
    Optional<ProtocolVersion> common = offered.common(theirs.versions());
    if (choice == HeaderChoice.ANSWER) {
      ProtocolVersions answer =
          switch (theirs.form()) {
            // The Go tunnels of that form refuse a version higher than their own.
            case ORIGINAL -> common.map(ProtocolVersions::of).orElse(first());
            case CURRENT -> versions;
          };
      toSend = header(theirs.form(), answer).encode();
    }
    if (common.isEmpty()) {
      return new Outcome.Refused(
          HeaderFault.NO_COMMON_VERSION,
          "it speaks %s, and this end %s; update the older one"
              .formatted(theirs.versions(), offered));
    }
    return new Outcome.Agreed(common.get(), theirs.form());
  }

  private Header header(HeaderForm form, ProtocolVersions spoken) {
    return new Header(form, role, spoken);
  }

  /// What the original form has room for: one version, and one that its readers take.
  private ProtocolVersions first() {
    return ProtocolVersions.of(new ProtocolVersion(versions.list().getFirst().major(), 0));
  }
}
