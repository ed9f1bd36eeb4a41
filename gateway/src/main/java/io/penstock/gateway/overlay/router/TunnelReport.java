package io.penstock.gateway.overlay.router;

/// What the router has done for one tunnel, for lists of nodes.
///
/// @param receivedPackets packets that the tunnel brought
/// @param receivedBytes and their bytes
/// @param refusedPackets those of them that were dropped before a queue
/// @param sentPackets packets handed to the tunnel
/// @param sentBytes and their bytes
/// @param queuedBytes what waits for it now
public record TunnelReport(
    long receivedPackets,
    long receivedBytes,
    long refusedPackets,
    long sentPackets,
    long sentBytes,
    long queuedBytes) {}
