/// The local API of a running node: how other programs of the same user ask it and change what it
/// serves, over a Unix socket in its state directory.
///
/// [io.penstock.node.local.LocalApi] is the node's side, on the node's event loop with handlers on
/// virtual threads; [io.penstock.node.local.LocalClient] is the other, which blocks. It is JSON
/// over HTTP/1.1 (RFC 9112) with errors as problem+json (RFC 9457), server-sent events for the
/// control connections of blocks in the foreground, and `CONNECT` to dial. Whoever may open the
/// socket may do all of it: the file is its owner's alone.
@NullMarked
package io.penstock.node.local;

import org.jspecify.annotations.NullMarked;
