package io.penstock.protocol.netstack.tcp;

import io.penstock.protocol.Deadlines;
import io.penstock.protocol.netstack.wire.IpEndpoint;
import java.util.Optional;

/// Connections that we begin (RFC 9293 section 3.10.1).
final class ActiveOpen {

  private final TcpLayer layer;
  private final TcpSecrets secrets;
  private final LocalPorts ports;
  private final TimeWait timeWait;

  ActiveOpen(TcpLayer layer, TcpSecrets secrets, LocalPorts ports, TimeWait timeWait) {
    this.layer = layer;
    this.secrets = secrets;
    this.ports = ports;
    this.timeWait = timeWait;
  }

  /// Begins a connection. Port 0 of `local` picks a free one; one in TIME-WAIT may be used again.
  ///
  /// @return empty when no port is free, the flow exists, or there are too many connections
  Optional<TcpConnection> begin(IpEndpoint local, IpEndpoint remote, long nowNanos) {
    if (layer.isFull()) {
      layer.counters().connectionLimit++;
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
    int isn = timeWait.reuse(flow, secrets.initialSequenceNumber(flow, nowNanos));
    TcpConnection connection = new TcpConnection(layer, flow, TcpState.SYN_SENT, nowNanos);
    connection.sender().start(isn);
    long timeout = layer.config().connectTimeoutNanos();
    connection.timers().set(TcpTimer.LIFETIME, Deadlines.after(nowNanos, timeout));
    connection.departure().synchronize();
    layer.add(connection);
    layer.counters().opened++;
    layer.wake(connection);
    return Optional.of(connection);
  }

  private boolean isFree(Flow flow, long nowNanos) {
    return layer.find(flow) == null && timeWait.isFree(flow, nowNanos);
  }
}
