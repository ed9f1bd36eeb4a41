package io.penstock.gateway.store;

import io.penstock.api.NodeKey;
import java.time.Instant;
import java.util.UUID;

/// A node as it is remembered: id, name, key and user stay what they were in its first request.
///
/// @param id that it made up for itself
/// @param name under which the others find it, unique in the network
/// @param publicKey with which it signs its requests
/// @param user whose token it came with
/// @param created when it came first
/// @param seen when it last asked for a session
public record StoredNode(
    UUID id, String name, NodeKey publicKey, String user, Instant created, Instant seen) {}
