package io.penstock.gateway.overlay.peer;

import java.util.Optional;

/// Who wants to see the others.
///
/// @param user whose token it is
/// @param node the name of the node that asks, if one does
public record PeerViewer(String user, Optional<String> node) {}
