package io.penstock.protocol.netstack;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.penstock.protocol.netstack.flow.FlowArrived;
import io.penstock.protocol.netstack.ip.LinkTraits;
import io.penstock.protocol.netstack.tcp.TcpConfig;
import io.penstock.protocol.netstack.wire.IpEndpoint;
import io.penstock.protocol.netstack.wire.TcpHeader;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// A stack that flows to any destination reach.
class DestinationsTest {

  private static final IpEndpoint PEER = StackPackets.PEER_4.withPort(4711);
  private static final IpEndpoint FOREIGN = IpEndpoint.of4(0x0808_0808, 80);

  private final StackPackets packets = new StackPackets(UnpooledByteBufAllocator.DEFAULT);
  private final NetStack stack = stack(TcpConfig.builder().build());

  private static NetStack stack(TcpConfig tcp) {
    return new NetStack(
        NetStackConfig.builder()
            .destinations(NetStackConfig.Destinations.ANY_FOR_FLOWS)
            .tcp(tcp)
            .build(),
        LinkTraits.plain(1500),
        UnpooledByteBufAllocator.DEFAULT,
        new Random(1),
        0);
  }

  @BeforeEach
  void begin() {
    stack.addAddress(StackPackets.US_4, 24);
  }

  @AfterEach
  void end() {
    stack.close();
  }

  private void receive(IpEndpoint to, int flags) {
    stack.receive(packets.segment(PEER, to, 1, flags), 0);
  }

  private void assertReset() {
    ByteBuf answer = stack.transmit(0);
    assertThat(answer).isNotNull();
    assertThat(TcpHeader.flags(answer, answer.readerIndex() + 20) & TcpHeader.RST).isNotZero();
    answer.release();
  }

  @Test
  void while_nobody_wants_flows_nothing_is_said_in_the_name_of_others() {
    receive(FOREIGN, TcpHeader.SYN);
    receive(FOREIGN, TcpHeader.ACK);
    receive(FOREIGN, TcpHeader.FIN | TcpHeader.ACK);

    assertThat(stack.transmit(0)).isNull();
    assertThat(stack.count(StackDrop.NOT_OURS)).isEqualTo(3);
    receive(StackPackets.US_4.withPort(80), TcpHeader.ACK);
    assertReset();
  }

  @Test
  void whoever_wants_flows_answers_for_others_too() {
    stack.wantFlows(true);

    receive(FOREIGN, TcpHeader.ACK);

    assertReset();
    receive(FOREIGN, TcpHeader.SYN);
    assertThat(stack.pollFlow()).isNotNull();
  }

  @Test
  void a_flow_that_is_accepted_never_gets_a_cookie() {
    TcpConfig noRoom = TcpConfig.builder().maxHalfOpen(0).build();
    NetStack full = stack(noRoom);
    try {
      full.wantFlows(true);
      full.receive(packets.segment(PEER, FOREIGN, 1, TcpHeader.SYN), 0);
      FlowArrived flow = full.pollFlow();
      assertThat(flow).isNotNull();

      assertThat(full.accept(flow, 0)).isInstanceOf(AcceptedFlow.Tcp.class);

      ByteBuf answer = full.transmit(0);
      assertThat(answer).isNotNull();
      answer.release();
      assertThat(full.tcp().connectionCount()).isEqualTo(1);
    } finally {
      full.close();
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0xe000_0001, 0xffff_ffff, 0x0a40_00ff})
  void what_is_for_many_is_for_nobody_here(int group) {
    stack.wantFlows(true);

    receive(IpEndpoint.of4(group, 80), TcpHeader.SYN);
    receive(IpEndpoint.of4(group, 80), TcpHeader.ACK);
    stack.receive(packets.udp(PEER, IpEndpoint.of4(group, 80), (byte) 1), 0);

    assertThat(stack.pollFlow()).isNull();
    assertThat(stack.transmit(0)).isNull();
    assertThat(stack.count(StackDrop.NOT_OURS)).isEqualTo(3);
  }
}
