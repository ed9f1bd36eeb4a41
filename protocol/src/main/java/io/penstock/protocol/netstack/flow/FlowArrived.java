package io.penstock.protocol.netstack.flow;

import io.penstock.protocol.netstack.wire.IpEndpoint;

/// A flow has arrived that nothing owns; somebody should accept, refuse or drop it soon.
///
/// @param id what to answer with; it is never used again
/// @param protocol TCP or UDP, see [io.penstock.protocol.netstack.wire.IpProtocol]
/// @param source where the flow comes from
/// @param destination where it goes, an address of ours or not
public record FlowArrived(long id, int protocol, IpEndpoint source, IpEndpoint destination) {}
