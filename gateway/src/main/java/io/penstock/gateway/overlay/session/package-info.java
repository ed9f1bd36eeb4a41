/// Who a node is and how long it may stay: the binding of ids, names and keys, session tokens, and
/// the endpoint of the client API that gives them out.
///
/// The specification is `docs/protocol/sessions.md`. [SessionApi] is called by the client API,
/// [NodeTokens] and [SessionGuard] by whoever accepts tunnels. Everything here may block on the
/// storage: virtual threads only.
@NullMarked
package io.penstock.gateway.overlay.session;

import org.jspecify.annotations.NullMarked;
