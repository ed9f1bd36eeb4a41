/// What the gateway remembers: tokens and routes, in SQLite or PostgreSQL.
///
/// [Storage] has the questions of the original's storage interface (`docs/protocol/tun2.md`) and
/// what the admin API needs besides. Every change is durable before its call returns. The calls
/// block on JDBC: make them on virtual threads, never on an event loop. Used by the backend room
/// (admission), the admin room and the gateway itself.
@NullMarked
package io.penstock.gateway.store;

import org.jspecify.annotations.NullMarked;
