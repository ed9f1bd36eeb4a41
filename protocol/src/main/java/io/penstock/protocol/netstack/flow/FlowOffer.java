package io.penstock.protocol.netstack.flow;

/// What has become of a packet that was offered.
public enum FlowOffer {
  /// It is the first of a new flow, about which an event will tell.
  NEW,
  /// It belongs to a flow that is pending; the packet is kept, or is a repetition.
  ABSORBED,
  /// A limit is reached; the sender will try again.
  DROPPED
}
