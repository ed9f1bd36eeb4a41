/// The agents behind the routes: how a connection is admitted, watched, picked for a request and
/// let go.
///
/// The protocol is that of `docs/protocol/tun2.md`. A connection lives on the event loop of its
/// channel; the registry [Backends] may be asked from any thread and blocks none. What touches the
/// storage runs on virtual threads.
@NullMarked
package io.penstock.gateway.backend;

import org.jspecify.annotations.NullMarked;
