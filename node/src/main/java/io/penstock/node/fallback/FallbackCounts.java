package io.penstock.node.fallback;

/// What has become of the flows that nobody listened for, since the node was started, and how many
/// there are now.
///
/// @param inFlight undecided or accepted and not yet over
/// @param accepted given to a handler
/// @param unclaimed refused because every handler declined
/// @param rejected refused because the first that claimed them said so
/// @param failed refused because a handler threw or was gone by the time it claimed
/// @param late refused because nobody had decided in time, or gone meanwhile
/// @param overPort refused because too many to the same port were in flight
/// @param overAll refused because too many were in flight
public record FallbackCounts(
    int inFlight,
    long accepted,
    long unclaimed,
    long rejected,
    long failed,
    long late,
    long overPort,
    long overAll) {}
