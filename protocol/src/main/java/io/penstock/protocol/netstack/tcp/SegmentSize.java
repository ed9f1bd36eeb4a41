package io.penstock.protocol.netstack.tcp;

import io.penstock.protocol.netstack.wire.Ipv4Header;
import io.penstock.protocol.netstack.wire.Ipv6Header;
import io.penstock.protocol.netstack.wire.TcpHeader;

/// How large the segments of a connection are: what the peer takes, what the link carries, what
/// routers say and what gets through when they say nothing (RFC 1191, 8201, 4821).
///
/// A **black hole** swallows large packets and tells nobody. When a full segment times out three
/// times in a row the size falls to one that passes nearly everywhere; when that times out too, the
/// size was not to blame and is what it was. Later a single larger segment probes whether the path
/// has healed, by halves, and its loss says nothing of congestion.
final class SegmentSize {

  /// RFC 9293 section 3.7.1: without the option a peer takes 536, over IPv6 1220.
  private static final int DEFAULT_MSS_4 = 536;

  private static final int DEFAULT_MSS_6 = 1_220;

  /// Timeouts of a full segment before the size is doubted.
  private static final int TIMEOUTS_BEFORE_DOUBT = 3;

  /// What nearly every path carries, tried first, and what every path must carry.
  private static final int SAFE_MTU = 1_280;

  private static final int LEAST_MTU_4 = 576;

  /// RFC 4821 section 7.3 and 8201: larger sizes are tried again after ten minutes.
  private static final long RAISE_AFTER_NANOS = 600_000_000_000L;

  /// A black hole that was only supposed is tested soon.
  private static final long DOUBT_NANOS = 1_000_000_000L;

  /// A search ends when it is this near.
  private static final int PRECISION_BYTES = 32;

  private static final int MAX_PROBE_LOSSES = 2;

  private final int headerBytes;
  private final boolean ipv4;
  private int linkMtu;
  private int pathMtu;
  private int peerMss;
  private int optionBytes;
  private int timeouts;

  /// What the size was before a black hole was supposed, 0 when none is.
  private int doubted;

  private int probeHigh;
  private int probeLosses;
  private int probing;
  private boolean probeOut;
  private int probeEnd;
  private long raiseAtNanos;
  private boolean lowered;

  SegmentSize(boolean ipv4, int linkMtu, int pathMtu) {
    this.ipv4 = ipv4;
    this.headerBytes = (ipv4 ? Ipv4Header.MIN_BYTES : Ipv6Header.BYTES) + TcpHeader.MIN_BYTES;
    this.linkMtu = linkMtu;
    this.pathMtu = Math.min(linkMtu, pathMtu);
    this.peerMss = ipv4 ? DEFAULT_MSS_4 : DEFAULT_MSS_6;
  }

  /// What we tell the peer in our SYN: what the link carries without options (RFC 6691).
  int offeredMss() {
    return Math.min(65_535, linkMtu - headerBytes);
  }

  /// @param stated the peer's option, -1 without one
  /// @param bytesOfOptions what every segment carries
  void negotiated(int stated, int bytesOfOptions) {
    if (stated >= 0) {
      // a tiny one would turn each byte into a packet
      peerMss = Math.max(64, stated);
    }
    optionBytes = bytesOfOptions;
  }

  /// The payload of a full segment.
  int mss() {
    return payload(pathMtu);
  }

  int pathMtu() {
    return pathMtu;
  }

  void setLinkMtu(int mtu) {
    boolean followed = pathMtu == linkMtu;
    linkMtu = mtu;
    pathMtu = followed ? mtu : Math.min(pathMtu, mtu);
  }

  /// A router says that a packet of this connection was too big.
  ///
  /// @return whether that changes anything
  boolean onPacketTooBig(int mtu, long nowNanos) {
    int believed = Math.max(mtu, leastMtu());
    if (believed >= pathMtu) {
      return false;
    }
    lower(believed, nowNanos);
    probeHigh = 0;
    return true;
  }

  private int leastMtu() {
    return ipv4 ? LEAST_MTU_4 : Ipv6Header.MIN_MTU_BYTES;
  }

  private void lower(int mtu, long nowNanos) {
    pathMtu = mtu;
    lowered = true;
    probing = 0;
    probeLosses = 0;
    timeouts = 0;
    raiseAtNanos = nowNanos + RAISE_AFTER_NANOS;
  }

  /// The first segment in flight timed out.
  ///
  /// @return whether the size fell
  boolean onTimeout(int segmentBytes, long nowNanos) {
    if (doubted != 0) {
      return tryAnother(nowNanos);
    }
    int smaller = pathMtu > SAFE_MTU && segmentBytes > payload(SAFE_MTU) ? SAFE_MTU : leastMtu();
    if (segmentBytes <= payload(smaller) || ++timeouts < TIMEOUTS_BEFORE_DOUBT) {
      return false;
    }
    doubted = pathMtu;
    probeHigh = 0;
    lower(smaller, nowNanos);
    raiseAtNanos = nowNanos + DOUBT_NANOS;
    return true;
  }

  private int payload(int mtu) {
    return Math.min(peerMss, mtu - headerBytes) - optionBytes;
  }

  /// The smaller size timed out too: the least comes next, then the old one, each in turn until one
  /// gets through.
  private boolean tryAnother(long nowNanos) {
    if (pathMtu > leastMtu()) {
      lower(leastMtu(), nowNanos);
      raiseAtNanos = nowNanos + DOUBT_NANOS;
      return true;
    }
    pathMtu = doubted;
    doubted = 0;
    lowered = pathMtu < linkMtu;
    timeouts = TIMEOUTS_BEFORE_DOUBT - 1;
    return false;
  }

  void onProgress() {
    timeouts = 0;
    doubted = 0;
  }

  /// The payload of a segment that probes for more, 0 when it is not the time.
  int probePayload(long nowNanos) {
    if (!lowered || probing != 0 || nowNanos - raiseAtNanos < 0) {
      return 0;
    }
    int high = probeHigh == 0 ? linkMtu : Math.min(probeHigh, linkMtu);
    if (high - pathMtu < PRECISION_BYTES) {
      if (probeHigh == 0 || probeHigh >= linkMtu) {
        lowered = pathMtu < linkMtu;
      }
      probeHigh = 0;
      raiseAtNanos = nowNanos + RAISE_AFTER_NANOS;
      return 0;
    }
    probing = probeHigh == 0 ? high : (pathMtu + high + 1) / 2;
    int payload = payload(probing);
    if (payload <= mss()) {
      probing = 0;
      lowered = false;
      return 0;
    }
    return payload;
  }

  /// A segment that probes has been sent, up to this sequence number.
  void onProbeSent(int end) {
    probeOut = true;
    probeEnd = end;
  }

  boolean isProbeOut() {
    return probeOut;
  }

  /// An acknowledgment came while a probe is out.
  ///
  /// @return whether it covers the probe, so that segments may be larger
  boolean onAcknowledged(int ack) {
    if (SequenceNumber.isBefore(ack, probeEnd)) {
      return false;
    }
    probeOut = false;
    onProbeDelivered();
    return true;
  }

  private void onProbeDelivered() {
    if (probing > pathMtu) {
      pathMtu = probing;
      lowered = pathMtu < linkMtu;
    }
    probing = 0;
    probeLosses = 0;
  }

  /// The probe that may be out counts as lost.
  void onProbeOverdue(long nowNanos) {
    if (probeOut) {
      probeOut = false;
      onProbeLost(nowNanos);
    }
  }

  void onProbeLost(long nowNanos) {
    if (++probeLosses >= MAX_PROBE_LOSSES) {
      probeHigh = probing;
      probeLosses = 0;
    }
    probing = 0;
    raiseAtNanos = Math.max(raiseAtNanos, nowNanos);
  }
}
