package io.penstock.gateway.overlay;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.EventLoop;
import io.netty.handler.codec.quic.QuicChannel;
import io.penstock.api.HostPort;
import io.penstock.api.IpAddress;
import io.penstock.api.NodeKey;
import io.penstock.api.OverlayNetwork;
import io.penstock.api.Session;
import io.penstock.api.SessionRequest;
import io.penstock.api.client.SessionClient;
import io.penstock.api.tunnel.TunnelNames;
import io.penstock.gateway.Gateway;
import io.penstock.protocol.netstack.icmp.IcmpEcho;
import io.penstock.protocol.netstack.wire.IpPacket;
import io.penstock.protocol.netstack.wire.Ipv4Address;
import io.penstock.protocol.netstack.wire.Ipv6Address;
import io.penstock.protocol.netstack.wire.PacketFault;
import io.penstock.protocol.snaptun.AddressRange;
import io.penstock.protocol.snaptun.Refusal;
import io.penstock.protocol.snaptun.TunnelEnd;
import io.penstock.transport.quic.QuicConfig;
import io.penstock.transport.quic.QuicDialer;
import io.penstock.transport.snaptun.ConnectResult;
import io.penstock.transport.snaptun.SendResult;
import io.penstock.transport.snaptun.SnapTunClient;
import io.penstock.transport.snaptun.SnapTunClientConfig;
import io.penstock.transport.snaptun.SnapTunHandlers;
import io.penstock.transport.snaptun.TunnelSender;
import io.penstock.transport.tls.ClientTls;
import io.penstock.transport.tls.Fingerprint;
import io.penstock.transport.tls.QuicTls;
import io.penstock.transport.tls.Trust;
import java.net.InetSocketAddress;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.time.InstantSource;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/// A node that a test plays: it buys a session, connects, answers pings, and keeps what else comes.
final class TestNode implements AutoCloseable {

  private static final long LIMIT_SECONDS = 20;

  final KeyPair keys;
  final UUID id;
  final BlockingQueue<byte[]> received = new LinkedBlockingQueue<>();
  final OverlayNetwork network;

  /// What the gateway said in the handshake.
  final long gatewayIdleMillis;

  private final ConnectResult.Connected tunnel;
  private final IpPacket view = new IpPacket();

  /// Connects a node with a key of its own.
  static TestNode connect(Gateway gateway, EventLoop loop, String apiToken, String name)
      throws Exception {
    return through(gateway.addresses().overlay().orElseThrow(), gateway, loop, apiToken, name);
  }

  /// Connects a node whose datagrams go to another address than the gateway's.
  static TestNode through(
      InetSocketAddress relay, Gateway gateway, EventLoop loop, String apiToken, String name)
      throws Exception {
    return new TestNode(
        relay,
        gateway,
        loop,
        apiToken,
        name,
        UUID.randomUUID(),
        KeyPairGenerator.getInstance(NodeKey.ALGORITHM).generateKeyPair());
  }

  /// Connects the same node once more.
  TestNode again(Gateway gateway, EventLoop loop, String apiToken, String name) throws Exception {
    InetSocketAddress quic = gateway.addresses().overlay().orElseThrow();
    return new TestNode(quic, gateway, loop, apiToken, name, id, keys);
  }

  private TestNode(
      InetSocketAddress quic,
      Gateway gateway,
      EventLoop loop,
      String apiToken,
      String name,
      UUID id,
      KeyPair keys)
      throws Exception {
    this.id = id;
    this.keys = keys;
    Trust trust = new Trust.Pinned(Fingerprint.parse(gateway.fingerprint().orElseThrow()));
    HostPort door = new HostPort("127.0.0.1", gateway.addresses().tunnel().getPort());
    Session session;
    try (var sessions =
        new SessionClient(door, ClientTls.jdkContext(trust), apiToken, InstantSource.system())) {
      session =
          sessions.open(
              new SessionRequest(id, name, NodeKey.of(keys.getPublic())), keys.getPrivate());
    }
    QuicConfig settings = QuicConfig.defaults();
    QuicChannel connection =
        new QuicDialer(QuicTls.client(trust, List.of(TunnelNames.ALPN_NODE)), settings)
            .dial(loop, quic, "localhost", SnapTunHandlers.client())
            .toCompletableFuture()
            .get(LIMIT_SECONDS, TimeUnit.SECONDS);
    network = session.network();
    gatewayIdleMillis = connection.peerTransportParameters().maxIdleTimeout();
    long isdAs = network.isdAs().toLong();
    ConnectResult result =
        new SnapTunClient(SnapTunClientConfig.of(settings), Runnable::run)
            .connect(
                connection,
                session::token,
                List.of(AddressRange.ipv4(isdAs, 0), AddressRange.ipv6(isdAs, 0, 0)))
            .toCompletableFuture()
            .get(LIMIT_SECONDS, TimeUnit.SECONDS);
    if (!(result instanceof ConnectResult.Connected connected)) {
      throw new AssertionError("not connected: " + result);
    }
    tunnel = connected;
    tunnel.receiver().onPacket(this::packet);
  }

  private void packet(ByteBuf packet) {
    try {
      if (view.parse(packet) == PacketFault.NONE && IcmpEcho.isRequest(view, packet)) {
        ByteBuf reply = Unpooled.buffer(view.length());
        IcmpEcho.writeReply(view, packet, 64, reply);
        send(reply);
      } else {
        received.add(ByteBufUtil.getBytes(packet));
      }
    } finally {
      packet.release();
    }
  }

  void send(ByteBuf packet) {
    SendResult sent = tunnel.sender().send(packet);
    if (sent == SendResult.Outcome.FULL || sent instanceof SendResult.NewAssignedAddress) {
      packet.release();
    }
  }

  IpAddress ipv4() {
    return address(4);
  }

  IpAddress ipv6() {
    return address(6);
  }

  private IpAddress address(int version) {
    return tunnel.control().addresses().stream()
        .filter(each -> each.ipVersion() == version)
        .map(each -> IpAddress.of(each.addressBytes()))
        .findFirst()
        .orElseThrow();
  }

  /// What of the wanted addresses the gateway has not given, and why.
  List<Refusal> refused() {
    return tunnel.control().refused();
  }

  TunnelSender sender() {
    return tunnel.sender();
  }

  CompletableFuture<TunnelEnd> closed() {
    return tunnel.control().closed().toCompletableFuture();
  }

  /// Sends an echo request from our address of the same family.
  void ping(IpAddress to, int sequence) {
    ping(to, sequence, 16);
  }

  /// Sends one with so much data.
  void ping(IpAddress to, int sequence, int dataBytes) {
    ByteBuf data = Unpooled.wrappedBuffer(new byte[dataBytes]);
    ByteBuf out = Unpooled.buffer(64 + dataBytes);
    byte[] there = to.bytes();
    if (there.length == 4) {
      IcmpEcho.writeRequest4(
          out, Ipv4Address.of(ipv4().bytes()), Ipv4Address.of(there), 64, 7, sequence, data);
    } else {
      byte[] here = ipv6().bytes();
      IcmpEcho.writeRequest6(
          out,
          Ipv6Address.high(here),
          Ipv6Address.low(here),
          Ipv6Address.high(there),
          Ipv6Address.low(there),
          64,
          7,
          sequence,
          data);
    }
    send(out);
  }

  /// The next packet that was no echo request, or null when none comes.
  byte[] next(long limitMillis) throws InterruptedException {
    return received.poll(limitMillis, TimeUnit.MILLISECONDS);
  }

  /// Says whether the next packet is an echo reply.
  boolean isAnswered() throws InterruptedException {
    byte[] packet = next(LIMIT_SECONDS * 1_000);
    IpPacket reply = new IpPacket();
    ByteBuf buf = packet == null ? Unpooled.EMPTY_BUFFER : Unpooled.wrappedBuffer(packet);
    return packet != null && reply.parse(buf) == PacketFault.NONE && IcmpEcho.isReply(reply, buf);
  }

  @Override
  public void close() {
    tunnel.control().close(0, "");
    closed().orTimeout(LIMIT_SECONDS, TimeUnit.SECONDS).join();
  }
}
