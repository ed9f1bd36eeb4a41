package io.penstock.node.device;

/// The packets between a device and a tunnel that were not carried, since the beginning.
///
/// @param down came from the kernel while there was no tunnel
/// @param tooBig came from the kernel and did not fit into the tunnel, as the kernel was told
/// @param malformed came from the kernel and could not be split
/// @param refused came through the tunnel and the kernel did not take them: the interface is down,
///   its queue is full, or they are no packets
public record DeviceCounters(long down, long tooBig, long malformed, long refused) {}
