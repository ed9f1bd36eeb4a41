package io.penstock.it.snaptun;

import static java.util.concurrent.TimeUnit.SECONDS;

import io.penstock.protocol.snaptun.AddressRange;
import io.penstock.protocol.snaptun.ServerTunnelConfig;
import io.penstock.protocol.snaptun.TunnelEnd;
import io.penstock.transport.quic.QuicConfig;
import io.penstock.transport.snaptun.AcceptResult;
import io.penstock.transport.snaptun.Addresses;
import io.penstock.transport.snaptun.LoopbackServer;
import io.penstock.transport.snaptun.SnapTunMetrics;
import io.penstock.transport.snaptun.SnapTunServerConfig;
import io.penstock.transport.snaptun.Tokens;
import io.penstock.transport.snaptun.TunnelControl;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeoutException;

/// Our server on the loopback interface, which echoes every packet.
final class OurServer implements AutoCloseable {

  final Tokens tokens = Tokens.ofAnybody();
  final Addresses addresses;
  final BlockingQueue<TunnelControl<String>> tunnels = new LinkedBlockingQueue<>();
  final BlockingQueue<TunnelEnd> ends = new LinkedBlockingQueue<>();
  private final LoopbackServer server;

  private OurServer(int maxAddresses, List<AddressRange> refused) throws Exception {
    QuicConfig quic = QuicConfig.defaults();
    addresses = new Addresses(refused);
    server =
        LoopbackServer.start(
            SnapTunServerConfig.of(quic.datagrams())
                .withTunnel(ServerTunnelConfig.builder().maxAddresses(maxAddresses).build()),
            quic,
            tokens,
            addresses,
            this::accepted);
  }

  /// As it is by default.
  static OurServer start(AddressRange... refused) throws Exception {
    return new OurServer(ServerTunnelConfig.DEFAULT_ADDRESSES, List.of(refused));
  }

  /// With one address per client, as the original has it.
  static OurServer likeTheOriginal(AddressRange... refused) throws Exception {
    return new OurServer(1, List.of(refused));
  }

  private void accepted(AcceptResult<String> result) {
    switch (result) {
      case AcceptResult.Accepted<String>(_, var receiver, var sender, var control) -> {
        receiver.onPacket(new Echo(sender));
        control.closed().thenAccept(ends::add);
        tunnels.add(control);
      }
      case AcceptResult.Refused<String>(var end) -> ends.add(end);
    }
  }

  /// `HOST:PORT`, for a Rust peer.
  String address() {
    return server.address().getHostString() + ":" + server.address().getPort();
  }

  SnapTunMetrics metrics() {
    return server.metrics();
  }

  /// The next tunnel that was established.
  TunnelControl<String> tunnel() throws Exception {
    return next(tunnels);
  }

  /// Why the next tunnel ended, or was never established.
  TunnelEnd end() throws Exception {
    return next(ends);
  }

  private static <E> E next(BlockingQueue<E> queue) throws Exception {
    E element = queue.poll(15, SECONDS);
    if (element == null) {
      throw new TimeoutException("nothing came");
    }
    return element;
  }

  @Override
  public void close() {
    server.close();
  }
}
