package io.penstock.node.agent;

/// What an agent has carried since it started.
///
/// @param requests requests of visitors taken from the gateway, pings not counted
/// @param open requests in progress
/// @param p50Millis median time from a request's head to the end of its response, of the latest
///   ones
/// @param p90Millis the same for the ninetieth percentile
public record AgentStats(long requests, long open, double p50Millis, double p90Millis) {}
