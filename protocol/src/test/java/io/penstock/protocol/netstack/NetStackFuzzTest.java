package io.penstock.protocol.netstack;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.penstock.protocol.netstack.flow.FlowArrived;
import io.penstock.protocol.netstack.ip.LinkTraits;
import io.penstock.protocol.netstack.tcp.TcpConnection;
import io.penstock.protocol.netstack.tcp.TcpListener;
import io.penstock.protocol.netstack.wire.IpEndpoint;
import java.util.SplittableRandom;

/// Damaged and invented packets between two stacks with live connections: whatever comes, nobody
/// falls over, nothing leaks, and what is held stays bounded.
class NetStackFuzzTest {

  private static final IpEndpoint CLIENT = IpEndpoint.of4(0x0a000001, 0);
  private static final IpEndpoint SERVER = IpEndpoint.of4(0x0a000002, 80);
  private static final long STEP_NANOS = 10_000_000L;
  private static final int MAX_HELD_BYTES = 16 * 1024 * 1024;

  @FuzzTest(maxDuration = "15s", maxExecutions = 20_000)
  void any_packets_are_survived(byte[] input) {
    UnpooledByteBufAllocator allocator = new UnpooledByteBufAllocator(true, true);
    NetStack client = stack(allocator, CLIENT, 1);
    NetStack server = stack(allocator, SERVER, 2);
    server.wantFlows(true);
    TcpListener listener = server.tcp().listen(80, 16).orElseThrow();
    TcpConnection connection = client.connect(SERVER, 0).orElseThrow();
    connection.attach(input);
    int at = 0;
    for (long now = 0; at < input.length; now += STEP_NANOS) {
      if (connection.writableBytes() >= 100) {
        connection.write(allocator.directBuffer(100).writeZero(100));
      }
      at = exchange(client, server, input, at, now);
      at = exchange(server, client, input, at, now) + 1;
      serve(listener, server, input, at, now);
      client.onDeadline(now);
      server.onDeadline(now);
      assertThat(allocator.metric().usedDirectMemory()).isLessThan(MAX_HELD_BYTES);
    }
    connection.close();
    client.close();
    server.close();
    assertThat(allocator.metric().usedDirectMemory()).isZero();
  }

  private static NetStack stack(UnpooledByteBufAllocator allocator, IpEndpoint address, long seed) {
    NetStack stack =
        new NetStack(
            NetStackConfig.defaults(),
            LinkTraits.plain(1500),
            allocator,
            new SplittableRandom(seed),
            0);
    stack.addAddress(address, 24);
    return stack;
  }

  /// Carries packets over, each damaged as the next bytes of the input say.
  private static int exchange(NetStack from, NetStack to, byte[] input, int at, long now) {
    int next = at;
    for (ByteBuf packet = from.transmit(now); packet != null; packet = from.transmit(now)) {
      while (next + 1 < input.length && input[next] != 0) {
        int place = Math.floorMod(input[next] * 31 + input[next + 1], packet.readableBytes());
        packet.setByte(packet.readerIndex() + place, input[next + 1]);
        next += 2;
      }
      next++;
      to.receive(packet, true, now);
    }
    return next;
  }

  private static void serve(TcpListener listener, NetStack server, byte[] input, int at, long now) {
    for (TcpConnection accepted = listener.accept();
        accepted != null;
        accepted = listener.accept()) {
      accepted.attach(input);
    }
    for (TcpConnection ready = server.tcp().pollReady();
        ready != null;
        ready = server.tcp().pollReady()) {
      int news = ready.takeReadiness();
      ByteBuf bytes = ready.read(1_000);
      if (bytes != null) {
        bytes.release();
      }
      if ((news & (TcpConnection.CLOSED | TcpConnection.PEER_FINISHED)) != 0) {
        ready.close();
      }
    }
    for (FlowArrived flow = server.pollFlow(); flow != null; flow = server.pollFlow()) {
      switch (at & 3) {
        case 0 -> {
          if (server.accept(flow, now) instanceof AcceptedFlow.Tcp(TcpConnection connection)) {
            connection.attach(input);
          }
        }
        case 1 -> server.refuse(flow, now);
        case 2 -> server.dropFlow(flow);
        default -> {
          // left to its deadline
        }
      }
    }
  }
}
