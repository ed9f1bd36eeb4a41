package io.penstock.protocol.netstack.ip;

import io.penstock.protocol.Bounds;

/// What the link below can do.
///
/// @param mtuBytes the largest packet it carries, 576 to 65535
/// @param maxSegmentBytes the most payload of one TCP packet that the link cuts into segments by
///   itself, 0 when it does not
/// @param checksumOffload the link completes TCP checksums
public record LinkTraits(int mtuBytes, int maxSegmentBytes, boolean checksumOffload) {

  public LinkTraits {
    Bounds.requireBetween("netstack.mtu_bytes", mtuBytes, 576, 65_535);
    Bounds.requireBetween("netstack.max_segment_bytes", maxSegmentBytes, 0, 65_000);
  }

  /// A link that does nothing by itself.
  public static LinkTraits plain(int mtuBytes) {
    return new LinkTraits(mtuBytes, 0, false);
  }
}
