package io.penstock.protocol.netstack;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.penstock.protocol.netstack.ip.LinkTraits;
import io.penstock.protocol.netstack.tcp.TcpConnection;
import io.penstock.protocol.netstack.tcp.TcpListener;
import io.penstock.protocol.netstack.wire.IpEndpoint;
import java.util.Random;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/// Two stacks with a link in memory between them that takes every packet at once, for tests and
/// benchmarks of what the engine itself costs. All of it runs on the thread that calls.
///
/// The server listens on one port, and each stack has one address, so all connections are between
/// the same two hosts.
public final class StackPair implements AutoCloseable {

  private static final IpEndpoint CLIENT_4 = IpEndpoint.of4(0x0a000001, 0);
  private static final IpEndpoint SERVER_4 = IpEndpoint.of4(0x0a000002, 0);
  private static final IpEndpoint CLIENT_6 = IpEndpoint.of6(0xfd00L << 48, 1, 0);
  private static final IpEndpoint SERVER_6 = IpEndpoint.of6(0xfd00L << 48, 2, 0);
  private static final int PORT = 80;
  private static final int BACKLOG = 1_024;

  /// What one side sends before the other has its turn: as much as a driver lets go at once.
  private static final int PACKETS_PER_TURN = 64;

  /// Which addresses the stacks have.
  public enum Version {
    IPV4,
    IPV6
  }

  private final LongSupplier nanoTime;
  private final NetStack client;
  private final NetStack server;
  private final IpEndpoint destination;
  private final TcpListener listener;

  /// @param nanoTime the clock of both, read once for each batch of packets
  public StackPair(
      NetStackConfig config,
      int mtuBytes,
      Version version,
      ByteBufAllocator allocator,
      LongSupplier nanoTime) {
    this.nanoTime = nanoTime;
    boolean ipv4 = version == Version.IPV4;
    LinkTraits link = LinkTraits.plain(mtuBytes);
    long now = nanoTime.getAsLong();
    client = new NetStack(config, link, allocator, new Random(1), now);
    server = new NetStack(config, link, allocator, new Random(2), now);
    client.addAddress(ipv4 ? CLIENT_4 : CLIENT_6, 24);
    server.addAddress(ipv4 ? SERVER_4 : SERVER_6, 24);
    destination = (ipv4 ? SERVER_4 : SERVER_6).withPort(PORT);
    listener = server.tcp().listen(PORT, BACKLOG).orElseThrow();
  }

  public NetStack client() {
    return client;
  }

  public NetStack server() {
    return server;
  }

  /// Begins a connection of the client to the server; the next [#exchange] completes it.
  public TcpConnection connect() {
    return client.connect(destination, nanoTime.getAsLong()).orElseThrow();
  }

  /// The next connection that the server has accepted, null when there is none.
  public @Nullable TcpConnection accept() {
    return listener.accept();
  }

  /// Carries packets until neither side has any.
  public void exchange() {
    boolean any = true;
    while (any) {
      boolean forth = carry(client, server);
      boolean back = carry(server, client);
      any = forth || back;
    }
  }

  private boolean carry(NetStack from, NetStack to) {
    long now = nanoTime.getAsLong();
    int packets = 0;
    while (packets < PACKETS_PER_TURN) {
      ByteBuf packet = from.transmit(now);
      if (packet == null) {
        break;
      }
      to.receive(packet, now);
      packets++;
    }
    return packets > 0;
  }

  /// Lets both do what is due.
  public void tick() {
    long now = nanoTime.getAsLong();
    client.onDeadline(now);
    server.onDeadline(now);
  }

  @Override
  public void close() {
    client.close();
    server.close();
  }
}
