package io.penstock.protocol.netstack.tcp;

import io.penstock.protocol.netstack.wire.Ipv4Header;
import io.penstock.protocol.netstack.wire.Ipv6Header;
import io.penstock.protocol.netstack.wire.TcpHeader;
import org.jspecify.annotations.Nullable;

/// How large the segments of a connection are: what the peer takes, what the link carries, what
/// routers say and what gets through when they say nothing (RFC 1191, 8201, 4821).
///
/// A **black hole** swallows large packets and tells nobody. When a full segment times out three
/// times in a row the size falls to one that passes nearly everywhere; when that times out too, the
/// size was not to blame and is what it was. Later a single larger segment probes whether the path
/// has healed, by halves, and its loss says nothing of congestion.
///
/// A path that loses much looks the same. So a full segment that got through after some timeouts
/// makes it take more of them next time, and small segments that time out clear the suspicion.
final class SegmentSize {

  /// RFC 9293 section 3.7.1: without the option a peer takes 536, over IPv6 1220.
  private static final int DEFAULT_MSS_4 = 536;

  private static final int DEFAULT_MSS_6 = 1_220;

  /// Timeouts of a full segment before the size is doubted, on a path that has not lost much yet.
  private static final int TIMEOUTS_BEFORE_DOUBT = 3;

  /// With timeouts of a minute that is still well below the usual user timeout.
  private static final byte MAX_PATIENCE = 6;

  /// As many timeouts of small segments in a row say at first that it is not their size; twice as
  /// many each time that a larger one was swallowed again, as the path may do both.
  private static final int TIMEOUTS_BEFORE_CLEARING = 2;

  /// What nearly every path carries, tried first, and what every path must carry.
  private static final int SAFE_MTU = 1_280;

  private static final int LEAST_MTU_4 = 576;

  private final int headerBytes;
  private final boolean ipv4;
  private int linkMtu;
  private int pathMtu;
  private int peerMss;
  private int optionBytes;
  private byte timeouts;

  /// How many timeouts in a row make a size doubtful, at most [#MAX_PATIENCE].
  private byte patience = TIMEOUTS_BEFORE_DOUBT;

  /// How often a black hole was supposed.
  private byte suspicions;

  /// What the size was before a black hole was supposed, 0 when none is.
  private int doubted;

  /// Exists while the path carries less than the link.
  private @Nullable PathMtuSearch search;

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
    // RFC 8201 section 4: "less than the IPv6 minimum link MTU, it must discard it"
    int believed = ipv4 ? Math.max(mtu, LEAST_MTU_4) : mtu;
    if (believed >= pathMtu || believed < leastMtu()) {
      return false;
    }
    lower(believed, true, nowNanos).widen();
    return true;
  }

  private int leastMtu() {
    return ipv4 ? LEAST_MTU_4 : Ipv6Header.MIN_MTU_BYTES;
  }

  /// @param known a router has said so
  private PathMtuSearch lower(int mtu, boolean known, long nowNanos) {
    pathMtu = mtu;
    timeouts = 0;
    if (search == null) {
      search = new PathMtuSearch();
    }
    search.lowered(known, nowNanos);
    return search;
  }

  /// The first segment in flight timed out.
  ///
  /// @return whether the size has changed
  boolean onTimeout(int segmentBytes, long nowNanos) {
    if (doubted != 0) {
      return tryAnother(nowNanos);
    }
    timeouts = (byte) Math.min(timeouts + 1, MAX_PATIENCE);
    if (search != null && search.suspectedMtu() != 0 && timeouts >= timeoutsBeforeClearing()) {
      // small segments vanish as well: the path loses much, whatever their size
      pathMtu = Math.min(linkMtu, search.suspectedMtu());
      search = null;
      timeouts = 0;
      patience = MAX_PATIENCE;
      return true;
    }
    int smaller = pathMtu > SAFE_MTU && segmentBytes > payload(SAFE_MTU) ? SAFE_MTU : leastMtu();
    if (segmentBytes <= payload(smaller) || timeouts < patience) {
      return false;
    }
    doubted = pathMtu;
    suspicions = (byte) Math.min(suspicions + 1, MAX_PATIENCE);
    PathMtuSearch begun = lower(smaller, false, nowNanos);
    begun.widen();
    begun.suspect(doubted);
    return true;
  }

  private int timeoutsBeforeClearing() {
    return Math.min(MAX_PATIENCE, TIMEOUTS_BEFORE_CLEARING << (suspicions - 1));
  }

  private int payload(int mtu) {
    return Math.min(peerMss, mtu - headerBytes) - optionBytes;
  }

  /// The smaller size timed out too: the least comes next, then the old one, each in turn until one
  /// gets through.
  private boolean tryAnother(long nowNanos) {
    if (pathMtu > leastMtu()) {
      lower(leastMtu(), false, nowNanos);
      return true;
    }
    pathMtu = Math.min(linkMtu, doubted);
    doubted = 0;
    endSearchIfWide();
    timeouts = (byte) (patience - 1);
    return false;
  }

  /// Something was acknowledged.
  ///
  /// @param longestBytes the longest segment of it
  void onProgress(int longestBytes) {
    if (timeouts > 0 && doubted == 0 && longestBytes >= payload(pathMtu)) {
      patience = (byte) Math.clamp(timeouts + TIMEOUTS_BEFORE_DOUBT, patience, MAX_PATIENCE);
    }
    timeouts = 0;
    doubted = 0;
  }

  /// The peer has had a segment and did not take it: its size is not to blame.
  void onAnswer() {
    timeouts = 0;
  }

  private void endSearchIfWide() {
    if (pathMtu >= linkMtu) {
      search = null;
    }
  }

  // ---- probes for more ----

  /// The payload of a segment that probes for more, 0 when it is not the time.
  int probePayload(long nowNanos) {
    PathMtuSearch searching = search;
    if (searching == null || !searching.isDue(nowNanos)) {
      return 0;
    }
    int mtu = searching.next(pathMtu, linkMtu);
    if (mtu == 0) {
      if (searching.isOpen(linkMtu)) {
        endSearchIfWide();
      }
      searching.rest(nowNanos);
      return 0;
    }
    int payload = payload(mtu);
    if (payload <= mss()) {
      // the peer takes no more
      search = null;
      return 0;
    }
    return payload;
  }

  /// A segment that probes has been sent, up to this sequence number.
  void onProbeSent(int end) {
    if (search != null) {
      search.onSent(end);
    }
  }

  boolean isProbeOut() {
    return search != null && search.isOut();
  }

  /// Something was acknowledged.
  ///
  /// @return whether a probe was, so that segments may be larger
  boolean onAcknowledged(int ack) {
    if (search == null || !search.isOut()) {
      return false;
    }
    int delivered = search.onAcknowledged(ack);
    if (delivered <= pathMtu) {
      return false;
    }
    pathMtu = delivered;
    endSearchIfWide();
    return true;
  }

  /// The probe, if it is out, counts as lost.
  void onProbeOverdue(long nowNanos) {
    if (search != null) {
      search.onOverdue(nowNanos);
    }
  }

  /// The probe that [#probePayload] proposed does not fit into what may be sent now.
  void onProbePostponed() {
    if (search != null) {
      search.onPostponed();
    }
  }
}
