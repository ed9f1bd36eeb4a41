package io.penstock.protocol.netstack.offload;

/// How a packet is to be split before it goes onto a wire.
public enum Segmentation {

  /// Not at all: it is one packet.
  NONE,

  /// Into TCP segments.
  TCP,

  /// Into UDP datagrams, each with a header of its own: a batch of equally long datagrams of which
  /// only the last may be shorter.
  UDP
}
