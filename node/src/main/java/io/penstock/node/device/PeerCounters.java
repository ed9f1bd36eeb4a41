package io.penstock.node.device;

/// What a node has exchanged with one of its peers since it knows it: whole IP packets, as they
/// travel through the tunnel, in the bytes of their headers and data.
///
/// @param rxBytes came from the peer
/// @param rxPackets the packets of these
/// @param txBytes went to the peer: the tunnel took them
/// @param txPackets the packets of these
public record PeerCounters(long rxBytes, long rxPackets, long txBytes, long txPackets) {}
