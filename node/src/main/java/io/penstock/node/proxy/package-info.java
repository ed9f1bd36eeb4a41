/// A proxy on the loopback of this machine that leads into the overlay, and nowhere else.
///
/// [io.penstock.node.proxy.LoopbackProxy] speaks SOCKS5 (RFC 1928, RFC 1929) and the `CONNECT` of
/// HTTP/1.1 (RFC 9110, section 9.3.6) on one port, for programs and libraries that know no socket
/// factory. It is made by [io.penstock.node.Node#loopbackProxy] and runs on the node's event loop.
@NullMarked
package io.penstock.node.proxy;

import org.jspecify.annotations.NullMarked;
