/// The private network of the nodes: each connects with a packet tunnel over QUIC, and the gateway
/// routes between them.
///
/// `session` says who may come and for how long, `lease` who has which address, `peer` who else is
/// there and under which name. Here is what belongs to all of them together.
@NullMarked
package io.penstock.gateway.overlay;

import org.jspecify.annotations.NullMarked;
