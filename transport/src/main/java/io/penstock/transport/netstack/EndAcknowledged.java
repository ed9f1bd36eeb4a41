package io.penstock.transport.netstack;

/// The user event of a [NetstackChannel] that tells that the peer has received everything that was
/// written and our end of stream, and may still send itself.
///
/// Fired on the event loop of the channel, once, after `shutdownOutput`. When the peer has ended
/// too, the channel ends instead.
public enum EndAcknowledged {
  INSTANCE
}
