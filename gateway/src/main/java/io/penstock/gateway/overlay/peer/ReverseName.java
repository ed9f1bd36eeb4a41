package io.penstock.gateway.overlay.peer;

import io.penstock.api.IpAddress;
import io.penstock.api.IpFamily;
import io.penstock.api.IpPrefix;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/// What a name below `in-addr.arpa` or `ip6.arpa` stands for.
sealed interface ReverseName {

  /// One address.
  record Address(IpAddress address) implements ReverseName {}

  /// The addresses that begin with the labels there are.
  record Part(IpPrefix range) implements ReverseName {}

  /// Nothing.
  record None() implements ReverseName {}

  static ReverseName read(List<String> labels) {
    int count = labels.size() - 2;
    if (count < 0 || !labels.getLast().equals("arpa")) {
      return new None();
    }
    List<String> digits = new ArrayList<>(labels.subList(0, count));
    Collections.reverse(digits);
    return switch (labels.get(count)) {
      case "in-addr" -> of(digits, IpFamily.IPV4, 8, "0|[1-9][0-9]{0,2}", 10);
      case "ip6" -> of(digits, IpFamily.IPV6, 4, "[0-9a-f]", 16);
      default -> new None();
    };
  }

  private static ReverseName of(
      List<String> digits, IpFamily family, int bitsEach, String form, int radix) {
    if (digits.size() * bitsEach > family.bits()) {
      return new None();
    }
    byte[] address = new byte[family.bits() / Byte.SIZE];
    for (int i = 0; i < digits.size(); i++) {
      String digit = digits.get(i);
      int value = digit.matches(form) ? Integer.parseInt(digit, radix) : Integer.MAX_VALUE;
      if (value >= 1 << bitsEach) {
        return new None();
      }
      int at = i * bitsEach;
      address[at / Byte.SIZE] |= (byte) (value << (Byte.SIZE - bitsEach - at % Byte.SIZE));
    }
    int bits = digits.size() * bitsEach;
    // An IPv6 address that stands for an IPv4 one is none of ours.
    try {
      IpAddress whole = IpAddress.of(address);
      return bits == family.bits() ? new Address(whole) : new Part(new IpPrefix(whole, bits));
    } catch (IllegalArgumentException _) {
      return new None();
    }
  }
}
