package io.penstock.transport.quic;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import io.netty.channel.embedded.EmbeddedChannel;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/// One promise for all writes tells which of them failed.
class WriteOutcomesTest {

  private final List<ChannelPromise> written = new ArrayList<>();
  private final List<String> failures = new ArrayList<>();
  private final EmbeddedChannel channel = new EmbeddedChannel(new Holding());
  private final WriteOutcomes outcomes =
      new WriteOutcomes(channel, (place, cause) -> failures.add(place + " " + cause.getMessage()));

  /// Keeps what is written until the test says how it went.
  private final class Holding extends ChannelOutboundHandlerAdapter {
    @Override
    public void write(ChannelHandlerContext ctx, Object msg, ChannelPromise promise) {
      written.add(promise);
    }
  }

  private void write(long place) {
    outcomes.expect(place);
    var _ = channel.write("datagram " + place, outcomes);
  }

  @Test
  void a_failed_write_is_told_with_its_place() {
    write(7);
    write(8);
    write(9);
    written.get(0).setSuccess();
    written.get(1).setFailure(new IllegalStateException("too large"));
    written.get(2).setSuccess();
    assertThat(failures).containsExactly("8 too large");
  }

  @Test
  void it_serves_writes_again_and_again() {
    write(1);
    written.getFirst().trySuccess();
    write(20);
    write(21);
    written.get(1).trySuccess();
    written.get(2).tryFailure(new IllegalStateException("closed"));
    assertThat(failures).containsExactly("21 closed");
    assertThat(outcomes.isDone()).isFalse();
  }
}
