/// Fallback handlers: who is asked about flows that no listener of a node owns.
///
/// Registered with [io.penstock.node.Node#fallbackTcp] and [io.penstock.node.Node#fallbackUdp];
/// `docs/fallback.md` has the semantics beside those of tsnet. Handlers run on virtual threads and
/// may block, register and close.
@NullMarked
package io.penstock.node.fallback;

import org.jspecify.annotations.NullMarked;
