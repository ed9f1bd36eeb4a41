package io.penstock.protocol.netstack.tcp;

/// How often things happened in TCP since the stack was made. Written and read on its thread.
public final class TcpCounters {

  long segmentsIn;
  long segmentsOut;
  long retransmissions;
  long retransmissionTimeouts;
  long badChecksum;
  long noFlow;
  long resetsOut;
  long resetsIn;
  long challengeAcks;
  long pawsDropped;
  long outOfWindow;
  long acceptQueueFull;
  long synCookiesSent;
  long synCookiesAccepted;
  long synCookiesRefused;
  long connectionLimit;
  long timeWaitReused;
  long timeWaitEvicted;
  long opened;
  long accepted;

  TcpCounters() {}

  public long segmentsIn() {
    return segmentsIn;
  }

  public long segmentsOut() {
    return segmentsOut;
  }

  /// Segments that were sent again.
  public long retransmissions() {
    return retransmissions;
  }

  public long retransmissionTimeouts() {
    return retransmissionTimeouts;
  }

  public long badChecksum() {
    return badChecksum;
  }

  /// Segments that belong to no connection and no listener.
  public long noFlow() {
    return noFlow;
  }

  public long resetsOut() {
    return resetsOut;
  }

  public long resetsIn() {
    return resetsIn;
  }

  public long challengeAcks() {
    return challengeAcks;
  }

  /// Segments with a timestamp from the past (RFC 7323 section 5).
  public long pawsDropped() {
    return pawsDropped;
  }

  public long outOfWindow() {
    return outOfWindow;
  }

  /// SYNs dropped because nobody accepts fast enough.
  public long acceptQueueFull() {
    return acceptQueueFull;
  }

  public long synCookiesSent() {
    return synCookiesSent;
  }

  public long synCookiesAccepted() {
    return synCookiesAccepted;
  }

  public long synCookiesRefused() {
    return synCookiesRefused;
  }

  /// SYNs dropped because there are too many connections.
  public long connectionLimit() {
    return connectionLimit;
  }

  public long timeWaitReused() {
    return timeWaitReused;
  }

  public long timeWaitEvicted() {
    return timeWaitEvicted;
  }

  /// Connections that we began.
  public long opened() {
    return opened;
  }

  /// Connections that peers began and that came to be.
  public long accepted() {
    return accepted;
  }
}
