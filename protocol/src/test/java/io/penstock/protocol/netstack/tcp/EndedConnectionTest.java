package io.penstock.protocol.netstack.tcp;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.PooledByteBufAllocator;
import io.penstock.protocol.Deadlines;
import io.penstock.protocol.netstack.NetStack;
import io.penstock.protocol.netstack.NetStackConfig;
import io.penstock.protocol.netstack.ip.LinkTraits;
import io.penstock.protocol.netstack.wire.IpEndpoint;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Connections that end before what they have to send has gone out.
class EndedConnectionTest {

  private static final IpEndpoint US = IpEndpoint.of4(0x0a000001, 0);
  private static final IpEndpoint PEER = IpEndpoint.of4(0x0a000002, 80);

  private final NetStack stack =
      new NetStack(
          NetStackConfig.builder().build(),
          LinkTraits.plain(1500),
          PooledByteBufAllocator.DEFAULT,
          new Random(1),
          0);

  @BeforeEach
  void begin() {
    stack.addAddress(US, 24);
  }

  @AfterEach
  void end() {
    stack.close();
  }

  @Test
  void one_that_is_closed_before_its_syn_went_sends_none() {
    stack.connect(PEER, 0).orElseThrow().close();

    assertNothingIsLeft();
  }

  @Test
  void one_that_is_aborted_before_its_syn_went_sends_none() {
    stack.connect(PEER, 0).orElseThrow().abort();

    assertNothingIsLeft();
  }

  private void assertNothingIsLeft() {
    assertThat(stack.transmit(0)).isNull();
    assertThat(stack.nextDeadlineNanos()).isEqualTo(Deadlines.NONE);
    assertThat(stack.tcp().connectionCount()).isZero();
  }
}
