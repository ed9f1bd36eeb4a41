/// Who a node is: its id and its key, in a file or only in memory.
///
/// The request that they sign is described in `docs/protocol/sessions.md`. Embedders and the
/// command line open an identity and hand it to a [io.penstock.node.tunnel.PacketTunnel];
/// everything here may be called from any thread, and what touches files blocks.
@NullMarked
package io.penstock.node.identity;

import org.jspecify.annotations.NullMarked;
