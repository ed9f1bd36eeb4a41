package io.penstock.node.name;

import io.penstock.node.peer.OverlayNames;
import java.net.spi.InetAddressResolver;
import java.util.function.Predicate;
import javax.net.SocketFactory;

/// A node of this process as others find it by its name.
///
/// @param name its label
/// @param names of its overlay, as they are known now
/// @param shortNames whether it answers a name without a dot, in lower case, if a peer bears it
/// @param resolver of the same names, with the patience of the node
/// @param sockets over its stack
public record RunningNode(
    String name,
    OverlayNames names,
    Predicate<String> shortNames,
    InetAddressResolver resolver,
    SocketFactory sockets) {}
