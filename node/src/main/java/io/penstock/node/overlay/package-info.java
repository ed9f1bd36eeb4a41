/// What a node lends to those who serve on its overlay addresses: ports, and who is at the other
/// end.
///
/// [io.penstock.node.overlay.OverlayPorts] is the whole of it. The node implements it over its own
/// TCP/IP stack; `node.serve` and whoever else owns ports uses it. No host socket is ever opened
/// here. May be called from any thread; what comes back happens on the node's event loop.
@NullMarked
package io.penstock.node.overlay;

import org.jspecify.annotations.NullMarked;
