/// What the gateway remembers: tokens and routes, and of the overlay nodes, leases and signing
/// keys, in SQLite or PostgreSQL.
///
/// [Storage] has the questions of the original's storage interface (`docs/protocol/tun2.md`) and
/// what the admin API needs besides, [OverlayStorage] those of the overlay. Every change is durable
/// before its call returns. The calls block on JDBC: make them on virtual threads, never on an
/// event loop. Used by the backend room (admission), the overlay, the admin room and the gateway
/// itself.
@NullMarked
package io.penstock.gateway.store;

import org.jspecify.annotations.NullMarked;
