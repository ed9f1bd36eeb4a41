package io.penstock.transport;

/// The user event that tells at once that the peer has sent its end of stream.
///
/// It overtakes bytes that wait to be read: a handler that paused reading learns from it that the
/// peer is gone, while the orderly end (an input-shutdown event or the close) still comes after the
/// last byte. Fired on the event loop of the channel, once.
public enum PeerFinished {
  INSTANCE
}
