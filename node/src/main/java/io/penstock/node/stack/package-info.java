/// The TCP/IP stack of a node: on its tunnel, with its addresses, its ports and who comes there.
///
/// [io.penstock.node.stack.NodeStack] is the node without its tunnel and its user's threads: tests
/// run it over any link, in virtual time. [io.penstock.node.stack.TunnelWire] is the link over a
/// packet tunnel that comes and goes. [io.penstock.node.Node] puts them together. Everything
/// happens on the stack's event loop, except where a method says that any thread may call it.
@NullMarked
package io.penstock.node.stack;

import org.jspecify.annotations.NullMarked;
