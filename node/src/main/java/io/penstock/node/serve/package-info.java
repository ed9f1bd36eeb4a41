/// What a node serves on its overlay ports: a stored config, one accept loop for each port, and a
/// target for each connection or request.
///
/// [io.penstock.node.serve.ServeConfig] is the document, with the field names of Tailscale's
/// `ipn.ServeConfig`; [io.penstock.node.serve.ServePlan] is what it means, as
/// [io.penstock.node.serve.ServeTarget]s; [io.penstock.node.serve.ServeManager] makes it so. How
/// the product and the original differ is in `docs/serve.md`.
///
/// The node and whoever embeds it call this. Configs and plans are values; a manager may be called
/// from any thread and blocks; connections are served on the event loop of the node's stack.
@NullMarked
package io.penstock.node.serve;

import org.jspecify.annotations.NullMarked;
