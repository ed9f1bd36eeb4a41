package io.penstock.node.name;

import io.penstock.node.peer.OverlayNames;
import java.net.spi.InetAddressResolver;
import javax.net.SocketFactory;

/// A node of this process as others find it by its name.
///
/// @param name its label
/// @param names of its overlay, as they are known now
/// @param resolver of the same names, with the patience of the node
/// @param sockets over its stack
public record RunningNode(
    String name, OverlayNames names, InetAddressResolver resolver, SocketFactory sockets) {}
