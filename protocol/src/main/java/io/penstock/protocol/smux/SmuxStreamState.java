package io.penstock.protocol.smux;

/// Where a stream stands between its opening and the moment when its id is forgotten.
///
/// ```
///             peer's FIN                    shutdownOutput
///   OPEN ───────────────► PEER_FINISHED ───────────────────► FINISHING_LAST
///    │ shutdownOutput                                              │ FIN sent
///    ▼           FIN sent                  peer's FIN              ▼
///   FINISHING ───────────► LOCAL_FINISHED ─────────────────► FINISHED
///    │ peer's FIN: FINISHING_LAST                                  │ close
///                                                                  ▼
///   any whose FIN is not out ── close ──► LINGERING ─FIN sent► CLOSED
///   LOCAL_FINISHED           ── close ───────────────────────► CLOSED
/// ```
public enum SmuxStreamState {
  /// Bytes flow both ways.
  OPEN,
  /// The peer has sent FIN; we still write.
  PEER_FINISHED,
  /// We write no more, our last bytes and our FIN are still to be sent; the peer still writes.
  FINISHING,
  /// Our FIN is out; the peer still writes.
  LOCAL_FINISHED,
  /// The peer has sent FIN and we write no more, but our last bytes and our FIN are still to be
  /// sent.
  FINISHING_LAST,
  /// Both FINs are out; received bytes may still wait for their reader, and the owner has not
  /// closed the stream.
  FINISHED,
  /// Closed by its owner; our last bytes and our FIN are still to be sent, what comes is dropped.
  LINGERING,
  /// Forgotten: a frame that names the stream is one for an unknown stream.
  CLOSED;

  boolean acceptsWrites() {
    return switch (this) {
      case OPEN, PEER_FINISHED -> true;
      case FINISHING, LOCAL_FINISHED, FINISHING_LAST, FINISHED, LINGERING, CLOSED -> false;
    };
  }

  boolean takesInput() {
    return switch (this) {
      case OPEN, FINISHING, LOCAL_FINISHED -> true;
      case PEER_FINISHED, FINISHING_LAST, FINISHED, LINGERING, CLOSED -> false;
    };
  }

  boolean peerHasFinished() {
    return switch (this) {
      case PEER_FINISHED, FINISHING_LAST, FINISHED -> true;
      case OPEN, FINISHING, LOCAL_FINISHED, LINGERING, CLOSED -> false;
    };
  }

  /// Whether a FIN follows the last byte that is queued.
  boolean owesFin() {
    return switch (this) {
      case FINISHING, FINISHING_LAST, LINGERING -> true;
      case OPEN, PEER_FINISHED, LOCAL_FINISHED, FINISHED, CLOSED -> false;
    };
  }

  SmuxStreamState afterPeerFin() {
    return switch (this) {
      case OPEN -> PEER_FINISHED;
      case FINISHING -> FINISHING_LAST;
      case LOCAL_FINISHED -> FINISHED;
      case PEER_FINISHED, FINISHING_LAST, FINISHED, LINGERING, CLOSED -> this;
    };
  }

  SmuxStreamState afterShutdownOutput() {
    return switch (this) {
      case OPEN -> FINISHING;
      case PEER_FINISHED -> FINISHING_LAST;
      case FINISHING, LOCAL_FINISHED, FINISHING_LAST, FINISHED, LINGERING, CLOSED -> this;
    };
  }

  SmuxStreamState afterClose() {
    return switch (this) {
      case OPEN, PEER_FINISHED, FINISHING, FINISHING_LAST, LINGERING -> LINGERING;
      case LOCAL_FINISHED, FINISHED, CLOSED -> CLOSED;
    };
  }

  SmuxStreamState afterFinSent() {
    return switch (this) {
      case FINISHING -> LOCAL_FINISHED;
      case FINISHING_LAST -> FINISHED;
      case LINGERING -> CLOSED;
      case OPEN, PEER_FINISHED, LOCAL_FINISHED, FINISHED, CLOSED ->
          throw new IllegalStateException("a stream that is " + this + " owes no FIN");
    };
  }
}
