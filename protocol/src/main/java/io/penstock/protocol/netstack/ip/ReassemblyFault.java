package io.penstock.protocol.netstack.ip;

import java.util.Locale;

/// Why a fragment, or a packet of which fragments had come, was dropped.
public enum ReassemblyFault {
  /// Nothing is wrong with it.
  NONE,
  /// The same fragment was there already; the packet is none the worse for it.
  DUPLICATE,
  /// Parts of it had come with another fragment; its packet is dropped and stays so.
  OVERLAP,
  /// It contradicts the others about where the packet ends.
  CONTRADICTS_LENGTH,
  /// Its packet has more fragments than the limit.
  TOO_MANY_FRAGMENTS,
  /// Its packet holds more memory than the limit.
  TOO_MANY_BYTES,
  /// Header and data together are longer than a packet can be.
  TOO_LONG,
  /// A router marked congestion on one fragment of a packet whose first does not allow that.
  BAD_CONGESTION_MARK,
  /// Its packet was dropped before.
  OF_DROPPED_PACKET,
  /// A packet that was the oldest when room was needed.
  EVICTED,
  /// A packet of which fragments were missing when its time was over.
  TIMED_OUT;

  private final String code = name().toLowerCase(Locale.ROOT);

  /// The stable lower-case word for metrics and logs.
  public String code() {
    return code;
  }
}
