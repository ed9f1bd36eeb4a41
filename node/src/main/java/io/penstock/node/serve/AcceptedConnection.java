package io.penstock.node.serve;

import io.netty.channel.Channel;
import io.penstock.api.PeerInfo;
import java.util.Optional;

/// A connection that a served port hands to the embedder.
///
/// Of a TCP port it is the visitor's connection itself, after TLS where that ends here. Of an HTTP
/// mount it is a connection of its own for one request, which comes in HTTP/1.1 with the header
/// fields that a proxy sets; the response goes back the same way.
///
/// @param port that the visitor came to
/// @param mount of an HTTP handler
/// @param peer who that is, if it is known
/// @param channel open, without auto-read and without handlers of its own; whoever takes it adds
///   some on its event loop and closes it
public record AcceptedConnection(
    int port, Optional<String> mount, Optional<PeerInfo> peer, Channel channel) {}
