package io.penstock.protocol.netstack.tcp;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.PooledByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.penstock.protocol.netstack.NetStack;
import io.penstock.protocol.netstack.NetStackConfig;
import io.penstock.protocol.netstack.ip.LinkTraits;
import io.penstock.protocol.netstack.wire.IpEndpoint;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Connections of one stack whose buffers together have no more room.
class SharedBuffersTest {

  private static final IpEndpoint US = IpEndpoint.of4(0x0a000001, 0);
  private static final int BUFFER_BYTES = 64 * 1024;

  /// The bound is no multiple of what is held at a time.
  private final NetStack stack =
      new NetStack(
          NetStackConfig.builder()
              .tcp(TcpConfig.builder().stackBufferBytes(BUFFER_BYTES + 100).build())
              .build(),
          LinkTraits.plain(1500),
          PooledByteBufAllocator.DEFAULT,
          new Random(1),
          0);

  private TcpConnection greedy;
  private TcpConnection other;

  @BeforeEach
  void begin() {
    stack.addAddress(US, 24);
    assertThat(stack.tcp().listen(80, 10)).isPresent();
    greedy = connect();
    other = connect();
    greedy.write(Unpooled.buffer().writeZero(greedy.writableBytes()));
    assertThat(stack.tcp().heldBytes()).isEqualTo(BUFFER_BYTES);
  }

  /// Connects the stack to itself.
  private TcpConnection connect() {
    TcpConnection connection = stack.connect(US.withPort(80), 0).orElseThrow();
    connection.attach("owner");
    assertThat(stack.transmit(0)).isNull();
    assertThat(connection.state()).isEqualTo(TcpState.ESTABLISHED);
    while (stack.tcp().pollReady() != null) {
      connection.takeReadiness();
    }
    return connection;
  }

  @AfterEach
  void end() {
    stack.close();
    assertThat(stack.tcp().heldBytes()).isZero();
  }

  @Test
  void what_is_said_to_be_writable_can_be_written() {
    assertThat(other.writableBytes()).isZero();
  }

  @Test
  void a_writer_is_told_when_another_connection_has_given_memory_back() {
    assertThat(other.writableBytes()).isZero();
    assertThat(stack.tcp().pollReady()).isNull();

    greedy.abort();

    assertThat(stack.tcp().pollReady()).isSameAs(other);
    assertThat(other.takeReadiness()).isEqualTo(TcpConnection.WRITABLE);
    assertThat(other.writableBytes()).isEqualTo(BUFFER_BYTES);
  }

  @Test
  void a_writer_that_has_ended_meanwhile_is_not_told() {
    assertThat(other.writableBytes()).isZero();
    other.close();
    greedy.abort();
    assertThat(stack.tcp().pollReady()).isNull();
  }
}
