package io.penstock.it.bench;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoopGroup;
import io.netty.handler.codec.quic.QuicSslContext;
import io.netty.handler.codec.quic.QuicSslContextBuilder;
import io.penstock.protocol.snaptun.AddressRange;
import io.penstock.protocol.snaptun.SnapTun;
import io.penstock.transport.NativeSupport;
import io.penstock.transport.quic.QuicConfig;
import io.penstock.transport.quic.QuicHandlers;
import io.penstock.transport.quic.QuicServer;
import io.penstock.transport.snaptun.AcceptResult;
import io.penstock.transport.snaptun.AddressAllocator;
import io.penstock.transport.snaptun.Allocation;
import io.penstock.transport.snaptun.AllocationId;
import io.penstock.transport.snaptun.SendResult;
import io.penstock.transport.snaptun.SnapTunHandlers;
import io.penstock.transport.snaptun.SnapTunServer;
import io.penstock.transport.snaptun.SnapTunServerConfig;
import io.penstock.transport.snaptun.TokenValidator;
import io.penstock.transport.snaptun.TokenVerdict;
import java.io.File;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/// The measured server of tunnels without a router: every token is good, everybody has one address,
/// and each packet goes back to where it came from.
///
/// Its arguments are a certificate, its key, and `echo` or `bare`; the latter keeps connections of
/// which nobody makes tunnels, for what QUIC alone holds.
final class EchoProgram {

  private static final AddressRange ADDRESS = AddressRange.ipv4(1L << 48 | 1, 0x0a40_0002);
  private static final Duration SESSION = Duration.ofHours(2);

  private EchoProgram() {}

  static void main(String[] arguments) throws Exception {
    MeasuredProgram program = MeasuredProgram.begin();
    QuicSslContext tls =
        QuicSslContextBuilder.forServer(new File(arguments[1]), null, new File(arguments[0]))
            .applicationProtocols(SnapTun.ALPN)
            .build();
    EventLoopGroup loops =
        NativeSupport.newEventLoops(NativeSupport.defaultEventLoops(), "bench-echo");
    QuicConfig quic = QuicConfig.defaults();
    InetSocketAddress anyPort = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    try (ExecutorService blocking = Executors.newVirtualThreadPerTaskExecutor();
        QuicServer server =
            QuicServer.bind(
                loops,
                anyPort,
                tls,
                quic,
                arguments[2].equals("bare") ? bare() : echo(quic, blocking))) {
      program.say(Map.of("listening", "127.0.0.1:" + server.address().getPort()));
      program.serve();
    }
  }

  private static QuicHandlers bare() {
    return new QuicHandlers(new Nothing(), new Nothing());
  }

  private static final class Nothing extends ChannelInboundHandlerAdapter {
    @Override
    public boolean isSharable() {
      return true;
    }
  }

  private static QuicHandlers echo(QuicConfig quic, ExecutorService blocking) {
    var server =
        new SnapTunServer<>(
            SnapTunServerConfig.of(quic.datagrams()), anyToken(), new OneAddress(), blocking);
    return SnapTunHandlers.server(
        connection ->
            server
                .acceptWithTimeout(connection)
                .thenAccept(
                    result -> {
                      if (result instanceof AcceptResult.Accepted<String> tunnel) {
                        echo(tunnel);
                      }
                    }));
  }

  private static void echo(AcceptResult.Accepted<String> tunnel) {
    tunnel
        .receiver()
        .onPacket(
            packet -> {
              SendResult sent = tunnel.sender().send(packet);
              if (sent == SendResult.Outcome.FULL) {
                tunnel.sender().sendWhenWritable(packet).thenAccept(last -> drop(packet, last));
              } else {
                drop(packet, sent);
              }
            });
  }

  private static void drop(ByteBuf packet, SendResult sent) {
    if (sent == SendResult.Outcome.FULL || sent instanceof SendResult.NewAssignedAddress) {
      packet.release();
    }
  }

  private static TokenValidator<String> anyToken() {
    return (token, now) -> new TokenVerdict.Valid<>(token, Instant.now().plus(SESSION));
  }

  private record NoId() implements AllocationId {}

  private static final class OneAddress implements AddressAllocator<String> {
    @Override
    public Allocation allocate(String claims, AddressRange wanted) {
      return new Allocation.Granted(new NoId(), ADDRESS);
    }

    @Override
    public boolean putOnHold(AllocationId id) {
      return true;
    }

    @Override
    public boolean deallocate(AllocationId id) {
      return true;
    }
  }
}
