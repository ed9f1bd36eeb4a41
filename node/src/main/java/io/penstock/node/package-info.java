/// A node of an overlay network inside of any JVM: join, listen, dial.
///
/// Start with [io.penstock.node.Node]; `docs/node.md` shows it in examples. Nothing here opens a
/// socket of this machine but the tunnel to the gateway, its API, and the loopback proxy where one
/// is asked for. All of it may be called from any thread; callbacks come on virtual threads.
@NullMarked
package io.penstock.node;

import org.jspecify.annotations.NullMarked;
