package io.penstock.protocol.snaptun;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.UnsafeByteOperations;
import io.penstock.protocol.snaptun.message.AddressAssignRequest;
import io.penstock.protocol.snaptun.message.AddressAssignResponse;
import io.penstock.protocol.snaptun.message.SessionRenewalResponse;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;

/// The bodies of requests and responses, between protobuf and our own types.
final class Messages {

  private Messages() {}

  static byte[] assignRequest(List<AddressRange> wanted) {
    var message = AddressAssignRequest.newBuilder();
    wanted.forEach(range -> message.addRequestedAddresses(message(range)));
    return message.build().toByteArray();
  }

  static byte[] assignResponse(List<AddressRange> assigned) {
    var message = AddressAssignResponse.newBuilder();
    assigned.forEach(range -> message.addAssignedAddresses(message(range)));
    return message.build().toByteArray();
  }

  static byte[] renewalResponse(long validUntilSeconds) {
    return SessionRenewalResponse.newBuilder()
        .setValidUntil(validUntilSeconds)
        .build()
        .toByteArray();
  }

  /// Reads the body of a request; [Ranges.Malformed] if it is none.
  static Ranges readAssignRequest(byte[] bytes, int from, int to) {
    try {
      return read(
          AddressAssignRequest.parseFrom(slice(bytes, from, to)).getRequestedAddressesList());
    } catch (InvalidProtocolBufferException _) {
      return Ranges.Malformed.MALFORMED;
    }
  }

  /// Reads the body of a response; [Ranges.Malformed] if it is none.
  static Ranges readAssignResponse(byte[] bytes, int from, int to) {
    try {
      return read(
          AddressAssignResponse.parseFrom(slice(bytes, from, to)).getAssignedAddressesList());
    } catch (InvalidProtocolBufferException _) {
      return Ranges.Malformed.MALFORMED;
    }
  }

  /// Reads the Unix time in seconds, as an unsigned number; empty if the body is none.
  static OptionalLong readRenewalResponse(byte[] bytes, int from, int to) {
    try {
      return OptionalLong.of(
          SessionRenewalResponse.parseFrom(slice(bytes, from, to)).getValidUntil());
    } catch (InvalidProtocolBufferException _) {
      return OptionalLong.empty();
    }
  }

  private static ByteBuffer slice(byte[] bytes, int from, int to) {
    return ByteBuffer.wrap(bytes, from, to - from);
  }

  private static io.penstock.protocol.snaptun.message.AddressRange message(AddressRange range) {
    return io.penstock.protocol.snaptun.message.AddressRange.newBuilder()
        .setIsdAs(range.isdAs())
        .setIpVersion(range.ipVersion())
        .setPrefixLength(range.prefixLength())
        .setAddress(UnsafeByteOperations.unsafeWrap(range.addressBytes()))
        .build();
  }

  private static Ranges read(List<io.penstock.protocol.snaptun.message.AddressRange> messages) {
    List<AddressRange> ranges = new ArrayList<>(messages.size());
    for (var message : messages) {
      switch (read(message)) {
        case OneRange.Good(AddressRange range) -> ranges.add(range);
        case OneRange.Bad(AddressFault fault) -> {
          return new Ranges.Invalid(messages.size(), fault);
        }
      }
    }
    return new Ranges.Valid(ranges);
  }

  // The order of these checks decides which fault is told, never which status.
  private static OneRange read(io.penstock.protocol.snaptun.message.AddressRange message) {
    long version = Integer.toUnsignedLong(message.getIpVersion());
    if (version != 4 && version != 6) {
      return new OneRange.Bad(new AddressFault.UnknownVersion(version));
    }
    int full = version == 4 ? 32 : 128;
    long prefix = Integer.toUnsignedLong(message.getPrefixLength());
    if (prefix != full) {
      return new OneRange.Bad(new AddressFault.PrefixLength(prefix, full));
    }
    if (message.getAddress().size() != full / 8) {
      return new OneRange.Bad(
          new AddressFault.AddressLength(message.getAddress().size(), full / 8));
    }
    if (IsdAs.isWildcard(message.getIsdAs())) {
      return new OneRange.Bad(new AddressFault.WildcardIsdAs(message.getIsdAs()));
    }
    return new OneRange.Good(
        AddressRange.ofBytes(message.getIsdAs(), message.getAddress().toByteArray()));
  }

  private sealed interface OneRange {
    record Good(AddressRange range) implements OneRange {}

    record Bad(AddressFault fault) implements OneRange {}
  }

  /// A list of addresses as it came over the wire.
  sealed interface Ranges {
    record Valid(List<AddressRange> ranges) implements Ranges {}

    /// @param count how many there were, good and bad
    record Invalid(int count, AddressFault fault) implements Ranges {}

    enum Malformed implements Ranges {
      MALFORMED
    }
  }
}
