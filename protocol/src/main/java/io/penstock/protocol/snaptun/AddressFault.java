package io.penstock.protocol.snaptun;

/// What is wrong with an address that came over the wire.
public sealed interface AddressFault {

  /// What an operator reads in the log.
  String logText();

  /// An IP version other than 4 and 6.
  ///
  /// @param version as it came
  record UnknownVersion(long version) implements AddressFault {
    @Override
    public String logText() {
      return "IP version " + version;
    }
  }

  /// A prefix other than the full one.
  ///
  /// @param actual as it came
  /// @param full 32 or 128
  record PrefixLength(long actual, int full) implements AddressFault {
    @Override
    public String logText() {
      return "a prefix of " + actual + " bits, not " + full;
    }
  }

  /// An address of the wrong length.
  ///
  /// @param actual bytes that came
  /// @param expected 4 or 16
  record AddressLength(int actual, int expected) implements AddressFault {
    @Override
    public String logText() {
      return "an address of " + actual + " bytes, not " + expected;
    }
  }

  /// An ISD-AS of which either half is 0.
  ///
  /// @param isdAs as it came
  record WildcardIsdAs(long isdAs) implements AddressFault {
    @Override
    public String logText() {
      return "the wildcard ISD-AS " + IsdAs.format(isdAs);
    }
  }
}
