package io.penstock.protocol.netstack.tcp;

import io.penstock.protocol.Deadlines;
import io.penstock.protocol.netstack.wire.IpEndpoint;
import java.util.Optional;

/// Connections that we begin (RFC 9293 section 3.10.1).
final class ActiveOpen {

  private final TcpShared shared;
  private final LocalPorts ports;

  ActiveOpen(TcpShared shared, LocalPorts ports) {
    this.shared = shared;
    this.ports = ports;
  }

  /// Begins a connection. Port 0 of `local` picks a free one; one in TIME-WAIT may be used again.
  ///
  /// @return empty when no port is free, the flow exists, or there are too many connections
  Optional<TcpConnection> begin(IpEndpoint local, IpEndpoint remote, long nowNanos) {
    if (shared.isFull()) {
      shared.counters().connectionLimit++;
      return Optional.empty();
    }
    Flow flow = Flow.of(local, remote);
    if (local.port() == 0) {
      Flow portless = flow;
      int port = ports.pick(flow, candidate -> isFree(portless.withLocalPort(candidate), nowNanos));
      if (port < 0) {
        return Optional.empty();
      }
      flow = flow.withLocalPort(port);
    } else if (!isFree(flow, nowNanos)) {
      return Optional.empty();
    }
    int isn = shared.timeWait().reuse(flow, shared.secrets().initialSequenceNumber(flow, nowNanos));
    TcpConnection connection = new TcpConnection(shared, flow, TcpState.SYN_SENT, nowNanos);
    connection.sender().start(isn);
    long timeout = shared.config().connectTimeoutNanos();
    connection.timers().set(TcpTimer.LIFETIME, Deadlines.after(nowNanos, timeout));
    connection.departure().synchronize();
    shared.connections().add(connection);
    shared.counters().opened++;
    shared.wake(connection);
    return Optional.of(connection);
  }

  private boolean isFree(Flow flow, long nowNanos) {
    return shared.connections().find(flow) == null && shared.timeWait().isFree(flow, nowNanos);
  }
}
