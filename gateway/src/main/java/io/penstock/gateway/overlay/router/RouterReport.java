package io.penstock.gateway.overlay.router;

import io.penstock.protocol.netstack.icmp.IcmpError;
import java.util.Map;

/// What a router has done since it was made, and what it holds now, for metrics.
///
/// @param routes addresses that lead to a tunnel or are on hold
/// @param onHold those on hold
/// @param flows flows between nodes of different users
/// @param queuedBytes what waits for tunnels, as it is held
/// @param receivedPackets packets that tunnels brought
/// @param receivedBytes and their bytes
/// @param sentPackets packets handed to tunnels, ICMP errors included
/// @param sentBytes and their bytes
/// @param congestionMarks packets marked instead of dropped
/// @param icmpSuppressed ICMP errors not sent because of a limit
/// @param drops packets that went no further, by reason; all reasons are there
/// @param icmpSent ICMP errors sent, by kind; all kinds are there
public record RouterReport(
    long routes,
    long onHold,
    long flows,
    long queuedBytes,
    long receivedPackets,
    long receivedBytes,
    long sentPackets,
    long sentBytes,
    long congestionMarks,
    long icmpSuppressed,
    Map<DropReason, Long> drops,
    Map<IcmpError, Long> icmpSent) {

  public RouterReport {
    drops = Map.copyOf(drops);
    icmpSent = Map.copyOf(icmpSent);
  }
}
