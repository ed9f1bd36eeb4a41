package io.penstock.gateway.overlay.router;

/// The times of [FlowConfig] as the table counts them.
record FlowTimeouts(
    long tcpOpeningNanos, long tcpOpenNanos, long tcpClosingNanos, long udpNanos, long icmpNanos) {}
