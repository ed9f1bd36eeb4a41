package io.penstock.transport.tun;

/// What has gone over a [TunLink] so far. A super packet counts as one packet.
///
/// @param packetsIn packets from the kernel
/// @param bytesIn their length, without what stands in front
/// @param packetsOut packets that the kernel has taken
/// @param bytesOut their length
/// @param droppedMalformed packets from the kernel in front of which stood something impossible,
///   and packets to be sent that could not be split
/// @param droppedFull packets to be sent that found the queue full
/// @param droppedDown packets to be sent while the interface was down
/// @param droppedRefused packets to be sent that the kernel took for no IP packet
public record TunCounters(
    long packetsIn,
    long bytesIn,
    long packetsOut,
    long bytesOut,
    long droppedMalformed,
    long droppedFull,
    long droppedDown,
    long droppedRefused) {}
