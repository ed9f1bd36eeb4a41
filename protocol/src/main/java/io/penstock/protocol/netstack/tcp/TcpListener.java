package io.penstock.protocol.netstack.tcp;

import io.penstock.protocol.netstack.wire.IpEndpoint;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/// A port on which connections are accepted, at one address or at all of them.
///
/// At most [#backlog] connections wait to be accepted; with the queue full a SYN is dropped in
/// silence, so that the peer tries again. A connection whose handshake has completed is never
/// dropped, so the queue may be longer for a while by those that were on their way. At most
/// [TcpConfig#maxHalfOpen] handshakes are remembered, more are answered with SYN cookies.
public final class TcpListener {

  private final TcpShared shared;
  private @Nullable IpEndpoint address;
  private final int port;
  private final int backlog;
  private final ArrayDeque<TcpConnection> accepted = new ArrayDeque<>();
  private @Nullable Object attachment;
  private int halfOpen;
  boolean queuedReady;

  TcpListener(TcpShared shared, @Nullable IpEndpoint address, int port, int backlog) {
    this.shared = shared;
    this.address = address;
    this.port = port;
    this.backlog = backlog;
  }

  public int port() {
    return port;
  }

  /// Whether it accepts at every address of the stack, of both families.
  public boolean isWildcard() {
    return address == null;
  }

  /// The address and port.
  ///
  /// @throws IllegalStateException when it has none, see [#isWildcard]
  public IpEndpoint local() {
    if (address == null) {
      throw new IllegalStateException("a wildcard listener has no single address");
    }
    return address;
  }

  public int backlog() {
    return backlog;
  }

  /// The next connection, null when none waits. Whoever takes it owns it.
  public @Nullable TcpConnection accept() {
    return accepted.poll();
  }

  public void attach(@Nullable Object object) {
    attachment = object;
  }

  public @Nullable Object attachment() {
    return attachment;
  }

  /// Stops to listen: handshakes are dropped and connections that nobody has accepted are reset.
  public void close() {
    shared.remove(this);
    for (TcpConnection connection = accepted.poll();
        connection != null;
        connection = accepted.poll()) {
      connection.abort();
    }
  }

  boolean isAt(boolean ipv4, long high, long low) {
    return address != null
        && address.ipv4() == ipv4
        && address.high() == high
        && address.low() == low;
  }

  void moveTo(IpEndpoint other) {
    address = other;
  }

  @Nullable IpEndpoint address() {
    return address;
  }

  boolean isFull() {
    return accepted.size() >= backlog;
  }

  boolean hasRoomForHandshake() {
    return halfOpen < shared.config().maxHalfOpen();
  }

  void onHandshakeBegun() {
    halfOpen++;
  }

  void onHandshakeEnded(TcpConnection connection) {
    assert connection.listener() == null;
    halfOpen--;
  }

  void onEstablished(TcpConnection connection) {
    halfOpen--;
    accepted.add(connection);
    shared.counters().accepted++;
    shared.queues().acceptable(this);
  }
}
