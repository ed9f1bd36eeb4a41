/// Ping through a node's tunnel, and the answer to it: a node that does nothing else.
///
/// Specifications: RFC 792 and 1122 section 3.2.2 for IPv4, RFC 4443 for IPv6. `penstock ping`,
/// `penstock demo --check` and tests call it from any thread; inside, everything runs on the event
/// loop of the tunnel.
@NullMarked
package io.penstock.node.ping;

import org.jspecify.annotations.NullMarked;
