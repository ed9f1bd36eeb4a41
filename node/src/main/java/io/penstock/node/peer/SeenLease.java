package io.penstock.node.peer;

import io.penstock.api.IpAddress;
import java.util.UUID;

/// A lease as it was known when a connection began: the key by which its other end is known later.
///
/// @param address of the other end
/// @param generation of its lease at that time
/// @param node whose lease it was
public record SeenLease(IpAddress address, long generation, UUID node) {}
